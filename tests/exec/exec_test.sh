#!/usr/bin/env bash
# `lifoguard exec` and what goes with it, as people use them: exec_test.sh PROGRAM CASE. Each case is a function below.
# shellcheck disable=SC2016 # the variables of scripts in quotes are theirs
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

# ---- what is registered, and how it runs ----

D1_the_last_registered_runs_first_over_all_processes() {
    inside 'lifoguard defer echo 1; sh -c "lifoguard defer echo 2"; (lifoguard defer echo 3); echo body'
    expect_out $'body\n3\n2\n1'
    expect_silence
    expect_status 0
}

R2_an_argument_vector_stays_one() {
    inside 'lifoguard defer printf "<%s>" "a b" "" "\$HOME" "*" "new
line" "-x" "\"; rm -rf /"'
    expect_out $'<a b><><$HOME><*><new\nline><-x><"; rm -rf />'
}

# While the script can still be mended, not at its end.
R2_a_text_that_the_shell_cannot_read_is_refused() {
    inside 'lifoguard defer --shell "rm x; if true"; echo $?; lifoguard acquire --shell "a | | b" -- touch acquired; echo $?
        lifoguard defer --shell "echo \"good\" | cat; true"'
    expect_out $'125\n125\ngood'
    expect_err 'defer: --shell: the shell cannot read this: .*yntax error'
    expect_err 'acquire: --shell: the shell cannot read this: .*yntax error'
    [[ ! -e acquired ]] || fail 'acquired'
}

D2_directory_umask_and_environment_are_those_of_the_registration() {
    inside 'mkdir d; cd d; umask 027; export A=then; lifoguard defer --shell "pwd; umask; echo \$A \${B-unset}"
        cd /; umask 077; export A=later B=later'
    expect_out "$PWD/d"$'\n0027\nthen unset'
}

# As after `source venv/bin/activate`.
D2_a_program_is_found_by_the_path_of_the_registration() {
    mkdir mine
    printf '#!/bin/sh\necho mine\n' >mine/tool
    chmod +x mine/tool
    inside 'PATH=$PWD/mine:$PATH; lifoguard defer tool; lifoguard acquire --undo tool -- true; PATH=/nowhere'
    expect_out $'mine\nmine'
    expect_silence
}

a_late_one_sees_the_variables_that_were_set_last() {
    inside 'lifoguard set S=begun; lifoguard defer --late --shell "echo \$S"; lifoguard set S=done'
    expect_out 'done'
}

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

R3_what_was_started_after_a_registration_ends_before_it_runs() {
    cat >server <<'END'
#!/bin/bash
trap 'echo "$1 ends"; exit' TERM
echo $$ >"$1.pid"
while :; do sleep 0.01; done
END
    chmod +x server
    inside './server old & until [ -s old.pid ]; do sleep 0.01; done
        lifoguard defer --shell "echo cleanup; kill \$(cat old.pid); while kill -0 \$(cat old.pid) 2>/dev/null; do sleep 0.01; done"
        ./server new & until [ -s new.pid ]; do sleep 0.01; done'
    expect_out $'new ends\ncleanup\nold ends'
    expect_err 'SIGTERM to (server|bash) \(process [0-9]+\), which the command left running'
}

# The server's trap starts programs, which do not get the signal that the server has had.
S7_what_a_trap_starts_is_let_finish() {
    cat >server <<'END'
#!/bin/bash
trap 'sh -c "touch flushing; until [ -e go ]; do sleep 0.01; done; echo flushed"; echo ends; exit' TERM
touch "$1"
while :; do sleep 0.01; done
END
    chmod +x server
    local event
    for event in TERM end; do
        rm -f here go finish flushing
        start './server here & until [ -e finish ]; do sleep 0.01; done'
        until_true test -e here
        if [[ $event == TERM ]]; then kill -TERM "$runner"; else touch finish; fi
        until_true test -e flushing
        touch go
        finish
        expect_out $'flushed\nends'
    done
}

R3_daemons_are_ended_too() {
    inside 'setsid sh -c "setsid sleep 471.5 & sleep 471.5" >/dev/null 2>&1 & sleep 0.1; lifoguard defer true'
    ! pgrep -f 'sleep 471.5' || fail "a daemon is left"
}

# Debian's minbase and most containers have no program `kill`; every shell has its own.
R3_kill_works_where_there_is_no_such_program() {
    mkdir few
    ln -s "$program" few/lifoguard
    ln -s "$(command -v sleep)" few/sleep
    local few=$PWD/few status=0
    env PATH="$few" lifoguard exec /bin/sh -c 'sleep 471 & echo $! >pid
        lifoguard wait-for --timeout 100s -- kill -0 $! && echo runs
        lifoguard acquire --undo echo ended -- kill -0 $! || exit 5
        lifoguard defer kill $!' >out 2>err || status=$?
    ((status == 0)) || fail "status $status"
    expect_out $'runs\nended'
    ! grep -q 'no program\|could not be started' err || fail 'kill is not found'
    until_true gone "$(<pid)" # some parent waits for it, some time
}

# The guardian has number 2 there, which elsewhere is the parent of the kernel's threads.
R3_in_a_container_too_what_is_left_running_is_ended() {
    needs_containers
    in_container lifoguard exec sh -c 'lifoguard defer sh -c "kill -0 \$(cat pid) 2>/dev/null && echo alive; echo cleanup"
        sleep 471 & echo $! >pid' >out 2>err || fail "status $?"
    expect_out cleanup
    expect_err 'SIGTERM to (sleep|sh) \(process'
}

# Without /proc, or with that of another name space, what a command leaves running would not be found.
R3_without_proc_nothing_is_started() {
    needs_containers
    status=0
    unshare -rm sh -c 'mount -t tmpfs none /proc && exec lifoguard exec touch ran' >out 2>err || status=$?
    # LeakSanitizer reads its options and the threads from /proc, and ends the program with a status of its own.
    grep -q 'LeakSanitizer has encountered a fatal error' err || expect_status 125
    expect_err '/proc is not there \(mount -t proc proc /proc\).*No such file'
    status=0
    unshare -rpf --kill-child lifoguard exec touch ran >out 2>err || status=$?
    expect_status 125
    expect_err '/proc shows the processes of another name space \(mount -t proc proc /proc\)'
    [[ ! -e ran ]] || fail 'started'
}

R5_a_cleanup_is_told_the_outcome() {
    local show='echo $LIFOGUARD_STATUS $LIFOGUARD_EXIT_CODE ${LIFOGUARD_SIGNAL:-none} $LIFOGUARD_ATTEMPT $LIFOGUARD_FENCE'
    inside "lifoguard defer --shell '$show'"
    expect_out 'success 0 none 1 1'
    inside "lifoguard defer --shell '$show'; exit 7"
    expect_out 'failure 7 none 1 1'
    inside "lifoguard defer --shell '$show'; kill -9 \$\$"
    expect_out 'failure 137 KILL 1 1'
    with_limit inside "lifoguard defer --shell '$show'; touch reached; sleep 100" --timeout
    expect_out 'timeout 124 TERM 1 1'
    expect_status 124
}

