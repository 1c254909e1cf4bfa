EXTRA_DIST += \
	traces/README.md \
	traces/example.csv
