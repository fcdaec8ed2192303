#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: runs inside of runs, scopes of shells, undo. nested_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

D11_undo_and_dismiss() {
    inside 'lifoguard defer --name a echo a; lifoguard defer --name b echo b; lifoguard defer --name c echo c
        lifoguard undo b; lifoguard dismiss a; lifoguard undo b || echo none; echo end'
    expect_out $'b\nnone\nend\nc'
}

a_nested_exec_is_a_scope() {
    inside 'lifoguard defer echo outer; lifoguard exec sh -c "lifoguard defer echo inner; echo body"; echo after'
    expect_out $'body\ninner\nafter\nouter'
}

a_nested_exec_is_cleaned_up_before_the_outer_one() {
    start 'lifoguard defer --shell "echo outer >>log"; lifoguard exec bash -c "lifoguard defer --shell \"sleep 0.3; echo inner >>log\"; touch here; sleep 471"'
    until_true test -e here
    kill -TERM "$runner"
    finish
    [[ $(<log) == $'inner\nouter' ]] || fail "$(<log)"
    expect_nothing_pending
}

# kill_inner: both processes of the nested exec, once `here` is there. Its command has written the pid of its parent to `guard`.
kill_inner() {
    local parent
    until_true test -e here
    parent=$(<guard)
    kill_both "$(awk '/^PPid/ { print $2 }' "/proc/$parent/status")" "$parent"
}

a_nested_exec_whose_two_processes_are_killed_is_recovered_in_its_place() {
    start 'lifoguard defer --shell "echo outer >>log"; lifoguard exec bash -c "lifoguard defer --shell \"echo inner >>log\"; echo \$PPID >guard; touch here; sleep 471"; lifoguard defer --shell "echo newer >>log"'
    kill_inner
    finish
    [[ $(<log) == $'newer\ninner\nouter' ]] || fail "$(<log)"
    expect_nothing_pending
}

a_nested_exec_below_a_program_that_cleans_the_environment_is_a_scope() {
    start 'lifoguard defer --shell "echo outer >>log"; env -i PATH="$PATH" lifoguard exec --state other bash -c "lifoguard defer --shell \"echo inner >>log\"; echo \$PPID >guard; touch here; sleep 471"; lifoguard defer --shell "echo newer >>log"'
    kill_inner
    finish
    [[ $(<log) == $'newer\ninner\nouter' ]] || fail "$(<log)"
    expect_nothing_pending
}

a_nested_exec_whose_directory_is_another_by_now_is_recovered() {
    start 'mkdir d; cd d; lifoguard exec bash -c "rmdir ../d; mkdir ../d; cd ..; lifoguard defer --shell \"echo inner >>log\"; echo \$PPID >guard; touch here; sleep 471"'
    kill_inner
    finish
    [[ $(<log) == inner ]] || fail "$(<log)"
    expect_nothing_pending
}

a_nested_exec_whose_guardian_is_killed_still_comes_first() {
    local event
    for event in TERM end; do
        rm -f here go log guard
        start 'lifoguard defer --shell "echo outer >>log"; lifoguard exec bash -c "lifoguard defer --shell \"sleep 0.3; echo inner >>log\"; echo \$PPID >guard; touch here; until [ -e go ]; do sleep 0.01; done"'
        until_true test -e here
        kill -KILL "$(<guard)"
        until_true grep -q 'goes on in its place' err
        if [[ $event == TERM ]]; then kill -TERM "$runner"; else touch go; fi
        finish
        [[ $(<log) == $'inner\nouter' ]] || fail "$event: $(<log)"
        expect_nothing_pending
    done
}

shell_init_has_scopes_and_functions() {
    local shell
    for shell in bash sh; do
        status=0
        lifoguard exec "$shell" -c 'eval "$(lifoguard shell-init '"$shell"')"
            work() { defer echo "inner $1"; echo "body $1"; return 3; }
            defer echo outer; scope work x; echo "status $?"' >out 2>err || status=$?
        expect_status 0
        expect_out $'body x\ninner x\nstatus 3\nouter'
    done
    inside 'eval "$(lifoguard shell-init bash)"; bye() { echo "bye $1 $V"; }; export V=now; defer --name n bye "a b"; V=later'
    expect_out 'bye a b now'
}

R5_a_cleanup_of_a_scope_knows_the_result_of_the_scope() {
    local shell
    for shell in bash sh zsh; do
        command -v "$shell" >/dev/null || continue
        cat >script <<END
eval "\$(lifoguard shell-init $shell)"
work() {
    defer --on-failure echo on-failure
    defer --on-success echo on-success
    defer sh -c 'echo "\$LIFOGUARD_STATUS \$LIFOGUARD_EXIT_CODE \$LIFOGUARD_CAUSE"'
    return "\$1"
}
defer --on-failure echo outer
scope work 0
scope work 3
scope work 130
lifoguard defer --name alone sh -c 'echo "\$LIFOGUARD_STATUS"'
lifoguard undo alone
END
        lifoguard exec "$shell" script >out 2>err || fail "status $?"
        expect_out $'success 0 exit status 0\non-success\nfailure 3 exit status 3\non-failure\ncancelled 130 exit status 130\non-failure\nunknown'
    done
}

