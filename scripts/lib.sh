# shellcheck shell=sh
# Shared by the scripts here, which source it: the system's packages, configure, make. Quiet as long as all
# goes well; a step that fails shows the end of its log and where the rest is.

set -eu
unset CDPATH
top=$(cd "$(dirname "$0")/.." && pwd)
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

say() {
  printf '%s\n' "$*" >&2
}

fail() {
  say "$(basename "$0"): $*"
  exit 1
}

# logged LOG WHAT COMMAND...: runs the command with its output in LOG.
logged() {
  log=$1
  what=$2
  shift 2
  say "$what"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 30 "$log" >&2
    fail "$what: failed; all of the output is in $log"
  fi
}

# outdated FILE SOURCE...: true if FILE is missing or older than one of the others.
outdated() {
  target=$1
  shift
  [ ! -e "$target" ] || [ -n "$(find "$@" -newer "$target")" ]
}

# Makes sure that there is an up to date configure script, and before that what building takes.
prepare() {
  "$top/scripts/setup" "$@"
  cd "$top"
  if [ ! -e Makefile.in ] || outdated configure configure.ac Makefile.am ./*/local.mk src/*/local.mk m4/*.m4; then
    logged "$top/autoreconf.log" "autoreconf" autoreconf -fi
    touch configure
    rm -f "$top/autoreconf.log"
  fi
}

# configured DIR FLAG...: configures the build directory DIR, unless that was done with these flags.
configured() {
  dir=$top/$1
  shift
  [ ! -e "$top/config.status" ] || fail "this tree was built in place; run 'make distclean' here first"
  if outdated "$dir/config.status" "$top/configure" || [ "$(cat "$dir/configure.flags" 2>/dev/null)" != "$*" ]; then
    mkdir -p "$dir"
    cd "$dir"
    logged "$dir/configure.log" "configure${*:+ $*}" "$top/configure" "$@"
    printf '%s\n' "$*" >configure.flags
  fi
}

# built DIR TARGET...: makes the targets in the build directory DIR.
built() {
  dir=$top/$1
  shift
  logged "$dir/make.log" "make -j$jobs (in $(basename "$dir"))" make -C "$dir" -j"$jobs" "$@"
}
