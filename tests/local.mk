# One Check program holds every suite. A suite is a file tests/test_<name>.c that defines
# Suite *<name>_suite(void), plus a line here and its name in tests/suites.h.
check_PROGRAMS += tests/spillway_tests
TESTS = tests/spillway_tests
AM_TESTS_ENVIRONMENT = SPILLWAY_SOURCE_DIR='$(abs_top_srcdir)' SPILLWAY_PROGRAM='$(abs_top_builddir)/spillway'; \
	export SPILLWAY_SOURCE_DIR SPILLWAY_PROGRAM;
tests_spillway_tests_SOURCES = \
	tests/build_graph.c tests/build_graph.h \
	tests/channel_net.c tests/channel_net.h \
	tests/cli_plan.c tests/cli_plan.h \
	tests/cli_run.c tests/cli_run.h \
	tests/dram_checker.c tests/dram_checker.h \
	tests/dram_patterns.c tests/dram_patterns.h \
	tests/explain_lesson.c tests/explain_lesson.h \
	tests/hard_net.c tests/hard_net.h \
	tests/main.c tests/suites.h \
	tests/onnx_model.c tests/onnx_model.h \
	tests/random_learned.c tests/random_learned.h \
	tests/random_net.c tests/random_net.h \
	tests/reference.c tests/reference.h \
	tests/scaled_network.c tests/scaled_network.h \
	tests/sim_fixture.c tests/sim_fixture.h \
	tests/store_fixture.c tests/store_fixture.h \
	tests/support.c tests/support.h \
	tests/sweep_fixture.c tests/sweep_fixture.h \
	tests/test_brr.c \
	tests/test_brr_plus.c \
	tests/test_brr_property.c \
	tests/test_cli.c \
	tests/test_cli_bad_files.c \
	tests/test_cli_bad_words.c \
	tests/test_cli_completion.c \
	tests/test_cli_explain.c \
	tests/test_cli_faults.c \
	tests/test_cli_figures.c \
	tests/test_cli_front.c \
	tests/test_cli_golden.c \
	tests/test_cli_help.c \
	tests/test_cli_learned.c \
	tests/test_cli_plot.c \
	tests/test_cli_query.c \
	tests/test_cli_sample.c \
	tests/test_cli_schedule.c \
	tests/test_cli_simulate.c \
	tests/test_cli_terminal.c \
	tests/test_cli_timed.c \
	tests/test_cli_train.c \
	tests/test_cli_train_explainers.c \
	tests/test_cli_compare.c \
	tests/test_compare.c \
	tests/test_compare_edges.c \
	tests/test_compute.c \
	tests/test_conformance.c \
	tests/test_dataset.c \
	tests/test_docs.c \
	tests/test_dram.c \
	tests/test_dram_reference.c \
	tests/test_evaluations.c \
	tests/test_exact.c \
	tests/test_features.c \
	tests/test_file.c \
	tests/test_fuzz_corpus.c \
	tests/test_get.c \
	tests/test_gnn.c \
	tests/test_hw.c \
	tests/test_include_law.c \
	tests/test_label.c \
	tests/test_learned.c \
	tests/test_nsga2.c \
	tests/test_onnx.c \
	tests/test_onnx_blocks.c \
	tests/test_onnx_errors.c \
	tests/test_onnx_fold.c \
	tests/test_onnx_networks.c \
	tests/test_onnx_rows.c \
	tests/test_onnx_weights.c \
	tests/test_onnx_work.c \
	tests/test_optimus.c \
	tests/test_pg.c \
	tests/test_plan.c \
	tests/test_query.c \
	tests/test_safetensors.c \
	tests/test_rg.c \
	tests/test_sample.c \
	tests/test_search.c \
	tests/test_sim.c \
	tests/test_sim_networks.c \
	tests/test_sim_property.c \
	tests/test_store.c \
	tests/test_sweep.c \
	tests/test_sweep_faults.c \
	tests/test_sweep_files.c \
	tests/test_sweep_merge.c \
	tests/test_sweep_runs.c \
	tests/test_timed.c \
	tests/test_timed_golden.c \
	tests/test_timed_metrics.c \
	tests/test_timed_property.c \
	tests/test_timeline.c \
	tests/test_train.c \
	tests/test_yaml.c \
	tests/timed_fixture.c tests/timed_fixture.h \
	tests/trace_replay.c tests/trace_replay.h
tests_spillway_tests_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests $(CHECK_CFLAGS)
tests_spillway_tests_LDADD = $(FUZZ_LIBS) $(LIBS_OF_MODULES) $(CHECK_LIBS)
# The suite of the command line runs the program and reads its manual page.
EXTRA_tests_spillway_tests_DEPENDENCIES = spillway$(EXEEXT) docs/spillway.1
EXTRA_DIST += tests/data tests/golden
