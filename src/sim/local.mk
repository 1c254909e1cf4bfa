noinst_LIBRARIES += src/sim/libsim.a
src_sim_libsim_a_SOURCES = \
	src/sim/brr.c src/sim/brr.h \
	src/sim/brr_plus.c src/sim/brr_plus.h \
	src/sim/compute.c src/sim/compute.h \
	src/sim/dram.c src/sim/dram.h \
	src/sim/dram_channel.h \
	src/sim/dram_queue.c \
	src/sim/dram_segment.c \
	src/sim/dram_state.c src/sim/dram_state.h \
	src/sim/dram_trace.c src/sim/dram_trace.h \
	src/sim/event_queue.c src/sim/event_queue.h \
	src/sim/hash.h \
	src/sim/lines.c src/sim/lines.h \
	src/sim/method.c src/sim/method.h \
	src/sim/model.c src/sim/model.h \
	src/sim/program.c src/sim/program.h \
	src/sim/residency.c src/sim/residency.h \
	src/sim/report.c src/sim/report.h \
	src/sim/rows.c src/sim/rows.h \
	src/sim/sim.c src/sim/sim.h \
	src/sim/slices.c src/sim/slices.h \
	src/sim/steady.c src/sim/steady.h \
	src/sim/timed.c src/sim/timed.h \
	src/sim/timed_cost.c \
	src/sim/timed_dma.c \
	src/sim/timed_machine.h \
	src/sim/timed_metrics.c src/sim/timed_metrics.h \
	src/sim/timed_plan.c src/sim/timed_plan.h \
	src/sim/timeline.c src/sim/timeline.h \
	src/sim/trace.c src/sim/trace.h \
	src/sim/trace_csv.c \
	src/sim/walk.c src/sim/walk.h
