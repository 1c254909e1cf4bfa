noinst_LIBRARIES += src/gnn/libgnn.a
src_gnn_libgnn_a_SOURCES = \
	src/gnn/adam.c src/gnn/adam.h \
	src/gnn/features.c src/gnn/features.h \
	src/gnn/gnne.c src/gnn/gnne.h \
	src/gnn/model.c src/gnn/model.h