R5_a_signal_to_the_run_is_told_to_a_scope_too() {
    start 'eval "$(lifoguard shell-init bash)"
        work() {
            defer sh -c '\''echo "$LIFOGUARD_STATUS"'\''
            trap "touch got" TERM
            touch ready
            until [[ -e got ]]; do sleep 0.01; done
        }
        trap : TERM
        scope work
        touch over; until [[ -e end ]]; do sleep 0.01; done'
    until_true test -e ready
    kill -TERM "$runner"
    until_true test -e over
    expect_out cancelled
    touch end
    finish
}

a_scope_obeys_set_e() {
    local shell
    for shell in bash sh zsh; do
        command -v "$shell" >/dev/null || continue
        cat >script <<END
set -e
eval "\$(lifoguard shell-init $shell)"
good() { defer echo undone; true; echo good; }
bad() { defer echo undone; false; echo 'set -e is off'; }
scope good
set +e
scope bad
echo "status \$?"
set -e
scope bad
echo 'not here either'
END
        status=0
        lifoguard exec "$shell" script >out 2>err || status=$?
        expect_status 1
        expect_out $'good\nundone\nset -e is off\nundone\nstatus 0\nundone'
    done
}

scopes_side_by_side_undo_their_own() {
    local shell
    for shell in bash sh zsh; do
        command -v "$shell" >/dev/null || continue
        rm -f first second
        cat >script <<END
eval "\$(lifoguard shell-init $shell)"
until_there() { until [ -e "\$1" ]; do sleep 0.01; done; }
inner() { defer echo inner; }
first() { defer echo first; scope inner; touch first; until_there second; }
second() { until_there first; defer echo second; touch second; until_there over; echo 'second works'; }
scope first &
wait_for=\$!
scope second &
wait \$wait_for
touch over
wait
END
        lifoguard exec "$shell" script >out 2>err || fail "status $?"
        expect_out $'inner\nfirst\nsecond works\nsecond'
        rm -f over
    done
}

# Three scopes, each of which waits: for its work, in its `acquire`, and for the cleanup of what it has left.
scopes_side_by_side_end_by_a_signal() {
    cat >script <<'END'
eval "$(lifoguard shell-init bash)"
told() { [[ -e go ]] || touch told; until [[ -e go ]]; do sleep 0.01; done; echo "$1 $LIFOGUARD_STATUS" >>log; }
wait_for() { touch "$1"; until [[ -e never ]]; do sleep 0.01; done; }
works() { acquire --undo told works -- true; wait_for working; }
acquires() { acquire --undo told acquires -- wait_for acquiring; }
leaves() { acquire --undo told leaves -- true; }
scope works &
scope acquires &
until [[ -e working && -e acquiring ]]; do sleep 0.01; done
scope leaves &
wait
END
    local event outcome
    for event in TERM INT HUP KILL both; do
        rm -f working acquiring told go log
        env --default-signal=INT,QUIT,HUP lifoguard exec bash script >out 2>err </dev/null &
        runner=$!
        until_true test -e told
        child_of "$runner"
        guardian=$child
        outcome=cancelled
        if [[ $event == both ]]; then
            outcome=unknown
            kill_both "$runner" "$guardian"
        else
            kill "-$event" "$runner"
        fi
        touch go
        finish
        until_true gone "$guardian"
        lifoguard pending >/dev/null 2>&1 # recovers
        expect_nothing_pending
        [[ $(sort log) == $'acquires unknown\nleaves success\nworks '"$outcome" ]] || fail "$event: $(<log)"
    done
}

D1_a_nested_run_that_is_being_acquired_is_cleaned_up_before_it_is_undone() {
    cat >nested <<'END'
lifoguard defer sh -c 'touch cleaning; until [ -e go ]; do sleep 0.01; done; echo inner'
touch here
until [ -e never ]; do sleep 0.01; done
END
    start 'lifoguard acquire --name outer --undo echo outer -- lifoguard exec sh nested &
        until [ -e here ]; do sleep 0.01; done
        lifoguard undo outer' --grace 0.1s
    until_true test -e cleaning
    until_true grep -q 'SIGKILL to lifoguard' err
    touch go
    finish
    expect_status 0
    expect_out $'inner\nouter'
    expect_nothing_pending
}

# ask SCRIPT…: a run with the cleanups `slow`, which waits for the file `go`, and `other`; `slow` is being undone by process $slow.
ask() {
    start 'waits() { touch "$1"; until [ -e "$2" ]; do sleep 0.01; done; }
        eval "$(lifoguard shell-init bash)"
        defer --name slow waits slow go
        defer --name other sh -c "touch other; until [ -e end ]; do sleep 0.01; done; echo other >>log"
        command lifoguard undo slow & slow=$!
        until [[ -e slow ]]; do sleep 0.01; done
        # Until it has a connection, and its request was very likely read.
        connected() { while [[ -e /proc/$1 && $(readlink "/proc/$1/fd/"*) != *socket:* ]]; do sleep 0.01; done; lifoguard mark >/dev/null; }
        '"$1"
}

