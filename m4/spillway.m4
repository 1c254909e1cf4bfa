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

dnl SPILLWAY_TRY_CFLAG(FLAG): add FLAG to WARNING_CFLAGS if the compiler takes it.
AC_DEFUN([SPILLWAY_TRY_CFLAG], [
  AS_VAR_PUSHDEF([cache], [spillway_cv_cflag_$1])
  AC_CACHE_CHECK([whether $CC takes $1], [cache], [
    spillway_saved_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $1"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([cache], [yes])], [AS_VAR_SET([cache], [no])])
    CFLAGS=$spillway_saved_CFLAGS
  ])
  AS_VAR_IF([cache], [yes], [WARNING_CFLAGS="$WARNING_CFLAGS $1"])
  AS_VAR_POPDEF([cache])
])

AC_DEFUN([SPILLWAY_WARNINGS], [
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [treat warnings as errors])])
  WARNING_CFLAGS="-std=gnu17"
  m4_foreach_w([flag], [-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
    -Wpointer-arith -Wcast-qual -Wcast-align -Wwrite-strings -Wundef -Wvla -Wformat=2
    -Wconversion -Wno-sign-conversion -Wimplicit-fallthrough -Wold-style-definition -Wdouble-promotion],
    [SPILLWAY_TRY_CFLAG(flag)])
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

AC_DEFUN([SPILLWAY_INVARIANTS], [
  AC_ARG_ENABLE([invariants],
    [AS_HELP_STRING([--enable-invariants], [check the simulator's internal invariants at run time (slow)])])
  AS_IF([test "x$enable_invariants" = xyes],
    [AC_DEFINE([SPILLWAY_INVARIANTS], [1], [Check internal invariants at run time.])])
])
