noinst_LIBRARIES += src/plan/libplan.a
src_plan_libplan_a_SOURCES = \
	src/plan/check.c src/plan/check.h \
	src/plan/file.c src/plan/file.h \
	src/plan/plan.c src/plan/plan.h
