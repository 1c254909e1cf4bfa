# One Check program holds every suite. A suite is a file tests/test_<name>.c that defines
# Suite *<name>_suite(void), plus a line here and a line in tests/main.c.
check_PROGRAMS += tests/spillway_tests
TESTS = tests/spillway_tests
tests_spillway_tests_SOURCES = \
	tests/main.c tests/suites.h
