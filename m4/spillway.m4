dnl SPILLWAY_LIBRARY(VARIABLE, PKG-CONFIG MODULE, DEBIAN PACKAGE)
AC_DEFUN([SPILLWAY_LIBRARY], [
  PKG_CHECK_MODULES([$1], [$2], [],
    [AC_MSG_ERROR([$2 not found; install the Debian package $3])])
])

dnl SPILLWAY_HEADER(HEADER, DEBIAN PACKAGE)
AC_DEFUN([SPILLWAY_HEADER], [
  AC_CHECK_HEADER([$1], [],
    [AC_MSG_ERROR([$1 not found; install the Debian package $2])])
])

AC_DEFUN([SPILLWAY_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
  WARNING_CFLAGS="-std=gnu17"
  spillway_saved_CFLAGS=$CFLAGS
  for spillway_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
      -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wundef -Wvla -Wformat=2 \
      -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wold-style-definition -Wdouble-promotion; do
    AC_MSG_CHECKING([whether $CC takes $spillway_flag])
    CFLAGS="$spillway_saved_CFLAGS -Werror $spillway_flag"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()],
      [AC_MSG_RESULT([yes])
       WARNING_CFLAGS="$WARNING_CFLAGS $spillway_flag"],
      [AC_MSG_RESULT([no])])
  done
  CFLAGS=$spillway_saved_CFLAGS
  AS_IF([test "x$enable_werror" = xyes], [WARNING_CFLAGS="$WARNING_CFLAGS -Werror"])
  AC_SUBST([WARNING_CFLAGS])
])

AC_DEFUN([SPILLWAY_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers], [build with AddressSanitizer and UndefinedBehaviorSanitizer])])
  SANITIZER_FLAGS=
  AS_IF([test "x$enable_sanitizers" = xyes],
    [SANITIZER_FLAGS="-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer"])
  AC_SUBST([SANITIZER_FLAGS])
])

AC_DEFUN([SPILLWAY_ENABLE_INVARIANTS], [
  AC_ARG_ENABLE([invariants],
    [AS_HELP_STRING([--enable-invariants], [check the simulator's internal invariants at run time (slow)])])
  AS_IF([test "x$enable_invariants" = xyes],
    [AC_DEFINE([SPILLWAY_INVARIANTS], [1], [Check internal invariants at run time.])])
])