an_undo_waits_for_its_own_though_the_one_before_was_killed() {
    local first second
    first='kill -KILL $slow; wait $slow; lifoguard mark >/dev/null;'
    second='command lifoguard undo other & other=$!; connected $other;'
    local script
    for script in "$first $second" "$second $first"; do
        rm -f slow asked go other end log
        ask "$script touch asked; wait \$other; echo \"back \$?\" >>log"
        until_true test -e asked
        touch go
        until_true test -e other
        touch end
        finish
        expect_status 0
        [[ $(<log) == $'other\nback 0' ]] || fail "$(<log)"
    done
}

D1_an_undo_that_waits_at_the_end_of_the_command_is_refused() {
    ask 'command lifoguard undo other & connected $!
        defer sh -c '\''echo "last begins" >>log; touch last; until [ -e over ]; do sleep 0.01; done; echo "last ends" >>log'\'
    until_true gone "$command"
    touch go end
    until_true test -e last
    until_true grep -q 'undo: the command has ended: the cleanups are being carried out already' err
    touch over
    finish
    expect_status 0
    [[ $(<log) == $'last begins\nlast ends\nother' ]] || fail "$(<log)"
    expect_nothing_pending
}

a_command_that_waits_for_an_undo_has_its_limit() {
    start 'trap "" TERM
        lifoguard defer --name slow sh -c "touch slow; until [ -e go ]; do sleep 0.01; done"
        lifoguard undo slow
        until [ -e never ]; do sleep 0.01; done' --grace 0.1s
    until_true test -e slow
    kill -TERM "$runner"
    until_true gone "$command"
    expect_err 'not ended within 100ms of SIGTERM: SIGKILL'
    touch go
    finish
    expect_status 137
}

shell_init_acquires_by_functions() {
    local shell
    for shell in bash zsh; do
        command -v "$shell" >/dev/null || continue
        cat >script <<END
eval "\$(lifoguard shell-init $shell)"
take() { echo "take \$1"; return "\$2"; }
give() { echo "give \$1 \$LIFOGUARD_STATUS"; }
acquire --name n --undo give 'a  b' -- take 'a  b' 0; echo "status \$?"
acquire --undo give withdrawn -- take withdrawn 3; echo "status \$?"
acquire --partial --undo give half -- take half 4; echo "status \$?"
acquire --shell 'echo by shell' -- take c 0
acquire --undo echo plain -- echo taken
END
        lifoguard exec "$shell" script >out 2>err || fail "status $?"
        expect_out $'take a  b\nstatus 0\ntake withdrawn\nstatus 3\ntake half\nstatus 4\ntake c\ntaken\nplain\nby shell\ngive half unknown\ngive a  b success'
        expect_silence
    done
}

R4_a_nested_run_comes_first_also_if_the_outer_guardian_is_killed() {
    local event
    for event in TERM end; do
        rm -f here go log
        start 'lifoguard defer --shell "echo outer >>log"; lifoguard exec bash -c "lifoguard defer --shell \"echo inner >>log\"; touch here; until [ -e go ]; do sleep 0.01; done"; true'
        until_true test -e here
        kill -KILL "$guardian"
        until_true grep -q 'goes on in its place' err
        if [[ $event == TERM ]]; then kill -TERM "$runner"; else touch go; fi
        finish
        [[ $(<log) == $'inner\nouter' ]] || fail "$event: $(<log)"
        expect_nothing_pending
    done
}

shell_init_works_in_zsh() {
    have zsh
    cat >script <<'END'
eval "$(lifoguard shell-init zsh)"
work() { defer echo "inner $1"; echo "body $1"; return 3; }
bye() { echo "bye $1 $V"; }
export V=now
defer --name n bye "a b"
V=later
scope work x; echo "status $?"
acquire --undo echo undone -- echo acquired
defer --name gone echo no; dismiss gone
defer --name early echo early; undo early
END
    lifoguard exec zsh -f script >out 2>err || fail "status $?"
    expect_out $'body x\ninner x\nstatus 3\nacquired\nearly\nundone\nbye a b now'
}

shell_init_works_in_fish() {
    have fish
    cat >script <<'END'
lifoguard shell-init fish | source
function work; defer echo "inner $argv[1]"; echo "body $argv[1]"; return 3; end
scope work x; echo "status $status"
acquire --undo echo undone -- echo acquired
defer --name gone echo no; dismiss gone
defer --name early echo early; undo early
END
    HOME=$work/home lifoguard exec fish script >out 2>err || fail "status $?"
    expect_out $'body x\ninner x\nstatus 3\nacquired\nearly\nundone'
}

an_undo_inside_of_a_cleanup_is_refused() {
    inside 'lifoguard defer --name first true; lifoguard defer sh -c "lifoguard undo first 2>told; echo \$? >status"'
    expect_status 0
    [[ $(<status) == 1 ]] || fail "status $(<status)"
    grep -q 'undo: not in a cleanup: they are being carried out already' told || fail "said: $(<told)"
    expect_nothing_pending
}

run_case "${2-}"
