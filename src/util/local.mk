noinst_LIBRARIES += src/util/libutil.a
src_util_libutil_a_SOURCES = \
	src/util/arena.c src/util/arena.h \
	src/util/bitset.h \
	src/util/error.c src/util/error.h \
	src/util/file.c src/util/file.h \
	src/util/json.c src/util/json.h \
	src/util/parallel.c src/util/parallel.h \
	src/util/progress.c src/util/progress.h \
	src/util/rng.c src/util/rng.h \
	src/util/saturate.h \
	src/util/text.c src/util/text.h \
	src/util/units.c src/util/units.h \
	src/util/yaml.c src/util/yaml.h \
	src/util/yaml_write.c src/util/yaml_write.h
