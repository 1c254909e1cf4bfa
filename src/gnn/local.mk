noinst_LIBRARIES += src/gnn/libgnn.a
src_gnn_libgnn_a_SOURCES = \
	src/gnn/adam.c src/gnn/adam.h \
	src/gnn/descent.c src/gnn/descent.h \
	src/gnn/model.c src/gnn/model.h \
	src/gnn/perceptron.c src/gnn/perceptron.h \
	src/gnn/pg.c src/gnn/pg.h
