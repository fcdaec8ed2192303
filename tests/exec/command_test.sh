#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: the command that runs under it. command_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

R8_arguments_descriptors_and_status_are_the_commands_own() {
    echo input >input
    status=0
    lifoguard exec bash -c 'echo "$1|$2|$#"; cat; echo err >&2; cat <&7; exit 42' x 'a b' '' <input >out 2>err 7<input || status=$?
    expect_status 42
    expect_out $'a b||2\ninput\ninput'
    [[ $(<err) == err ]] || fail "something was added"
}

R8_a_signal_that_ends_the_command_is_seen_by_the_parent() {
    python3 -c '
import subprocess, sys
code = subprocess.call(["lifoguard", "exec", "sh", "-c", "kill -SEGV $$"])
sys.exit(0 if code == -11 else 1)' || fail "not killed by SIGSEGV"
}

R8_closed_descriptors_stay_closed() {
    lifoguard exec bash -c 'for fd in 0 1 2; do [[ ! -e /proc/$$/fd/$fd ]] || echo "$fd is open" >>said; done
        lifoguard defer touch ran' <&- >&- 2>&-
    [[ ! -e said ]] || fail "$(<said)"
    [[ -e ran ]] || fail "the cleanup did not run"
}

R8_signal_mask_and_dispositions_are_the_callers() {
    grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >plain
    lifoguard exec grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >out
    cmp plain out || fail "they differ"
    (
        trap '' HUP USR1 PIPE
        grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >plain
        lifoguard exec grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status >out
    )
    cmp plain out || fail "they differ for ignored ones"
}

R8_make_s_job_server_is_passed_on() {
    printf 'a: b c\nb c:\n\t+@lifoguard exec $(MAKE) -s -f inner\n' >outer
    printf 'x y:\n\t@true\nall: x y\n' >inner
    make -j3 -f outer a >out 2>err || fail "make failed"
    ! grep -qi 'jobserver\|warning' err || fail "no job server"
}

the_shell_s_shebang_works() {
    printf '#!/usr/bin/env -S lifoguard exec bash\nlifoguard defer echo bye "$1"\necho hello "$1"\n' >script
    chmod +x script
    ./script 'a b' >out || fail "status $?"
    expect_out $'hello a b\nbye a b'
}

runs_for() { timeout "$1" lifoguard exec bash slow >out 2>err; }

S7_the_same_signal_twice_is_one() {
    cat >slow <<'END'
trap 'echo got TERM; sleep 0.5; echo saved; exit 0' TERM
touch reached
while :; do sleep 0.01; done
END
    with_limit runs_for
    expect_out $'got TERM\nsaved'
}

a_stubborn_command_is_ended_and_that_is_said() {
    start 'trap "" INT TERM; lifoguard defer echo cleanup; touch here; while :; do sleep 0.05; done' --grace 200ms
    until_true test -e here
    kill -INT "$runner"
    finish
    expect_status 137
    expect_err 'has not ended within 200ms of SIGINT: SIGTERM'
    expect_err 'has not ended within 200ms of SIGTERM: SIGKILL'
    expect_out cleanup
}

# Some servers are asked to end by them, as `docker stop` and systemd do.
R8_signals_of_the_command_s_own_reach_it() {
    local signal
    for signal in USR1 USR2 WINCH ALRM PWR IO RTMIN+3 RTMAX; do
        rm -f here got
        start "trap 'echo \$LIFOGUARD_RUN; touch got; exit 3' $signal; lifoguard defer echo cleanup; touch here; while :; do sleep 0.01; done"
        until_true test -e here
        kill "-$signal" "$runner"
        finish
        expect_status 3
        [[ -e got && $(tail -n 1 out) == cleanup ]] || fail "$signal: $(<out)"
    done
}

an_ignored_signal_stays_ignored() {
    (
        trap '' HUP
        lifoguard exec bash -c 'lifoguard defer echo cleanup; touch here; until [ -e go ]; do sleep 0.01; done; echo end' >out 2>err &
        until_true test -e here
        kill -HUP $!
        touch go
        wait
    )
    expect_out $'end\ncleanup'
}

# As docs/exec.md says: a command outlives its parent, unless the kernel is asked for a signal.
R8_a_run_outlives_its_parent_unless_the_kernel_is_asked() {
    local script='lifoguard defer --shell "echo \$LIFOGUARD_STATUS >>cleaned"; touch here; until [ -e go ]; do sleep 0.01; done' parent
    bash -c '"$@" & wait' parent lifoguard exec bash -c "$script" >out 2>err &
    parent=$!
    until_true test -e here
    kill -KILL "$parent"
    until_true gone "$parent"
    [[ ! -e cleaned ]] || fail "it has ended with its parent"
    touch go
    until_true test -s cleaned
    [[ $(<cleaned) == success ]] || fail "$(<cleaned)"
    rm here go cleaned
    bash -c '"$@" & wait' parent setpriv --pdeathsig TERM lifoguard exec bash -c "$script" >out 2>err &
    parent=$!
    until_true test -e here
    kill -KILL "$parent"
    until_true test -s cleaned
    [[ $(<cleaned) == cancelled ]] || fail "$(<cleaned)"
}

run_case "${2-}"
