# The manual page is docs/spillway.1.in with what the program's tables say put in.
man_MANS = docs/spillway.1
docs/spillway.1: docs/spillway.1.in spillway$(EXEEXT)
	$(AM_V_GEN)$(MKDIR_P) docs && ./spillway$(EXEEXT) help --man >docs/tables.1 && \
	sed -e '/^@VERBS@$$/{r docs/tables.1' -e 'd' -e '}' $(srcdir)/docs/spillway.1.in >$@.tmp && mv $@.tmp $@
CLEANFILES += docs/spillway.1 docs/spillway.1.tmp docs/tables.1

completionsdir = $(datadir)/bash-completion/completions
completions_DATA = docs/completions/spillway
docs/completions/spillway: docs/spillway.bash
	$(AM_V_GEN)$(MKDIR_P) docs/completions && cp $(srcdir)/docs/spillway.bash $@
CLEANFILES += docs/completions/spillway

EXTRA_DIST += docs/spillway.1.in docs/spillway.bash \
	docs/database.md \
	docs/dram.md \
	docs/explainers.md \
	docs/extending.md \
	docs/hardware.md \
	docs/methods.md \
	docs/plots.md \
	docs/timing.md \
	docs/training.md \
	docs/tutorial.md
