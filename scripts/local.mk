EXTRA_DIST += \
	.ci/run \
	scripts/check \
	scripts/check-dist \
	scripts/demo \
	scripts/lib.sh \
	scripts/reproduce \
	scripts/setup \
	scripts/train
