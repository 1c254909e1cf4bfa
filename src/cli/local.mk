bin_PROGRAMS += spillway
spillway_SOURCES = \
	src/cli/cell.c \
	src/cli/claim.c src/cli/claim.h \
	src/cli/compare_explainers.c \
	src/cli/comparing.c src/cli/comparing.h \
	src/cli/document.c src/cli/document.h \
	src/cli/dram.c \
	src/cli/explain.c \
	src/cli/experiment.c src/cli/experiment.h \
	src/cli/experiment_key.c src/cli/experiment_key.h \
	src/cli/figure.h \
	src/cli/figure_buffer.c \
	src/cli/figure_culprits.c \
	src/cli/figure_curves.c \
	src/cli/figure_explanation.c \
	src/cli/figure_front.c \
	src/cli/figure_gap.c \
	src/cli/figure_occupancy.c \
	src/cli/find.c src/cli/find.h \
	src/cli/finding.c src/cli/finding_print.c src/cli/finding.h \
	src/cli/front.c src/cli/front.h \
	src/cli/gnuplot.c src/cli/gnuplot.h \
	src/cli/group.c src/cli/group.h \
	src/cli/group_trace.c src/cli/group_trace.h \
	src/cli/help.c src/cli/help.h \
	src/cli/interrupt.c src/cli/interrupt.h \
	src/cli/list.c \
	src/cli/main.c \
	src/cli/manual.c src/cli/manual.h \
	src/cli/memory.c src/cli/memory.h \
	src/cli/merge.c \
	src/cli/models.c src/cli/models.h \
	src/cli/names.c src/cli/names.h \
	src/cli/objectives.c src/cli/objectives.h \
	src/cli/options.c src/cli/options.h \
	src/cli/plan_print.c src/cli/plan_print.h \
	src/cli/plot.c \
	src/cli/query.c \
	src/cli/run.c src/cli/run.h \
	src/cli/runlog.c src/cli/runlog.h \
	src/cli/sample.c \
	src/cli/schedule.c \
	src/cli/series.c src/cli/series.h \
	src/cli/settings.c src/cli/settings.h \
	src/cli/show.c \
	src/cli/simulate.c \
	src/cli/subject.c src/cli/subject.h \
	src/cli/sweep.c src/cli/sweep.h \
	src/cli/sweep_order.c src/cli/sweep_order.h \
	src/cli/sweep_run.c \
	src/cli/table.c src/cli/table.h \
	src/cli/timed_trace.c src/cli/timed_trace.h \
	src/cli/timing.c src/cli/timing_print.c src/cli/timing.h \
	src/cli/train_validity.c src/cli/train_validity_make.c src/cli/train_validity.h \
	src/cli/training_log.c src/cli/training_log.h \
	src/cli/validity_data.c src/cli/validity_data.h \
	src/cli/validity_score.c src/cli/validity_score.h \
	src/cli/verb.h
spillway_CPPFLAGS = $(AM_CPPFLAGS) -DSPILLWAY_DATA_DIR='"$(pkgdatadir)"' -DGNUPLOT='"$(GNUPLOT)"'
spillway_LDADD = $(LIBS_OF_MODULES)
