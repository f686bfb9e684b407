#!/usr/bin/env bash
# Runs the whole test suite on a bare machine: installs what is missing, builds, tests, audits for leaks.
#   sudo ./scripts/test.sh               everything
#   sudo ./scripts/test.sh unit host     these suites only
# The last line is `N passed, N failed`, summed over all suites; the exit code is 0 only when nothing failed.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
artifacts=$root/test/artifacts
LIMIT_S=1800 # of one suite; a hanging test must not eat the whole run
TEST_PACKAGES="chromium git glusterfs-server iputils-ping jq nginx-light openssh-client procps python3 python3-scapy shellcheck wget wrk"
FIRST=(check build unit portal host install fresh e2e attack lab)

total_passed=0
total_failed=0
rows=()

main() {
  cd "$root"
  mkdir -p "$artifacts"
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=$root
  local suites=("$@")
  [ $# -gt 0 ] || mapfile -t suites < <(all_suites)
  for s in "${suites[@]}"; do
    known "$s" || { echo "test.sh: no suite \"$s\"; there are: $(all_suites | tr '\n' ' ')" >&2 && exit 2; }
  done
  prepare "${suites[@]}"
  bun test/kit/leaks.ts snapshot "$artifacts/before.json"
  for s in "${suites[@]}"; do run_suite "$s"; done
  [ "$(id -u)" != 0 ] || step leaks bun test/kit/leaks.ts diff "$artifacts/before.json"
  summary
}

# The known ones in their order, then whatever other folder below test/ has tests.
all_suites() {
  local dir s
  for s in "${FIRST[@]}"; do
    case $s in check | build | unit) echo "$s" ;; *) has_tests "test/$s" && echo "$s" ;; esac
  done
  for dir in test/*/; do
    s=$(basename "$dir")
    [[ " ${FIRST[*]} arch kit sim artifacts " == *" $s "* ]] || { has_tests "test/$s" && echo "$s"; } || :
  done
}
has_tests() { [ -n "$(find "$root/$1" -name '*.test.ts' -o -name '*.test.tsx' 2>/dev/null)" ]; }
known() { [[ $'\n'$(all_suites)$'\n' == *$'\n'"$1"$'\n'* ]]; }

prepare() {
  local s heavy=
  for s in "$@"; do case $s in check | build | unit) ;; *) heavy=1 ;; esac; done
  if [ "$(id -u)" = 0 ]; then
    exec 9>/run/lock/docklet-test
    flock -w 3600 9
    title "packages"
    INSTALL_DOCKLET_FORCE=1 INSTALL_DOCKLET_PACKAGES=$TEST_PACKAGES ./install.sh --packages </dev/null 9>&-
  elif [ -n "$heavy" ]; then
    echo "test.sh: these suites make networks, mounts and containers: run it with sudo, or only: check build unit" >&2
    exit 2
  fi
  PATH=$(./scripts/bootstrap.sh):$PATH
  export PATH
  bun install --frozen-lockfile >"$artifacts/bun-install.log" 2>&1 9>&- || { cat "$artifacts/bun-install.log" && exit 1; }
}

run_suite() {
  case $1 in
    check)
      step typecheck bun run typecheck
      step lint bun run lint
      ;;
    build) step build bun run scripts/build-binary.ts ;;
    unit) tests unit ./src ./test/arch ./test/kit ./test/sim ./bench ;;
    *) tests "$1" "./test/$1" ;;
  esac
}

title() { printf '\n== %s\n' "$1"; }

# step NAME COMMAND...: one test, passed when the command succeeds.
step() {
  local name=$1 log=$artifacts/$1.log began=$SECONDS
  shift
  title "$name"
  if timeout -k 10 "$LIMIT_S" "$@" >"$log" 2>&1 </dev/null 9>&-; then
    record "$name" 1 0 $((SECONDS - began))
  else
    tail -n 100 "$log"
    record "$name" 0 1 $((SECONDS - began))
  fi
}

# tests NAME FOLDER...: what `bun test` counted. A skipped test counts as failed: nothing here is optional.
tests() {
  local name=$1 log=$artifacts/$1.log began=$SECONDS code=0 passed failed
  shift
  title "$name"
  timeout -k 10 "$LIMIT_S" bun test "$@" >"$log" 2>&1 </dev/null 9>&- || code=$?
  passed=$(count "$log" pass)
  failed=$(($(count "$log" fail) + $(count "$log" error) + $(count "$log" skip) + $(count "$log" todo)))
  if [ $code != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  if [ "$passed" = 0 ] && [ "$failed" = 0 ]; then failed=1; fi
  if [ "$failed" != 0 ]; then
    [ $code != 124 ] || echo "The suite was ended after $LIMIT_S s."
    grep -E '^\((fail|skip|todo)\)' "$log" || :
    tail -n 200 "$log"
  fi
  record "$name" "$passed" "$failed" $((SECONDS - began))
}

# The figure before `pass` and so on in the closing lines of bun test.
count() {
  local n
  n=$(tail -n 15 "$1" | sed -n "s/^ *\([0-9][0-9]*\) $2\(s\|ed\)\{0,1\}\$/\1/p" | tail -n 1)
  echo "${n:-0}"
}

record() {
  total_passed=$((total_passed + $2))
  total_failed=$((total_failed + $3))
  rows+=("$(printf '%-12s %7d %7d %6d s' "$1" "$2" "$3" "$4")")
  printf '%s: %d passed, %d failed (%d s)\n' "$1" "$2" "$3" "$4"
}

summary() {
  printf '\n%-12s %7s %7s %8s\n' suite passed failed time
  printf '%s\n' "${rows[@]}"
  printf '\nlogs: %s\n%d passed, %d failed\n' "${artifacts#"$root"/}" "$total_passed" "$total_failed"
  [ "$total_failed" = 0 ]
}

main "$@"
