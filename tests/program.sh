# shellcheck shell=bash disable=SC2034,SC2154 # the tests use what is set here, and set `runner`
# What the tests of the program have in common: sourced with the PROGRAM as $1. They run in a folder and with a state of their own, and
# `lifoguard` is the program.

set -uo pipefail
# Bash complains of a locale that is not there.
export LC_ALL=C.UTF-8
ulimit -f 200000
ulimit -c 0

program=$(realpath "$1")
tests=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
work=$(mktemp -d)
mkdir "$work/bin" "$work/here" "$work/home"
ln -s "$program" "$work/bin/lifoguard"
export PATH=$work/bin:$PATH XDG_STATE_HOME=$work/home
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP MAKEFLAGS NO_COLOR
# shellcheck source=tests/leave.sh
source "$tests/leave.sh"
# shellcheck source=tests/wait.sh
source "$tests/wait.sh"
cd "$work/here" || exit 1

fail() {
    local file
    printf 'failed: %s\n' "$*"
    for file in jobs g.yaml out err log; do
        [[ ! -f $file ]] || sed "s/^/$file: /" "$file"
    done
    exit 1
}

# finish: waits for `runner`; sets status.
finish() {
    status=0
    wait "$runner" || status=$?
}

# parents: sets guardian, and the process that it has started, of a run in the background.
parents() {
    until_true child_of "$runner"
    guardian=$child
    until_true child_of "$guardian"
    engine=$child
}

# signalled_until TEXT: signals that differ, since the same one twice is one, until that has been said.
signalled_until() {
    local number
    for number in HUP TERM; do
        ! grep -q "$1" err || return 0
        kill -"$number" "$runner"
        sleep 0.2
    done
    return 1
}

has() { grep -q -e "$1" "$2"; }
nothing_is_pending() { [[ -z $(lifoguard pending 2>&1) ]]; }

expect_status() { [[ $status == "$1" ]] || fail "exit status $status instead of $1"; }
expect_out() { [[ $(<out) == "$1" ]] || fail "printed instead of: $1"; }
expect_err() { grep -qE -e "$1" err || fail "not said: $1"; }
expect_no_err() { ! grep -qE -e "$1" err || fail "said: $1"; }
expect_silence() { [[ ! -s err ]] || fail "said something"; }
expect_nothing_pending() { nothing_is_pending || fail "pending: $(lifoguard pending 2>&1)"; }

# run_case CASE: a function of the script that is no helper of it.
run_case() {
    if [[ $(type -t "${1-}") != function ]]; then
        echo "no such case: ${1-}" >&2
        exit 2
    fi
    "$1"
    echo ok
}
