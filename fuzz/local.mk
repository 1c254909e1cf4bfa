# Each target fuzz/fuzz_<name>.c defines LLVMFuzzerTestOneInput() and is built twice: with that function called
# fuzz_<name>() into a library of the test suite, which replays the corpus, and by `make fuzz` into a libFuzzer
# program of its own.

FUZZ_LIBS = fuzz/libfuzz_dataset.a fuzz/libfuzz_hw.a fuzz/libfuzz_onnx.a fuzz/libfuzz_plan.a \
	fuzz/libfuzz_safetensors.a fuzz/libfuzz_trace.a
check_LIBRARIES += $(FUZZ_LIBS)

fuzz_libfuzz_dataset_a_SOURCES = fuzz/fuzz_dataset.c
fuzz_libfuzz_dataset_a_CPPFLAGS = $(AM_CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_dataset
fuzz_libfuzz_hw_a_SOURCES = fuzz/fuzz_hw.c
fuzz_libfuzz_hw_a_CPPFLAGS = $(AM_CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_hw
fuzz_libfuzz_onnx_a_SOURCES = fuzz/fuzz_onnx.c
fuzz_libfuzz_onnx_a_CPPFLAGS = $(AM_CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_onnx
fuzz_libfuzz_plan_a_SOURCES = fuzz/fuzz_plan.c
fuzz_libfuzz_plan_a_CPPFLAGS = $(AM_CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_plan
fuzz_libfuzz_safetensors_a_SOURCES = fuzz/fuzz_safetensors.c
fuzz_libfuzz_safetensors_a_CPPFLAGS = $(AM_CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_safetensors
fuzz_libfuzz_trace_a_SOURCES = fuzz/fuzz_trace.c
fuzz_libfuzz_trace_a_CPPFLAGS = $(AM_CPPFLAGS) -DLLVMFuzzerTestOneInput=fuzz_trace

EXTRA_DIST += fuzz/corpus

# `make fuzz` compiles the modules anew, with clang, its fuzzer and the sanitizers, whatever the compiler of
# the build is. Then, for example: fuzz/fuzz_onnx new-inputs $(srcdir)/fuzz/corpus/onnx
FUZZ_CC = clang
FUZZ_CFLAGS = -std=gnu17 -O1 -g -fno-omit-frame-pointer
FUZZ_SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all
FUZZ_LINK_FLAGS = $(FUZZ_SANITIZERS) -fsanitize=fuzzer
FUZZ_LINK_LIBS = fuzz/libinstrumented.a $(PROTOBUFC_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(XXHASH_LIBS) \
	$(OPENBLAS_LIBS) -lm
FUZZERS = fuzz/fuzz_dataset fuzz/fuzz_hw fuzz/fuzz_onnx fuzz/fuzz_plan fuzz/fuzz_safetensors fuzz/fuzz_trace

EXTRA_LIBRARIES += fuzz/libinstrumented.a
fuzz_libinstrumented_a_SOURCES = \
	$(src_util_libutil_a_SOURCES) \
	$(src_graph_libgraph_a_SOURCES) \
	$(src_hw_libhw_a_SOURCES) \
	$(src_plan_libplan_a_SOURCES) \
	$(src_sim_libsim_a_SOURCES) \
	$(src_gnn_libgnn_a_SOURCES) \
	$(src_get_libget_a_SOURCES)
nodist_fuzz_libinstrumented_a_SOURCES = $(nodist_src_graph_libonnxpb_a_SOURCES)
fuzz_libinstrumented_a_CFLAGS = $(FUZZ_SANITIZERS) -fsanitize=fuzzer-no-link \
	$(PROTOBUFC_CFLAGS) $(YAML_CFLAGS) $(JANSSON_CFLAGS) $(XXHASH_CFLAGS) $(OPENBLAS_CFLAGS)

EXTRA_PROGRAMS += $(FUZZERS)
fuzz_fuzz_dataset_SOURCES = fuzz/fuzz_dataset.c
fuzz_fuzz_dataset_CFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_dataset_LDFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_dataset_LDADD = $(FUZZ_LINK_LIBS)
fuzz_fuzz_hw_SOURCES = fuzz/fuzz_hw.c
fuzz_fuzz_hw_CFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_hw_LDFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_hw_LDADD = $(FUZZ_LINK_LIBS)
fuzz_fuzz_onnx_SOURCES = fuzz/fuzz_onnx.c
fuzz_fuzz_onnx_CFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_onnx_LDFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_onnx_LDADD = $(FUZZ_LINK_LIBS)
fuzz_fuzz_plan_SOURCES = fuzz/fuzz_plan.c
fuzz_fuzz_plan_CFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_plan_LDFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_plan_LDADD = $(FUZZ_LINK_LIBS)
fuzz_fuzz_safetensors_SOURCES = fuzz/fuzz_safetensors.c
fuzz_fuzz_safetensors_CFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_safetensors_LDFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_safetensors_LDADD = $(FUZZ_LINK_LIBS)
fuzz_fuzz_trace_SOURCES = fuzz/fuzz_trace.c
fuzz_fuzz_trace_CFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_trace_LDFLAGS = $(FUZZ_LINK_FLAGS)
fuzz_fuzz_trace_LDADD = $(FUZZ_LINK_LIBS)
CLEANFILES += fuzz/libinstrumented.a $(FUZZERS)

fuzz: $(BUILT_SOURCES)
	@$(FUZZ_CC) --version >/dev/null || \
	  { echo "make fuzz takes clang and its sanitizers: the Debian packages clang and libclang-rt-14-dev" >&2; exit 1; }
	$(MAKE) $(AM_MAKEFLAGS) CC='$(FUZZ_CC)' CFLAGS='$(FUZZ_CFLAGS)' $(FUZZERS)
	@echo "built: $(FUZZERS)"
.PHONY: fuzz
