noinst_LIBRARIES += src/hw/libhw.a
src_hw_libhw_a_SOURCES = \
	src/hw/dram_standard.c src/hw/dram_standard.h \
	src/hw/file.c \
	src/hw/hw.c src/hw/hw.h \
	src/hw/key.c src/hw/key.h
