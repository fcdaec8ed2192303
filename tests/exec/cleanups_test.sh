#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: how the cleanups run. cleanups_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

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

R6_one_whose_directory_was_removed_runs_as_a_trap_would() {
    inside 'mkdir -p a/b; touch kept; cd a/b; lifoguard defer sh -c "rm ../../kept; ls -A; echo ran"; rm -r ../../a
        lifoguard defer echo "registered there"'
    expect_out $'registered there\nran'
    expect_err '/a/b, the working directory of a cleanup, was removed: .*kept'
    [[ -z $(ls -A -I out -I err) ]] || fail "left: $(ls -A)"
}

# replaced_by HOW: a cleanup that empties its directory, whose path leads to another one when it runs.
replaced_by() {
    mkdir victim
    touch victim/precious
    inside "mkdir d; touch d/mine; cd d; lifoguard defer --shell 'rm -f ./*; touch ../ran'; cd ..; rm -r d; $1"
    [[ -e victim/precious && -e d/precious ]] || fail "it ran in another directory: $(ls victim d)"
    [[ -e ran ]] || fail "it did not run"
    expect_err '/d, the working directory of a cleanup, was replaced by another one: it runs as in an empty one: .*ran'
    [[ -z $(ls -A -I out -I err -I victim -I ran -I d) ]] || fail "left: $(ls -A)"
    expect_nothing_pending
}

R6_a_link_in_the_place_of_its_directory_is_not_followed() {
    replaced_by 'ln -s victim d'
}

R6_another_directory_in_the_place_of_its_own_is_not_entered() {
    replaced_by 'cp -r victim d'
}

R6_one_whose_directory_was_moved_runs_in_it() {
    local next
    for next in 'mkdir d' true; do
        inside "mkdir d; touch d/mine; cd d; lifoguard defer rm mine; cd ..; mv d before; $next"
        expect_err '/d, the working directory of a cleanup, was moved: it runs there: rm mine'
        [[ -e before && ! -e before/mine ]] || fail "it did not run there: $(ls -R)"
        expect_nothing_pending
        rm -r before
    done
}

# Where not even the directory around it is the same one, `..` leads nowhere either.
R6_one_whose_directory_was_replaced_with_all_around_it_changes_nothing_there() {
    [[ $(stat -c %W .) -gt 0 ]] || exit 77 # no times of birth here
    inside 'mkdir -p a/b/c; cd a/b/c; lifoguard defer --shell "rm -rf ../* ../../*; touch '"$PWD/ran"'"; cd ../../..; rm -r a; mkdir -p a/b/precious'
    [[ -e ran && -e a/b/precious ]] || fail "it ran in another directory: $(ls -R)"
    expect_nothing_pending
}

R6_one_whose_directory_is_hidden_by_a_mount_is_kept_until_recover_names_a_directory() {
    needs_mounts
    mkdir d other
    unshare -rm sh -c 'lifoguard exec sh -c "cd d; lifoguard defer touch ran; mount -t tmpfs none \"$PWD/d\""; lifoguard pending' >out 2>err </dev/null
    expect_err 'its working directory .*/d cannot be entered: it is another one .* `lifoguard recover --directory`'
    [[ $(ls -A d other) == $'d:\n\nother:' ]] || fail "it ran"
    local id
    id=$(cut -f1 out)
    refused_as 125 lifoguard recover --directory none "$id"
    expect_err 'recover: --directory none: No such file'
    refused_as 125 lifoguard recover --directory other --all
    unshare -rm sh -c 'mount -t tmpfs none d; lifoguard recover --directory other "$1"' - "$id" 2>err || fail "recover: $?"
    [[ -e other/ran ]] || fail "it did not run"
    expect_nothing_pending
}

R6_a_directory_of_a_container_stays_the_same_when_it_is_first_written_to() {
    mkdir lower memory merged
    mkdir lower/d
    unshare -rm sh -c 'mount -t tmpfs none memory && mkdir memory/upper memory/work &&
        mount -t overlay -o lowerdir=lower,upperdir=memory/upper,workdir=memory/work none merged || exit 77
        lifoguard exec sh -c "cd merged/d; lifoguard defer rm file; touch file"; test ! -e merged/d/file' 2>err || {
        [[ $? == 77 ]] && exit 77
        fail 'it did not run'
    }
    expect_silence
}

R6_one_that_was_registered_where_the_run_began_runs_there_whatever_path_that_has() {
    mkdir began
    cd began || fail "cd"
    inside 'touch mine; lifoguard defer --shell "rm mine"; mv ../began ../moved; mkdir ../began; touch ../began/mine'
    [[ -e ../began/mine && ! -e ../moved/mine ]] || fail "it ran in another directory"
    grep -q '/began, the working directory of a cleanup, was moved: it runs there: ' ../moved/err || fail "err: $(<../moved/err)"
    expect_nothing_pending
}

R6_one_that_was_registered_in_a_removed_directory_does_not_run_in_the_next_one() {
    inside 'mkdir d; cd d; rmdir ../d; lifoguard defer --shell "rm -f ./*"; cd ..; mkdir d; touch d/precious'
    [[ -e d/precious ]] || fail "it ran in another directory"
    expect_err '/d, the working directory of a cleanup, was removed: it runs as in an empty one'
    expect_nothing_pending
}

recover_rebooted() {
    unshare -rm sh -c 'mount --bind boot /proc/sys/kernel/random/boot_id && lifoguard recover "$1"' - "$1" 2>err
}

# after_a_power_cut COMMAND PATTERN: the cleanup does not run when COMMAND has been at its directory.
after_a_power_cut() {
    needs_mounts
    start 'mkdir d; cd d; lifoguard defer touch ../ran; touch ../here; sleep 471'
    until_true test -e here
    kill_both "$runner" "$guardian"
    eval "$1"
    echo 01234567-89ab-cdef-0123-456789abcdef >boot
    recover_rebooted --all || fail "recover: $?"
    expect_err "its working directory .*/d cannot be entered: $2"
    [[ ! -e ran ]] || fail "it ran"
    recover_rebooted "$(lifoguard pending | cut -f1)" || fail "recover: $?"
    [[ -e ran ]] || fail "it did not run"
    kill "$command"
}

R6_after_a_power_cut_one_waits_for_its_directory() {
    after_a_power_cut 'rmdir d' 'No such file'
}

R6_after_a_power_cut_one_does_not_take_another_directory_for_its_own() {
    after_a_power_cut 'mv d ../e; mkdir d' 'it is another one than at the registration'
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

D8_a_cleanup_may_defer() {
    inside 'lifoguard defer echo last; lifoguard defer sh -c "lifoguard defer echo inner; echo outer"'
    expect_out $'outer\ninner\nlast'
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

run_case "${2-}"
