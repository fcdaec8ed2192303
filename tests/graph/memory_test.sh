#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: too little memory. memory_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

# run_within SIZE: the graph g.yaml, with that address space.
run_within() {
    rm -rf log
    status=0
    timeout -k 5 50 prlimit "--as=$1" lifoguard run --plain g.yaml >out 2>err </dev/null || status=$?
}

# The order of need; what was acquired is released, and what depends on it before.
expect_released() {
    local job
    for job in a b c d; do
        ! grep -qx "acquired $job" log || grep -qx "released $job" log || fail "with $1 bytes, $job is left"
    done
    for job in 'a b' 'c d'; do
        [[ -z $(sed -n "/^released ${job% *}\$/,\$ { /${job#* }\$/p }" log) ]] || fail "with $1 bytes, out of order"
    done
}

# Which allocation fails depends on the size; it may be the stack of a goroutine for which others wait.
R6_with_little_memory_a_run_ends_and_releases() {
    local size step=25000 runs=0
    cat >g.yaml <<'END'
jobs:
  a: {run: echo acquired a >>log, defer: echo released a >>log}
  b: {needs: a, run: echo acquired b >>log, defer: echo released b >>log}
  c: {run: echo acquired c >>log, defer: echo released c >>log}
  d: {needs: c, run: echo acquired d >>log, defer: echo released d >>log}
END
    # From the size with which a job begins.
    for ((size = 1000000; runs < ${LITTLE_RUNS:-24}; size += step)); do
        ((runs > 0)) || { prlimit "--as=$size" lifoguard run --check g.yaml; } >/dev/null 2>&1 || continue
        run_within "$size"
        [[ -e log ]] || : >log
        ((runs > 0)) || grep -q acquired log || continue
        ((++runs))
        [[ $status == [01] || $status == 125 ]] || fail "exit status $status with $size bytes"
        [[ $status == 0 || -s err ]] || fail "nothing said with $size bytes"
        expect_released "$size"
        expect_nothing_pending
    done
}

run_case "${3-}"
