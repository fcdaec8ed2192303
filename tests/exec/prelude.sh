# shellcheck shell=bash disable=SC2016,SC2034,SC2119,SC2120,SC2238 # the tests use what is set and defined here; $ in quotes is for scripts, `jobs` a file
# What the tests of `lifoguard exec` have in common: sourced with the PROGRAM as $1.

# shellcheck source=tests/program.sh
source "$(dirname "$(realpath "${BASH_SOURCE[0]}")")/../program.sh"

state=$XDG_STATE_HOME/lifoguard

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

# kill_both RUNNER GUARDIAN: stopped first, so that neither sees the other's end, and acts.
kill_both() {
    kill -STOP "$2" "$1"
    until_true state_of "$2" T
    until_true state_of "$1" T
    kill -KILL "$1" "$2"
    until_true gone "$1"
    until_true gone "$2"
}

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

# have SHELL: or the test is skipped.
have() {
    command -v "$1" >/dev/null || { echo "$1 is not installed: skipped"; exit 77; }
}

refused_as() {
    status=0
    "${@:2}" >out 2>err || status=$?
    expect_status "$1"
    [[ -s err ]] || fail "no word"
}
