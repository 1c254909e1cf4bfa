noinst_LIBRARIES += src/graph/libgraph.a src/graph/libonnxpb.a
src_graph_libgraph_a_SOURCES = \
	src/graph/graph.c src/graph/graph.h \
	src/graph/group.c src/graph/group.h \
	src/graph/group_table.c src/graph/group_table.h \
	src/graph/onnx.c \
	src/graph/onnx_constant.c \
	src/graph/onnx_draft.c \
	src/graph/onnx_elementwise.c \
	src/graph/onnx_emit.c \
	src/graph/onnx_fold.c \
	src/graph/onnx_fold_move.c \
	src/graph/onnx_index.c \
	src/graph/onnx_matmul.c \
	src/graph/onnx_move.c \
	src/graph/onnx_names.c \
	src/graph/onnx_node.c \
	src/graph/onnx_normalise.c \
	src/graph/onnx_parameter.c \
	src/graph/onnx_reduce.c \
	src/graph/onnx_resize.c \
	src/graph/onnx_scan.c \
	src/graph/onnx_shape.c \
	src/graph/onnx_value.c \
	src/graph/onnx_view.c \
	src/graph/onnx_window.c \
	src/graph/onnx.h src/graph/onnx_import.h

# Generated from the system's onnx.proto, and compiled without our warnings.
nodist_src_graph_libonnxpb_a_SOURCES = src/graph/onnx.pb-c.c src/graph/onnx.pb-c.h
src_graph_libonnxpb_a_CFLAGS = -w $(SANITIZER_FLAGS) $(PROTOBUFC_CFLAGS)
BUILT_SOURCES += src/graph/onnx.pb-c.h
CLEANFILES += src/graph/onnx.pb-c.c src/graph/onnx.pb-c.h
src/graph/onnx.pb-c.c: $(ONNX_PROTO_DIR)/onnx.proto
	$(AM_V_GEN)$(MKDIR_P) src/graph && $(PROTOC_C) -I$(ONNX_PROTO_DIR) --c_out=src/graph $(ONNX_PROTO_DIR)/onnx.proto
src/graph/onnx.pb-c.h: src/graph/onnx.pb-c.c
