noinst_LIBRARIES += src/gnn/libgnn.a
src_gnn_libgnn_a_SOURCES = \
	src/gnn/adam.c src/gnn/adam.h \
	src/gnn/content.c src/gnn/content.h \
	src/gnn/dataset.c src/gnn/dataset.h \
	src/gnn/descent.c src/gnn/descent.h \
	src/gnn/features.c src/gnn/features.h \
	src/gnn/fidelity.c src/gnn/fidelity.h \
	src/gnn/gnne.c src/gnn/gnne.h \
	src/gnn/model.c src/gnn/model.h \
	src/gnn/perceptron.c src/gnn/perceptron.h \
	src/gnn/pg.c src/gnn/pg.h \
	src/gnn/rg.c src/gnn/rg.h \
	src/gnn/rg_growth.c src/gnn/rg_growth.h \
	src/gnn/rg_network.c src/gnn/rg_network.h \
	src/gnn/rg_reward.c src/gnn/rg_reward.h \
	src/gnn/rg_train.c \
	src/gnn/rg_walk.c src/gnn/rg_walk.h \
	src/gnn/safetensors.c src/gnn/safetensors.h \
	src/gnn/train.c src/gnn/train.h \
	src/gnn/weights.c src/gnn/weights.h
