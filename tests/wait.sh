# shellcheck shell=bash
# Sourced by a test that waits for what other processes do. The test has the function `fail`.

# until_true COMMAND…: waits for it, for longer than any machine takes.
until_true() {
    local end=$((SECONDS + 300))
    while ((SECONDS < end)); do
        ! "$@" 2>/dev/null || return 0
        sleep 0.01
    done
    fail "never: $*"
}

# child_of PID: sets `child`.
child_of() {
    local children=()
    read -ra children <"/proc/$1/task/$1/children" || true
    # shellcheck disable=SC2034 # the test uses it
    child=${children[0]-}
    [[ -n $child ]]
}

# state_of PID LETTER: as /proc shows it.
state_of() { grep -q "^State:.$2" "/proc/$1/status"; }

# One that has ended, and that nobody has waited for yet, is gone as well.
gone() { ! kill -0 "$1" 2>/dev/null || state_of "$1" Z; }

# with_limit COMMAND…: runs it with a limit as its last argument, with ever longer ones, until what is ended at the limit
# has come as far as to make the file `reached`.
with_limit() {
    local limit
    for limit in 0.1s 0.5s 2s 10s 60s; do
        rm -f reached
        "$@" "$limit"
        [[ ! -e reached ]] || return 0
    done
    fail "not reached within $limit: $*"
}
