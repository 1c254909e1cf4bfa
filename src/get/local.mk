noinst_LIBRARIES += src/get/libget.a
src_get_libget_a_SOURCES = \
	src/get/attribution.c src/get/attribution.h \
	src/get/explain_edges.c \
	src/get/explain_exhaustive.c \
	src/get/explain_gnn_cut.c \
	src/get/explain_gnne.c \
	src/get/explain_middle.c \
	src/get/explain_pg.c \
	src/get/explain_random.c \
	src/get/explain_rg.c \
	src/get/explain_trace.c \
	src/get/explainer.c src/get/explainer.h \
	src/get/explainers.h \
	src/get/learned.c src/get/learned.h \
	src/get/occupancy.c src/get/occupancy.h \
	src/get/overflows.c src/get/overflows.h \
	src/get/rank.c src/get/rank.h \
	src/get/trace_graph.c src/get/trace_graph.h
