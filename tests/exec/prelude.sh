# shellcheck shell=bash disable=SC2034 # the tests use what is set here
# What the tests of `lifoguard exec` have in common: sourced with the PROGRAM as $1. They run in a folder and with a state of their own.

set -uo pipefail
# Bash complains of a locale that is not there.
export LC_ALL=C.UTF-8
ulimit -f 200000
ulimit -c 0

program=$(realpath "$1")
work=$(mktemp -d)
mkdir "$work/bin"
ln -s "$program" "$work/bin/lifoguard"
export PATH=$work/bin:$PATH XDG_STATE_HOME=$work/home
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP
# shellcheck source=tests/leave.sh
source "$(dirname "$(realpath "$0")")/../leave.sh"
# shellcheck source=tests/wait.sh
source "$(dirname "$(realpath "$0")")/../wait.sh"
mkdir "$work/here" "$work/home"
cd "$work/here" || exit 1
state=$XDG_STATE_HOME/lifoguard

fail() {
    printf 'failed: %s\n' "$*"
    for file in out err; do
        [[ ! -f $file ]] || sed "s/^/$file: /" "$file"
    done
    exit 1
}

# inside SCRIPT OPTION…: runs a bash script under exec; sets status, and leaves the output in out and err.
inside() {
    status=0
    timeout --foreground 600 lifoguard exec "${@:2}" bash -c "$1" script one two >out 2>err </dev/null || status=$?
}

# start SCRIPT OPTION…: likewise in the background; sets runner, guardian, command.
start() {
    env --default-signal=INT,QUIT,HUP lifoguard exec "${@:2}" bash -c "$1" >out 2>err </dev/null &
    runner=$!
    until_true child_of "$runner"
    guardian=$child
    until_true child_of "$guardian"
    command=$child
}

finish() {
    status=0
    wait "$runner" || status=$?
}

# kill_both RUNNER GUARDIAN: stopped first, so that neither sees the other's end, and acts.
kill_both() {
    kill -STOP "$2" "$1"
    until_true state_of "$2" T
    until_true state_of "$1" T
    kill -KILL "$1" "$2"
    until_true gone "$1"
    until_true gone "$2"
}

expect_status() { [[ $status == "$1" ]] || fail "exit status $status instead of $1"; }
expect_out() { [[ $(<out) == "$1" ]] || fail "printed instead of: $1"; }
expect_err() { grep -qE -e "$1" err || fail "not said: $1"; }
expect_silence() { [[ ! -s err ]] || fail "said something"; }
expect_nothing_pending() { [[ -z $(lifoguard pending 2>&1) ]] || fail "pending: $(lifoguard pending 2>&1)"; }

# refused COMMAND…: it ends with status 125, and says why; it prints nothing.
refused() {
    status=0
    "$@" >out 2>err </dev/null || status=$?
    expect_status 125
    [[ -s err ]] || fail "refused without a word"
    expect_out ''
}

# in_container COMMAND…: as PID 1 of a namespace of its own, as below docker.
in_container() { unshare -rpf --kill-child --mount-proc "$@"; }
needs_containers() { in_container true 2>/dev/null || { echo 'no PID namespaces here: skipped'; exit 77; }; }
needs_mounts() { unshare -rm true 2>/dev/null || { echo 'no mount namespaces here: skipped'; exit 77; }; }
