# `make bench` runs the fixed cases of bench/bench.c on one core, prints a table and leaves bench.json.
EXTRA_PROGRAMS += bench/spillway_bench
bench_spillway_bench_SOURCES = \
	bench/bench.c \
	tests/random_learned.c tests/random_learned.h \
	tests/scaled_network.c tests/scaled_network.h
bench_spillway_bench_CPPFLAGS = $(AM_CPPFLAGS) -I$(srcdir)/tests
bench_spillway_bench_LDADD = $(LIBS_OF_MODULES)
CLEANFILES += bench.json $(EXTRA_PROGRAMS)

bench: bench/spillway_bench$(EXEEXT)
	@SPILLWAY_SOURCE_DIR='$(abs_top_srcdir)' bench/spillway_bench$(EXEEXT) bench.json
.PHONY: bench
