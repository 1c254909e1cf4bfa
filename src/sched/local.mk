noinst_LIBRARIES += src/sched/libsched.a
src_sched_libsched_a_SOURCES = \
	src/sched/candidate.c src/sched/candidate.h \
	src/sched/choice.c src/sched/choice.h \
	src/sched/compare.c src/sched/compare.h \
	src/sched/compare_edges.c src/sched/compare_edges.h \
	src/sched/compare_groups.c src/sched/compare_groups.h \
	src/sched/evaluations.c src/sched/evaluations.h \
	src/sched/exact.c src/sched/exact.h \
	src/sched/fetches.c src/sched/fetches.h \
	src/sched/fits.c src/sched/fits.h \
	src/sched/growth.c src/sched/growth.h \
	src/sched/ideals.c src/sched/ideals.h \
	src/sched/label.c src/sched/label.h \
	src/sched/memo.c src/sched/memo.h \
	src/sched/objective.c src/sched/objective.h \
	src/sched/pareto.c src/sched/pareto.h \
	src/sched/population.c src/sched/population.h \
	src/sched/sample.c src/sched/sample.h \
	src/sched/search.c src/sched/search.h \
	src/sched/search_exact.c \
	src/sched/search_local.c \
	src/sched/search_nsga2.c \
	src/sched/search_random.c \
	src/sched/searcher.h \
	src/sched/split.c src/sched/split.h \
	src/sched/stripe.c src/sched/stripe.h