R5_a_failing_cleanup_stops_no_other_and_is_kept() {
    inside 'lifoguard defer echo 1; lifoguard defer --name bad sh -c "echo 2; exit 5"; lifoguard defer echo 3'
    expect_out $'3\n2\n1'
    expect_status 0
    expect_err "cleanup failed: bad: sh -c 'echo 2; exit 5': exit status 5"
    lifoguard pending >out
    grep -qE $'^[a-z0-9]{10}\t2\tfailed\tbad: sh .*\texit status 5$' out || fail "not in pending"
    local run
    run=$(cut -f1 out)
    lifoguard abandon --reason 'removed by hand' "$run" 2 || fail "could not be given up"
    lifoguard pending | grep -q 'abandoned.*removed by hand' || fail "no reason is shown"
    lifoguard abandon --forget "$run" || fail "could not be forgotten"
    expect_nothing_pending
}

hangs_for() {
    inside 'lifoguard defer echo after; lifoguard defer --timeout '"$1"' --grace 100ms sh -c "trap \"\" TERM; echo hangs; touch reached; while :; do sleep 1; done"'
}

R5_a_cleanup_has_its_own_limit() {
    with_limit hangs_for
    expect_out $'hangs\nafter'
    expect_err 'not done within [0-9]+(s|ms)'
}

R6_a_failed_one_is_tried_again() {
    inside 'lifoguard defer --retry 3 --backoff 1ms --shell "echo \$LIFOGUARD_ATTEMPT \$LIFOGUARD_KEY >>tries; [ \$LIFOGUARD_ATTEMPT = 3 ]"'
    [[ $(cut -d' ' -f1 tries | tr '\n' ' ') == '1 2 3 ' ]] || fail "attempts: $(<tries)"
    [[ $(cut -d' ' -f2 tries | sort -u | wc -l) == 1 ]] || fail "the key changes"
    expect_nothing_pending
}

R6_one_that_cannot_start_is_reported() {
    inside 'lifoguard defer /nonexistent/program; lifoguard defer echo other'
    expect_out other
    expect_err 'could not be started: No such file'
    lifoguard pending | grep -q failed || fail "it is forgotten"
}

R2_a_word_of_the_shell_is_no_program() {
    inside 'lifoguard defer eval "echo lost"; lifoguard defer cd /; lifoguard defer --shell "cd / && pwd"; lifoguard defer ./eval
        printf "#!/bin/sh\necho mine\n" >eval; chmod +x eval'
    expect_out $'mine\n/'
    expect_err "eval is a word of the shell, and no program; write: lifoguard defer --shell 'eval …'"
    expect_err "cd is a word of the shell"
}

# Also the words that only some shells have.
R2_each_word_of_bash_is_known() {
    local word
    cat >defer-all <<'END'
while read -r word; do
    type -P "$word" >/dev/null || lifoguard defer --allow-failure -- "$word" 2>err && echo "$word"
done < <(compgen -b; compgen -k)
END
    inside '. ./defer-all'
    grep -qx test out || fail 'nothing was tried'
    while read -r word; do
        [[ $word == '}' || $word == ']]' || -n $(type -P "$word") ]] || fail "$word is taken for a program"
    done <out
}

R6_one_whose_directory_was_removed_runs_as_a_trap_would() {
    inside 'mkdir -p a/b; touch kept; cd a/b; lifoguard defer sh -c "rm ../../kept; ls -A; echo ran"; rm -r ../../a
        lifoguard defer echo "registered there"'
    expect_out $'registered there\nran'
    expect_err '/a/b, the working directory of a cleanup, was removed: .*kept'
    [[ -z $(ls -A -I out -I err) ]] || fail "left: $(ls -A)"
}

R6_after_a_power_cut_one_waits_for_its_directory() {
    unshare -rm true 2>/dev/null || exit 77
    start 'mkdir d; cd d; lifoguard defer touch ../ran; touch ../here; sleep 471'
    until_true test -e here
    kill_both "$runner" "$guardian"
    rmdir d
    echo 01234567-89ab-cdef-0123-456789abcdef >boot
    unshare -rm sh -c 'mount --bind boot /proc/sys/kernel/random/boot_id && lifoguard recover --all' 2>err || fail "recover: $?"
    expect_err 'its working directory .*/d cannot be entered: No such file'
    [[ ! -e ran ]] || fail "it ran"
    mkdir d
    lifoguard recover "$(lifoguard pending | cut -f1)" 2>err || fail "recover: $?"
    [[ -e ran ]] || fail "it did not run"
    kill "$command"
}

R6_one_whose_environment_is_too_large_runs_without_it() {
    [[ $(ulimit -Hs) == unlimited ]] || exit 77
    inside 'ulimit -s 65536
        for i in {1..40}; do export "LARGE$i=$(head -c 90000 /dev/zero | tr "\0" x)"; done
        lifoguard defer --shell "echo ran \${LARGE1-without}"'
    expect_out 'ran without'
    expect_err 'without the variables that were set'
    expect_nothing_pending
}

D11_on_failure_and_on_success() {
    local both='lifoguard defer --on-failure echo failure; lifoguard defer --on-success echo success'
    inside "$both"
    expect_out success
    inside "$both; exit 1"
    expect_out failure
    expect_nothing_pending
}

D11_undo_and_dismiss() {
    inside 'lifoguard defer --name a echo a; lifoguard defer --name b echo b; lifoguard defer --name c echo c
        lifoguard undo b; lifoguard dismiss a; lifoguard undo b || echo none; echo end'
    expect_out $'b\nnone\nend\nc'
}

D8_a_cleanup_may_defer() {
    inside 'lifoguard defer echo last; lifoguard defer sh -c "lifoguard defer echo inner; echo outer"'
    expect_out $'outer\ninner\nlast'
}

D12_pending_lists_what_is_registered() {
    inside 'lifoguard defer --name n echo "a b"; lifoguard acquire --undo true -- lifoguard pending'
    grep -qE $'\t1\theld\tn: echo \'a b\'$' out || fail "the first is missing"
    grep -qE $'\t2\tintended\ttrue$' out || fail "the second is missing"
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

a_nested_exec_whose_two_processes_are_killed_is_recovered_in_its_place() {
    start 'lifoguard defer --shell "echo outer >>log"; lifoguard exec bash -c "lifoguard defer --shell \"echo inner >>log\"; echo \$PPID >guard; touch here; sleep 471"; lifoguard defer --shell "echo newer >>log"'
    until_true test -e here
    local inner
    inner=$(<guard)
    kill_both "$(awk '/^PPid/ { print $2 }' "/proc/$inner/status")" "$inner"
    finish
    [[ $(<log) == $'newer\ninner\nouter' ]] || fail "$(<log)"
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

# The scope's own process is killed, or the `acquire` in it, and leaves a command behind that is still acquiring.
R1_what_is_being_acquired_ends_before_it_is_undone() {
    local victim
    for victim in scope client; do
        rm -f acquiring
        inside 'eval "$(lifoguard shell-init bash)"
            work() {
                echo "$BASHPID" >scope
                acquire --undo sh -c '\''echo "undone, $LIFOGUARD_STATUS, ${LIFOGUARD_ACQUIRE-}"; rm -f acquired'\'' -- sh -c '\''echo "$PPID" >client; trap "touch acquired; echo ended; exit 1" TERM; touch acquiring; until [ -e never ]; do sleep 0.01; done'\''
            }
            scope work & wait=$!
            until [[ -e acquiring ]]; do sleep 0.01; done
            kill -KILL "$(<'"$victim"')"
            wait "$wait"
            echo "status $?"; [[ ! -e acquired ]] || echo "it is there"'
        expect_status 0
        expect_out $'ended\nundone, unknown, \nstatus 137'
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

a_command_is_not_left_without_the_one_that_limits_it() {
    lifoguard with --timeout 100s -- sh -c 'trap "touch asked; exit" TERM; echo $$ >pid.new; mv pid.new pid; while :; do sleep 0.01; done' &
    local limiter=$!
    until_true test -e pid
    kill -KILL "$limiter"
    wait "$limiter"
    until_true test -e asked
}

# In each command and form; and a command that was killed is waited for.
the_time_limit_0s_is_none_and_the_grace_0s_is_SIGKILL_at_once() {
    local stubborn='trap "" TERM; until [ -e never ]; do sleep 0.01; done' limit=(--timeout 0.1s --grace 0s)
    lifoguard with --timeout 0s -- true || fail "with: $?"
    lifoguard lock --timeout 0s name -- true || fail "lock: $?"
    lifoguard wait-for --timeout 0s -- sh -c 'touch tried; [ -e ready ]' &
    until_true test -e tried
    touch ready
    wait $! || fail "wait-for: $?"
    inside "$stubborn" "${limit[@]}"
    expect_status 124
    expect_err 'within 0s of SIGTERM: SIGKILL'
    ! grep -q outlives err || fail 'not waited for'
    refused_as 124 lifoguard with "${limit[@]}" -- sh -c "$stubborn"
    inside "lifoguard defer --timeout 0.1s --grace 0s sh -c '$stubborn'"
    expect_err 'cleanup failed: .*not done within 100ms'
    echo "with --timeout 0.1s --grace 0s -- $stubborn" >limited.jobs
    refused_as 1 lifoguard run limited.jobs
    expect_err 'killed by SIGKILL'
    refused_as 125 lifoguard with --timeout 9000h -- true
    expect_err '9000h is longer than a year; as a time limit, 0s is none'
}

# Whether a process is one of the run is asked of its ancestors, which may end just then.
many_register_whose_parents_end() {
    inside 'register() { lifoguard defer sh -c "echo $1 >>log"; touch "registered.$1"; }
        for i in {1..40}; do ( ( (register $i &) & ) & ); done
        for i in {1..40}; do until [[ -e registered.$i ]]; do sleep 0.01; done; done'
    expect_status 0
    [[ $(sort -n log) == "$(seq 40)" ]] || fail "not registered: $(<log)"
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

# The functions of a script would hide what failed.
of_a_long_command_the_beginning_is_told() {
    inside 'eval "$(lifoguard shell-init bash)"; bye() { false; }; defer bye "a b"; lifoguard pending >list'
    expect_err "^lifoguard: cleanup failed: bash -c '[^\\]{1,60}…' bash bye 'a b': exit status 1\$"
    grep -qE "bash -c '[^\\]{1,60}…' bash bye 'a b'\$" list || fail "listed as $(<list)"
}

what_is_no_program_is_told_when_it_is_registered() {
    inside 'bye() { echo; }; lifoguard defer bye; lifoguard acquire --undo bye -- true; lifoguard defer ./later; touch at'
    [[ -e at ]] || fail "not registered"
    (($(grep -c '^lifoguard: there is no program bye, so far' err) == 2)) || fail "not said"
    ! grep -q 'no program ./later' err || fail "said of a path"
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

# have SHELL: or the test is skipped.
have() {
    command -v "$1" >/dev/null || { echo "$1 is not installed: skipped"; exit 77; }
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

acquire_confirms_withdraws_or_leaves_open() {
    inside 'lifoguard acquire --undo echo "undo 1" -- echo one
        lifoguard acquire --undo echo "undo 2" -- sh -c "echo two; exit 4"; echo $?
        lifoguard acquire --undo sh -c "echo undo 3 \$LIFOGUARD_STATUS" -- sh -c "kill -9 \$\$"; echo $?
        lifoguard acquire --partial --undo sh -c "echo undo 4 \$LIFOGUARD_STATUS" -- sh -c "exit 5"; echo $?'
    expect_out $'one\ntwo\n4\n137\n5\nundo 4 unknown\nundo 3 unknown\nundo 1'
}

R1_acquire_does_not_run_what_it_cannot_record() {
    inside 'lifoguard acquire --name "$(head -c 9000000 /dev/zero | tr "\0" x)" --undo true -- touch acquired; true'
    [[ ! -e acquired ]] || fail "it was acquired"
}

keep_leaves_everything_and_says_how_to_remove_it() {
    status=0
    KEEP=1 lifoguard exec bash -c 'touch r; lifoguard defer rm r' 2>err || status=$?
    expect_status 0
    [[ -e r ]] || fail "removed"
    expect_err 'kept, as asked: 1 cleanup'
    eval "$(sed -n 's/^lifoguard: to run them: //p' err)" 2>/dev/null || fail "the command that is told fails"
    [[ ! -e r ]] || fail "not removed"
    expect_nothing_pending
}

the_command_that_is_told_is_quoted() {
    KEEP=1 inside 'lifoguard defer touch ran' --state 'a strange $(touch bad) place'
    eval "$(sed -n 's/^lifoguard: to run them: //p' err)" 2>/dev/null || fail "the command that is told fails"
    [[ -e ran && ! -e bad ]] || fail "it does something else"
}

keep_is_remembered_by_those_who_take_over() {
    local victims
    for victims in guardian both; do
        rm -f here go
        start 'lifoguard defer touch ran; lifoguard keep; touch here; until [ -e go ]; do sleep 0.01; done'
        until_true test -e here
        if [[ $victims == both ]]; then kill_both "$runner" "$guardian"; else kill -KILL "$guardian"; fi
        touch go
        finish
        until_true gone "$guardian"
        lifoguard pending >out 2>>err
        expect_err 'kept, as asked: 1 cleanup'
        [[ ! -e ran ]] || fail "$victims: it ran"
        lifoguard recover "$(cut -f1 out)" 2>err || fail "$victims: recover: $?"
        [[ -e ran ]] || fail "$victims: it did not run"
        rm ran
    done
}

R4_a_recovery_by_name_that_is_killed_is_recovered() {
    KEEP=1 lifoguard exec bash -c 'lifoguard defer --shell "echo 1 >>log"
        lifoguard defer --shell "echo 2 >>log; touch here; until [ -e go ]; do sleep 0.01; done"' 2>err
    lifoguard recover "$(lifoguard pending | cut -f1 | sort -u)" 2>err &
    local recovery=$!
    until_true test -e here
    kill -KILL "$recovery"
    touch go
    until_true gone "$recovery"
    lifoguard pending >out 2>&1
    until_true test -z "$(lifoguard pending)"
    [[ $(<log) == $'2\n1' ]] || fail "$(<log)"
}

secrets_are_not_stored_unless_asked() {
    export MY_TOKEN=geheim1 OTHER_PASSWORD=geheim2
    KEEP=1 lifoguard exec bash -c 'lifoguard defer --store OTHER_PASSWORD --shell "echo \$MY_TOKEN \$OTHER_PASSWORD"' 2>err
    ! grep -rq geheim1 "$state" || fail "a secret is in the state"
    grep -rq geheim2 "$state" || fail "what was asked for is not stored"
    unset MY_TOKEN OTHER_PASSWORD
    lifoguard recover "$(lifoguard pending | cut -f1)" >out 2>err || fail "recover: $?"
    expect_out geheim2
    expect_err 'MY_TOKEN is missing in a cleanup: it was not stored'
    export MY_TOKEN=geheim1
    inside 'lifoguard defer --shell "echo \$MY_TOKEN"'
    expect_out geheim1
}

# As in CI: by the user's own names, or because the value is an address with a password in it.
secrets_are_those_that_the_user_names_too() {
    export MINE=geheim1 MY_PIN=geheim2 LIFOGUARD_SECRET='MY_*' DATABASE_URL=postgres://user:geheim3@host/db OTHER=public
    KEEP=1 lifoguard exec --secret MINE bash -c 'lifoguard defer --shell "echo \$MINE \$MY_PIN \$DATABASE_URL"' 2>err
    ! grep -rq geheim "$state" || fail 'a secret is in the state'
    grep -rq OTHER=public "$state" || fail 'what is no secret is not stored'
    inside 'lifoguard defer --shell "echo \$MINE \$MY_PIN \$DATABASE_URL"'
    expect_out 'geheim1 geheim2 postgres://user:geheim3@host/db'
}

# ---- what goes wrong ----

R4_the_guardian_acts_at_once_when_the_runner_is_killed() {
    start 'lifoguard defer --shell "date +%s%N >ran"; touch here; sleep 471'
    until_true test -e here
    kill -KILL "$runner"
    until_true test -s ran
    until_true gone "$guardian"
    expect_nothing_pending
}

R4_after_both_are_killed_the_next_command_recovers_and_says_so() {
    start 'lifoguard defer --shell "echo \$LIFOGUARD_STATUS \$LIFOGUARD_FENCE >ran"; touch here; sleep 471'
    until_true test -e here
    kill_both "$runner" "$guardian"
    lifoguard exec true 2>err || fail "exec: $?"
    expect_err 'has lost its runner and its guardian: recovering it: 1 cleanup'
    [[ $(<ran) == 'unknown 2' ]] || fail "told: $(<ran)"
    until_true gone "$command"
    expect_nothing_pending
}

# A systemd of our own: what systemd-run is asked to run is run by a process that is not below the run; its exit status goes to `unit`.
start_manager() {
    mkdir fake
    mkfifo asked
    cat >fake/systemd-run <<'END'
#!/bin/bash
echo "$@" >given
while [[ $1 != -- ]]; do shift; done
printf '%q ' "${@:2}" >asked.line
cat asked.line >asked
END
    chmod +x fake/systemd-run
    PATH=$PWD/fake:$PATH
    (
        words=$(<asked)
        status=0
        eval "setsid $words" >unit.out 2>&1 </dev/null || status=$?
        echo "$status" >unit
    ) &
}

R4_a_unit_of_systemd_recovers_a_run_that_has_lost_both() {
    start_manager
    export LIFOGUARD_UNIT=1
    start 'lifoguard defer --shell "echo ran >>log"; touch here; sleep 471'
    until_true test -e here
    kill_both "$runner" "$guardian"
    until_true test -s unit
    [[ $(<log) == ran && $(<unit) == 0 ]] || fail "unit: $(<unit) $(<unit.out)"
    grep -q -- '--unit=lifoguard-' given || fail "asked: $(<given)"
    until_true gone "$command"
    expect_nothing_pending
}

R4_a_unit_of_systemd_ends_with_its_run() {
    start_manager
    LIFOGUARD_UNIT=1 lifoguard exec sh -c 'lifoguard defer --shell "echo ran >>log"; lifoguard exec true' || fail "exec: $?"
    until_true test -s unit
    [[ $(<log) == ran && $(<unit) == 0 && ! -s unit.out ]] || fail "unit: $(<unit) $(<unit.out)"
}

where_systemd_does_not_answer_that_is_said() {
    mkdir fake
    printf '#!/bin/sh\nexit 1\n' >fake/systemd-run
    chmod +x fake/systemd-run
    status=0
    LIFOGUARD_UNIT=1 PATH=$PWD/fake:$PATH lifoguard exec sh -c 'exit 3' 2>err || status=$?
    expect_status 3
    expect_err 'no unit of systemd watches this run'
}

R4_after_a_power_cut_process_numbers_mean_nothing() {
    unshare -rm true 2>/dev/null || exit 77
    start 'sleep 471.75 & lifoguard defer --shell "echo \$LIFOGUARD_STATUS >ran"; touch here; wait'
    until_true test -e here
    kill_both "$runner" "$guardian"
    # The same numbers as before, in what looks like another boot: they are nobody's, and nobody is ended.
    echo 01234567-89ab-cdef-0123-456789abcdef >boot
    unshare -rm sh -c 'mount --bind boot /proc/sys/kernel/random/boot_id && lifoguard recover --all' 2>err || fail "recover: $?"
    [[ $(<ran) == unknown ]] || fail "the cleanup did not run"
    ! gone "$command" || fail "a process was ended by its number"
    kill "$command"
    pkill -f 'sleep 471.75'
    expect_nothing_pending
}

# The numbers of its processes mean nothing outside.
R4_a_run_that_lives_in_another_container_is_left_alone() {
    needs_containers
    in_container lifoguard exec bash -c 'lifoguard defer --shell "echo cleanup >>log"; echo $LIFOGUARD_RUN >run; touch here
        until [ -e go ]; do sleep 0.01; done; lifoguard defer --shell "echo later >>log"' >out 2>err &
    runner=$!
    until_true test -e here
    local inside
    for inside in env in_container; do
        "$inside" lifoguard exec true 2>said || fail "exec: $?"
        [[ ! -s said ]] || fail "said: $(<said)"
        status=0
        "$inside" lifoguard recover "$(<run)" 2>said || status=$?
        expect_status 125
        grep -q 'in another container' said || fail "said: $(<said)"
    done
    touch go
    finish
    expect_status 0
    [[ $(<log) == $'later\ncleanup' ]] || fail "$(<log)"
}

R4_a_run_of_a_container_that_was_killed_is_recovered_by_the_next_one() {
    needs_containers
    unshare -rpf --kill-child --mount-proc lifoguard exec bash -c 'lifoguard defer --shell "echo cleanup >>log"; touch here; sleep 471' >out 2>&1 &
    local container=$!
    until_true test -e here
    kill -KILL "$container"
    wait "$container" 2>/dev/null
    until_true recovered_elsewhere
    [[ $(<log) == cleanup ]] || fail "$(<log)"
}
recovered_elsewhere() { in_container lifoguard exec true && [[ -e log ]]; }

garbage_on_the_socket_does_no_harm() {
    cat >garbage.py <<'END'
import os, random, socket, struct
path = os.environ["LIFOGUARD_STATE"] + "/runs/" + os.environ["LIFOGUARD_RUN"]
os.chdir(path)
random.seed(1)
words = [b"defer", b"intend", b"confirm", b"undo", b"set", b"list", b"nonsense", b""]
for round in range(400):
    s = socket.socket(socket.AF_UNIX)
    s.connect("socket")
    word = random.choice(words)
    body = struct.pack("<I", len(word)) + word + b"\0" + random.randbytes(random.randrange(200))
    length = len(body) if random.random() < 0.8 else random.choice([0, 1, 2**31, 2**32 - 1, len(body) + 5])
    s.send(struct.pack("<I", length) + body)
    s.settimeout(0.01)
    try:
        s.recv(100)
    except OSError:
        pass
    s.close()
END
    inside 'python3 garbage.py; lifoguard defer echo cleanup; lifoguard pending | cut -f4'
    expect_status 0
    expect_out $'echo cleanup\ncleanup'
}

many_register_at_once() {
    inside 'for i in {1..40}; do lifoguard defer --shell "echo $i >>log" & done; wait; lifoguard pending | wc -l'
    expect_out 40
    [[ $(sort -nu log | wc -l) == 40 && $(wc -l <log) == 40 ]] || fail "$(wc -l <log) ran"
}

R4_the_runner_goes_on_without_its_guardian() {
    start 'lifoguard defer --shell "echo 1 \$LIFOGUARD_FENCE"; touch here; until [ -e go ]; do sleep 0.01; done; lifoguard defer --shell "echo 2"; exit 6'
    until_true test -e here
    kill -KILL "$guardian"
    touch go
    finish
    expect_status 6
    expect_out $'2\n1 2'
}

R4_when_the_guardian_and_later_the_runner_are_killed_it_acts_at_once_too() {
    start 'lifoguard defer --shell "touch ran"; touch here; sleep 471'
    until_true test -e here
    kill -KILL "$guardian"
    until_true grep -q 'goes on in its place' err
    kill -KILL "$runner"
    until_true test -e ran
}

R7_an_owner_that_has_lost_the_run_changes_nothing() {
    start 'lifoguard defer --shell "echo cleanup >>log"; touch here; until [ -e go ]; do sleep 0.01; done'
    until_true test -e here
    local run
    run=$(lifoguard pending | cut -f1)
    status=0
    lifoguard recover "$run" 2>err || status=$?
    expect_status 125
    expect_err 'has its runner'
    kill -STOP "$runner" "$guardian"
    until_true state_of "$guardian" T
    lifoguard recover --force "$run" 2>recovered || fail "recover --force: $?"
    [[ $(<log) == cleanup ]] || fail "the cleanup did not run"
    touch go
    kill -CONT "$runner" "$guardian"
    finish
    expect_status 125
    until_true gone "$guardian"
    grep -q 'another process has taken run' out err || fail "not said"
    [[ $(<log) == cleanup ]] || fail "it ran twice"
    expect_nothing_pending
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

# As where /home is a link to /var/home.
a_state_below_a_link_is_the_one_that_it_leads_to() {
    mkdir real
    ln -s real link
    export XDG_STATE_HOME=$PWD/link
    inside 'lifoguard defer echo cleanup; lifoguard pending'
    expect_status 0
    expect_silence
    expect_out "$(sed 1q out)"$'\ncleanup'
    inside 'lifoguard defer false' --keep
    local run
    run=$(XDG_STATE_HOME=$PWD/real lifoguard pending | cut -f 1)
    [[ -n $run ]] || fail "another state"
    status=0
    lifoguard recover --state link/lifoguard "$run" >out 2>err || status=$?
    expect_status 1
    expect_err "recover --state $PWD/real/lifoguard $run"
    # The directory itself is to be no link.
    ln -s real/lifoguard direct
    refused lifoguard exec --state direct true
    expect_err 'direct is a symbolic link'
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

only_processes_of_the_run_may_register() {
    start 'lifoguard defer true; echo $LIFOGUARD_RUN >run; touch here; until [ -e go ]; do sleep 0.01; done'
    until_true test -e here
    status=0
    LIFOGUARD_STATE=$state LIFOGUARD_RUN=$(<run) lifoguard defer touch intruded 2>said || status=$?
    [[ $status != 0 ]] || fail "a stranger has registered"
    grep -q 'only processes of this run' said || fail "$(<said)"
    touch go
    finish
    [[ ! -e intruded ]] || fail "a stranger's cleanup ran"
}

another_user_is_told_what_to_write() {
    local other='setpriv --reuid 65534 --regid 65534 --clear-groups'
    $other test -x "$program" 2>/dev/null || { echo 'no other user can be had here: skipped'; exit 77; }
    inside "$other $program defer true"
    expect_status 1
    expect_err "the run is another user's .* say lifoguard defer sudo"
}

states_that_others_may_change_are_refused() {
    lifoguard exec true
    chmod 755 "$state"
    refused lifoguard exec echo ran
    chmod 700 "$state"
    chmod 644 "$state/state.db"
    refused lifoguard exec echo ran
    chmod 600 "$state/state.db"
    ln "$state/state.db" "$work/other-name"
    refused lifoguard exec echo ran
    rm "$work/other-name"
    ln -s "$state" "$work/link"
    refused lifoguard exec --state "$work/link" echo ran
    lifoguard exec true || fail "it is refused for ever"
    if ((EUID == 0)); then
        chown 12345 "$state"
        refused lifoguard exec echo ran
        refused lifoguard recover --all
        chown 0 "$state"
    fi
}

damaged_states_are_refused_whole() {
    local change
    KEEP=1 lifoguard exec bash -c 'lifoguard defer touch ran; lifoguard defer touch ran2' 2>/dev/null
    python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$state/state.db"
    rm -f "$state"/state.db-*
    cp -a "$state" "$work/good"
    for change in \
        "UPDATE cleanup SET spec = replace(spec, 'ran', 'bad') WHERE sequence = 1" \
        "UPDATE cleanup SET state = 1, attempt = 3 WHERE sequence = 1" \
        "UPDATE run SET uid = 5" "UPDATE run SET epoch = epoch + 1" \
        "UPDATE cleanup SET sequence = 7 WHERE sequence = 1" \
        "CREATE TRIGGER t AFTER DELETE ON run BEGIN DELETE FROM cleanup; END" \
        "PRAGMA user_version = 99" "PRAGMA user_version = -1" "PRAGMA application_id = 5" "DROP TABLE variable"; do
        rm -rf "$state" && cp -a "$work/good" "$state"
        python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute(sys.argv[2])
db.execute("PRAGMA wal_checkpoint(TRUNCATE)")' "$state/state.db" "$change" || fail "could not change it: $change"
        refused lifoguard recover --all
        refused lifoguard exec touch ran
    done
    local size
    size=$(stat -c %s "$work/good/state.db")
    for cut in 0 1 100 4096 $((size / 2)) $((size - 1)); do
        rm -rf "$state" && cp -a "$work/good" "$state"
        truncate -s "$cut" "$state/state.db"
        refused lifoguard exec touch ran
    done
    rm -rf "$state" && cp -a "$work/good" "$state"
    printf '%08192d' 0 >"$state/state.db"
    refused lifoguard exec touch ran
    expect_err "it is not a database of lifoguard's"
    rm -rf "$state" && cp -a "$work/good" "$state"
    rm "$state/key"
    refused lifoguard exec touch ran
    (umask 077; echo short >"$state/key")
    refused lifoguard exec touch ran
    expect_err 'key is refused: it is not a key'
    [[ ! -e ran ]] || fail "something of it ran"
    rm -rf "$state" && cp -a "$work/good" "$state"
    lifoguard recover "$(lifoguard pending | cut -f1 | sort -u)" 2>/dev/null
    [[ -e ran && -e ran2 ]] || fail "the good one does not work"
}

a_further_signal_ends_only_the_cleanup_that_runs() {
    start 'lifoguard defer sh -c "touch cleaning; exec sleep 473"'
    until_true test -e cleaning
    until_true signalled_until 'the cleanups go on; another signal ends the cleanup that runs'
    until_true signalled_until 'ending the cleanup that runs'
    finish
    expect_err 'ended by a signal to lifoguard'
    lifoguard pending >out
    grep -q $'\tfailed\t' out || fail 'it is not kept'
}
# signalled_until TEXT: signals that differ, since the same one twice is one, until the guardian has said that.
signalled_until() {
    local number
    for number in HUP TERM; do
        ! grep -q "$1" err || return 0
        kill -"$number" "$runner"
        sleep 0.2
    done
    return 1
}

a_secret_is_taken_from_where_the_run_is_recovered() {
    TOKEN=first lifoguard exec --keep lifoguard defer sh -c 'echo "$TOKEN" >token' 2>err || fail "status $?"
    TOKEN=second lifoguard recover "$(lifoguard pending | cut -f1)" 2>err || fail "recover: $?"
    [[ $(<token) == second ]] || fail "the token is $(<token)"
}

what_has_ended_takes_no_registrations() {
    inside 'echo "$LIFOGUARD_RUN"'
    local id
    id=$(<out)
    status=0
    LIFOGUARD_RUN=$id LIFOGUARD_STATE=$state lifoguard defer touch ran 2>err || status=$?
    expect_status 1
    expect_err 'the run has ended, or was begun elsewhere'
    # A name that is longer than any secret's is judged by its beginning.
    env "$(printf 'A%.0s' {1..200})=x" lifoguard exec lifoguard defer true || fail "status $?"
}

an_undo_inside_of_a_cleanup_is_refused() {
    inside 'lifoguard defer --name first true; lifoguard defer sh -c "lifoguard undo first 2>told; echo \$? >status"'
    expect_status 0
    [[ $(<status) == 1 ]] || fail "status $(<status)"
    grep -q 'undo: not in a cleanup: they are being carried out already' told || fail "said: $(<told)"
    expect_nothing_pending
}

of_many_that_are_kept_the_first_are_told() {
    inside 'for i in {1..25}; do lifoguard defer true; done' --keep
    expect_err 'kept, as asked: 25 cleanups, the first to run first:'
    expect_err '… and 5 more'
    local id
    id=$(lifoguard pending | cut -f1 | sort -u)
    status=0
    lifoguard abandon --reason none "$id" 1 2>err || status=$?
    expect_status 1
    expect_err "run $id has not ended"
    lifoguard recover "$id" 2>err || fail "recover: $?"
    expect_nothing_pending
}

only_what_was_abandoned_is_forgotten() {
    inside 'lifoguard defer false; lifoguard defer false'
    local id
    id=$(lifoguard pending | cut -f1 | sort -u)
    lifoguard abandon --reason 'done by hand' "$id" 1 || fail "abandon: $?"
    status=0
    lifoguard abandon --forget "$id" 2>err || status=$?
    expect_status 1
    expect_err "cleanup 2 of run $id is not abandoned"
    lifoguard abandon --reason 'done by hand' "$id" 2 || fail "abandon: $?"
    lifoguard abandon --forget "$id" || fail "forget: $?"
    expect_nothing_pending
}

bad_usage_is_told() {
    local words
    for words in 'exec' 'exec --nonsense x' 'exec --timeout x y' 'defer' 'acquire --undo true' 'acquire -- true' \
        'undo' 'undo --status 1 a' 'undo --since 0 --status 256' 'set A-B=1' 'dismiss a b' 'set A' 'recover' 'recover --all x' 'abandon x' 'wait-for' 'wait-for --tcp x' \
        'with true' 'lock' 'lock a/b true' 'shell-init' 'shell-init cmd' 'mark x' 'keep x' 'pending x' \
        'defer --on-failure --on-success x' 'defer --name= x' 'defer --partial x' 'acquire x --undo a -- b' 'set' 'recover a b' 'recover --all=x' 'abandon' \
        'abandon a' 'exec --timeout -1s x' 'exec -Z true' 'lock a' 'with --timeout 1s' 'logs a' 'logs a b c'; do
        # shellcheck disable=SC2086 # words
        refused lifoguard $words
        expect_err 'try: lifoguard'
    done
    refused lifoguard defer --retries 3 true
    expect_err 'not an option: --retries; meant is perhaps --retry'
    refused lifoguard acquire mkdir a
    expect_err 'what undoes it'
    # As timeout(1) takes it: what is to be written is told.
    for words in exec with wait-for lock; do
        refused lifoguard "$words" --timeout 60 true
        expect_err 'timeout: 60 has no unit: write 60s'
    done
    refused lifoguard exec --grace=1.5 true
    expect_err 'grace: 1.5 has no unit: write 1.5s'
    refused lifoguard exec --state '' true
    expect_err 'a variable without a value'
    refused lifoguard defer '' x
    expect_err 'an empty word'
    for words in 'defer --name' 'defer --shell' 'defer --store' 'wait-for --file' 'wait-for --tcp' 'show --report' 'undo --since'; do
        # shellcheck disable=SC2086 # words
        refused lifoguard $words ''
        expect_err "${words#* } with an empty word: is a variable without a value"
    done
    for words in exec defer acquire undo dismiss keep set mark pending recover abandon wait-for with lock shell-init; do
        lifoguard "$words" --help >out 2>err || fail "$words --help: $?"
        grep -q "lifoguard $words" out || fail "no help for $words"
        awk 'length > 110' out | grep . && fail "lines too long in the help of $words"
    done
    status=0
    lifoguard defer true 2>err || status=$?
    expect_status 1
    expect_err 'not inside'
}

show_and_logs_say_what_to_write() {
    refused lifoguard logs
    expect_err 'which RUN and which JOB\? lifoguard history lists the runs, lifoguard show RUN the jobs'
    refused_as 1 lifoguard show
    expect_err 'no run is recorded so far: lifoguard run FILE does'
    refused_as 1 lifoguard show ''
    expect_err 'an empty word: is a variable without a value'
    echo 'echo a' >./jobs
    lifoguard run jobs >out 2>err || fail "status $?"
    run=$(lifoguard history | cut -f 1)
    refused_as 1 lifoguard show other
    expect_err 'there is no run other; lifoguard history lists them'
    refused_as 1 lifoguard logs other 1
    expect_err 'there is no run other; lifoguard history lists them'
    refused_as 1 lifoguard logs "$run" 2
    expect_err "there is no output of 2 in run $run; lifoguard show $run lists its jobs"
    lifoguard logs "$run" 1 >out || fail "status $?"
    expect_out a
}

# into_full COMMAND…: runs it with a standard output that takes nothing more, as on a full disk.
into_full() {
    truncate -s 8M full
    status=0
    (
        trap '' XFSZ
        ulimit -f 8192
        exec "$@" >>full 2>err </dev/null
    ) || status=$?
}

what_cannot_be_printed_is_told() {
    local words
    echo 'echo a' >./jobs
    echo 'jobs: {a: {run: "true"}}' >g.yaml
    lifoguard run jobs >out 2>err || fail "status $?"
    lifoguard exec --keep lifoguard defer true 2>err || fail "status $?"
    for words in --help --version 'exec --help' 'run --help' 'run --yaml --help' 'defer --help' 'wait-for --help' 'with --help' \
        'lock --help' 'inspect --help' 'shell-init bash' history show "logs $(lifoguard history | cut -f 1) 1" pending \
        'run --dry-run g.yaml' 'exec lifoguard mark'; do
        # shellcheck disable=SC2086 # words
        into_full lifoguard $words
        expect_status 125
        expect_err 'standard output: File too large'
    done
}

commands_that_cannot_be_run() {
    local before
    : >plain
    mkdir folder
    printf '#!/no/such/interpreter\n' >script
    chmod +x script
    for before in exec 'with --timeout 1m' 'lock a' 'exec lifoguard acquire --undo true --'; do
        # shellcheck disable=SC2086 # words
        {
            refused_as 127 lifoguard $before no-such-command
            expect_err 'no-such-command: command not found'
            refused_as 127 lifoguard $before ./nonexistent
            expect_err './nonexistent: No such file or directory'
            refused_as 127 lifoguard $before ./script
            expect_err './script: the interpreter that this file needs is not there'
            refused_as 126 lifoguard $before ./plain
            refused_as 126 lifoguard $before ./folder
            refused_as 126 lifoguard $before ./plain/below
            refused lifoguard $before ''
            expect_err 'an empty word: is a variable without a value'
        }
    done
    # A script without a first line that names an interpreter is run by sh, as a shell would.
    echo 'echo by sh' >script
    for before in exec 'with --timeout 1m' 'lock a' 'exec lifoguard acquire --undo true --'; do
        # shellcheck disable=SC2086 # words
        lifoguard $before ./script >out 2>err || fail "status $?"
        expect_out 'by sh'
    done
    # What was not acquired is not released.
    inside 'lifoguard acquire --undo touch ran -- ./nonexistent; echo $?; lifoguard acquire --undo touch ran -- ./plain; echo $?'
    expect_out $'127\n126'
    [[ ! -e ran ]] || fail 'released'
    expect_nothing_pending
}
places_that_cannot_be_used_are_told() {
    : >plain
    refused lifoguard exec --state plain true
    expect_err 'plain is not a directory'
    mkdir -m 700 real
    ln -s real link
    refused lifoguard exec --state link true
    expect_err 'link is a symbolic link, .*: name the directory itself'
    refused lifoguard exec --state plain/below true
    expect_err 'mkdir .*plain/below: Not a directory'
    refused lifoguard lock --state plain a true
    refused lifoguard recover --state plain --all
    refused env -u XDG_STATE_HOME -u HOME lifoguard pending
    expect_err 'neither XDG_STATE_HOME nor HOME is set'
    # A slash at the end says nothing else.
    lifoguard exec --state place/ true || fail "with a slash: $?"
    [[ -e place/state.db ]] || fail 'another place'
    : >place/history
    lifoguard exec --state place true || fail 'a history that cannot be kept does no harm'
}
R4_recover_all_says_nothing_where_all_is_well() {
    lifoguard recover --all >out 2>err || fail "nothing to recover: $?"
    inside 'lifoguard defer true; lifoguard keep; lifoguard recover --all'
    expect_status 0
    lifoguard recover --all >out 2>err || fail "status $?"
}
refused_as() {
    status=0
    "${@:2}" >out 2>err || status=$?
    expect_status "$1"
    [[ -s err ]] || fail "no word"
}

# ---- the helpers ----

waits_for_an_answer() {
    refused_as 124 lifoguard wait-for --timeout "$1" --http "http://127.0.0.1:$(<port)/other"
    ! grep -q 'status 503' err || touch reached
}

waits_for_a_command() {
    refused_as 124 lifoguard wait-for --timeout "$1" -- sh -c 'echo not yet; exit 3'
    ! grep -q 'exit status 3' err || touch reached
}

waits_for_a_killed_command() {
    refused_as 124 lifoguard wait-for --timeout "$1" -- sh -c 'kill -KILL $$'
    ! grep -q 'killed by SIGKILL' err || touch reached
}

waits_for_another_protocol() {
    refused_as 124 lifoguard wait-for --timeout "$1" --http "http://127.0.0.1:$(<port)/"
    ! grep -q "$protocol" err || touch reached
}

# answer_with GREETING [COUNT]: a server greets each that connects, or the first COUNT, and then hangs up. It does not answer the
# others, and with no greeting none.
answer_with() {
    rm -f port
    python3 -c '
import os, socket, sys
s = socket.create_server(("127.0.0.1", 0))
with open("port.new", "w") as file:
    file.write(str(s.getsockname()[1]))
os.rename("port.new", "port")
all = []
left = int(sys.argv[2])
while True:
    connection = s.accept()[0]
    left -= 1
    if sys.argv[1] and left >= 0:
        connection.recv(1000)
        connection.sendall(sys.argv[1].encode())
        connection.close()
    else:
        all.append(connection)' "$1" "${2:-1000000}" &
    server=$!
    until_true test -e port
}

wait_for_says_who_does_not_speak_http() {
    local server protocol
    answer_with 'SSH-2.0'
    protocol='not an HTTP answer'
    with_limit waits_for_another_protocol
    kill "$server"
    answer_with ''
    protocol='no answer'
    with_limit waits_for_another_protocol
    kill "$server"
}

# The last try is ended by the limit, and knows less than the one before. A slow machine may need more of them.
wait_for_does_not_forget_why() {
    local server tries
    for tries in {1..30}; do
        answer_with 'SSH-2.0' 1
        refused_as 124 lifoguard wait-for --timeout 2s --http "http://127.0.0.1:$(<port)/"
        kill "$server"
        ! grep -q 'not an HTTP answer' err || return 0
    done
    fail "the answer was forgotten $tries times"
}

wait_for_waits() {
    (sleep 0.2; touch ready) &
    lifoguard wait-for --file ready || fail "file: $?"
    python3 -c '
import http.server, threading
class H(http.server.BaseHTTPRequestHandler):
    count = 0
    def do_GET(self):
        H.count += 1
        self.send_response(200 if H.count > 2 and self.path == "/health" else 503)
        self.end_headers()
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open("port.new", "w").write(str(s.server_port))
import os; os.rename("port.new", "port")
s.serve_forever()' &
    local server=$!
    until_true test -e port
    lifoguard wait-for --tcp "127.0.0.1:$(<port)" || fail "tcp: $?"
    lifoguard wait-for --timeout 300s --http "http://127.0.0.1:$(<port)/health" || fail "http: $?"
    with_limit waits_for_an_answer
    expect_err 'status 503'
    kill "$server"
    wait "$server" 2>/dev/null
    refused_as 1 lifoguard wait-for --pid "$server" --tcp "127.0.0.1:$(<port)"
    with_limit waits_for_a_command
    expect_err 'exit status 3'
    expect_err 'not yet'
    refused_as 124 lifoguard wait-for --timeout 0.3s -- ./nonexistent
    expect_err 'No such file or directory'
    with_limit waits_for_a_killed_command
    lifoguard wait-for -- test -e ready || fail "command: $?"
}

wait_for_says_at_once_what_can_never_be() {
    local words
    for words in '--tcp 80' '--tcp ::1:80' '--tcp h:70000' '--tcp h:0' '--tcp h:no-such-service' '--tcp h:' '--http https://h/' \
        '--http http://' '--http http://u:p@h/' '--http http://h:80x/' '--tcp [::1'; do
        # shellcheck disable=SC2086 # words
        refused lifoguard wait-for $words
    done
    refused lifoguard wait-for --http 'http://h/a b'
    refused lifoguard wait-for --http $'http://h/\r\nX: y'
    refused lifoguard wait-for --file ''
}

wait_for_asks_for_the_whole_url() {
    python3 -c '
import os, socket
s = socket.create_server(("::1" if socket.has_dualstack_ipv6() else "127.0.0.1", 0),
                         family=socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET)
with open("url.new", "w") as file:
    file.write("HTTP://%s:%d?q=1#part" % ("[::1]" if s.family == socket.AF_INET6 else "127.0.0.1", s.getsockname()[1]))
os.rename("url.new", "url")
connection = s.accept()[0]
request = b""
while b"\r\n\r\n" not in request:
    request += connection.recv(1000)
open("request", "wb").write(request)
connection.send(b"HTTP/1.1 200 OK\r\n\r\n")' &
    until_true test -e url
    lifoguard wait-for --timeout 300s --http "$(<url)" || fail "status $?"
    wait
    grep -q '^GET /?q=1 HTTP' request || fail "asked: $(<request)"
    local host
    host=$(sed 's|HTTP://||; s|?.*||' url)
    grep -qF "Host: $host" request || fail "asked: $(<request)"
}

wait_for_leaves_nothing_of_its_command() {
    local pid
    with_limit waits_for_two
    until_true gone "$(<child)"
    rm -f child
    lifoguard wait-for -- sh -c 'sleep 471 & echo $! >child.new; mv child.new child; wait' &
    pid=$!
    until_true test -e child
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    expect_status 143
    until_true gone "$(<child)"
}
waits_for_two() { refused_as 124 lifoguard wait-for --timeout "$1" -- sh -c 'sleep 471 & echo $! >child; touch reached; wait'; }

wait_for_sees_the_end_of_a_process_that_nobody_waits_for() {
    python3 -c '
import os, subprocess, sys
pid = os.fork()
if pid == 0:
    os._exit(0)
sys.exit(subprocess.call(["lifoguard", "wait-for", "--timeout", "300s", "--pid", str(pid), "--file", "never"]))' 2>err
    status=$?
    expect_status 1
}

sleeps_twice_for() {
    refused_as 124 lifoguard with --timeout "$1" --grace 60s -- \
        bash -c 'setsid sleep 471.25 & until pgrep -f "^sleep 471[.]25"; do :; done >found; touch reached; sleep 471.25'
}

with_passes_signals_on() {
    lifoguard with --timeout 1000s sh -c 'trap "exit 3" TERM; touch up; while :; do sleep 0.02; done' 2>err &
    local pid=$!
    until_true test -e up
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    expect_status 3
}

with_ends_everything_and_names_it() {
    with_limit sleeps_twice_for
    expect_err 'SIGTERM to sleep'
    ! pgrep -f 'sleep 471.25' || fail "a process is left"
    status=0
    lifoguard with --timeout 30s -- sh -c 'exit 3' || status=$?
    expect_status 3
}

lock_excludes_and_is_freed_by_kill() {
    for _ in 1 2 3 4; do
        lifoguard lock counter -- bash -c 'n=$(cat n 2>/dev/null || echo 0); sleep 0.02; echo $((n + 1)) >n' &
    done
    wait
    [[ $(<n) == 4 ]] || fail "counted to $(<n)"
    lifoguard lock held -- sh -c 'touch locked; exec sleep 471' &
    local holder=$!
    until_true test -e locked
    refused_as 124 lifoguard lock --timeout 50ms held -- true
    expect_err "held is held by process $holder \(sleep\): given up"
    kill -KILL "$holder"
    lifoguard lock --timeout 10s held -- true || fail "still locked"
}

# ---- kill at random moments ----

nothing_is_pending() { [[ -z $(lifoguard pending 2>&1) ]]; }
# Guardians, watchers and attempts of this test are known by their environment.
"$2"
echo ok
