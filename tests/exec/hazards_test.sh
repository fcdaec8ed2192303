#!/usr/bin/env bash
# `lifoguard exec` and `run` where the machine lacks what programs rely on: hazards_test.sh PROGRAM CASE GRAPHS [CLOCK]. Each case is a
# function below; GRAPHS says whether the program reads graphs; CLOCK is the library of fast_clock.c. The cleanups run, or nothing is started and the message says why.
# shellcheck disable=SC2016 # the variables of scripts in quotes are theirs
clock=$(realpath "${4:-.}") # before the prelude goes into a folder of its own
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

forms=(exec lines)
[[ ${3-} != true ]] || forms+=(graph)

write_forms() {
    printf 'lifoguard defer touch exec-cleaned\ncat >exec-read\n' >script
    printf 'cat >lines-read\ndefer touch lines-cleaned\n' >lines.jobs
    printf 'jobs:\n  a: {run: cat >graph-read, defer: touch graph-cleaned}\n' >graph.yaml
}

# command_of FORM: sets command.
command_of() {
    case $1 in
    exec) command=(lifoguard exec sh script) ;;
    lines) command=(lifoguard run lines.jobs) ;;
    graph) command=(lifoguard run graph.yaml) ;;
    esac
}

# A bare chroot has no /dev: cleanups, and commands without an input, get an empty one all the same.
R3_without_dev_null_cleanups_run() {
    needs_mounts
    write_forms
    local form
    for form in "${forms[@]}"; do
        command_of "$form"
        unshare -rm sh -c 'mount -t tmpfs none /dev && exec "$@"' - "${command[@]}" >out 2>err <script || fail "$form: status $?"
        [[ -e $form-read ]] || fail "$form: the command did not run"
        [[ -e $form-cleaned ]] || fail "$form: the cleanup did not run"
    done
    [[ ! -s graph-read ]] || fail "graph: an input from somewhere"
}

# As below `script | head`: SIGPIPE at its first line would end the cleanup before it has released anything.
R5_a_cleanup_whose_output_nobody_reads_is_not_ended_by_that() {
    local form
    printf '#!/bin/sh\necho cleaning\necho cleaning >&2\ntouch "$1-cleaned"\n' >clean
    chmod +x clean
    echo 'lifoguard defer ./clean exec' >script
    printf 'true\ndefer ./clean lines\n' >lines.jobs
    printf "jobs:\n  a: {run: 'true', defer: ./clean graph}\n" >graph.yaml
    for form in "${forms[@]}"; do
        command_of "$form"
        exec 5> >(:)
        wait $!
        "${command[@]}" >&5 2>&5
        exec 5>&-
        [[ -e $form-cleaned ]] || fail "$form: the cleanup did not run to its end"
        expect_nothing_pending
    done
}

# A parent that ignores SIGCHLD would take the exit statuses of the shells that check a file away.
R3_where_sigchld_is_ignored_cleanups_run() {
    write_forms
    local form
    for form in "${forms[@]}"; do
        command_of "$form"
        env --ignore-signal=CHLD "${command[@]}" >out 2>err </dev/null || fail "$form: status $?"
        [[ -e $form-cleaned ]] || fail "$form: the cleanup did not run"
    done
}

# With few processes left (ulimit -u), a shell that starts in between could not fork. Where there is no such program, the shell says so.
R6_a_cleanup_of_plain_words_needs_no_shell() {
    printf '#!/bin/sh\ncat /proc/$PPID/comm >"$1-parent"\n' >clean
    chmod +x clean
    echo 'lifoguard defer --shell "./clean exec"; lifoguard defer --shell "no-such-tool"' >script
    printf 'true\ndefer ./clean lines\ndefer no-such-tool\n' >lines.jobs
    printf "jobs:\n  a: {run: 'true', defer: [./clean graph, no-such-tool]}\n" >graph.yaml
    local form
    for form in "${forms[@]}"; do
        command_of "$form"
        "${command[@]}" >out 2>err </dev/null
        [[ $(<"$form-parent") == lifoguard-try ]] || fail "$form: below $(<"$form-parent")"
        grep -q 'no-such-tool: .*not found' out err || fail "$form: the shell does not say what is missing"
    done
}

R4_a_state_that_cannot_grow_is_refused_with_the_reason() {
    status=0
    (ulimit -f 0 && exec lifoguard exec touch ran) 2>&1 | cat >err
    expect_err 'state.db: File too large'
    [[ ! -e ran ]] || fail 'started'
}

# Nobody has said how long a cleanup may take: that is ten minutes everywhere, and not for ever.
R5_each_form_ends_a_cleanup_that_hangs() {
    echo 'lifoguard defer touch exec-cleaned; lifoguard defer sleep 471.7' >script
    printf 'true\ndefer touch lines-cleaned\ntrue\ndefer sleep 471.7\n' >lines.jobs
    echo 'jobs: {a: {run: "true", defer: [touch graph-cleaned, sleep 471.7]}}' >graph.yaml
    ln -s "$clock" "$work/clock.so" # LD_PRELOAD takes no path with a space
    local form
    for form in "${forms[@]}"; do
        command_of "$form"
        timeout 200 env LD_PRELOAD="$work/clock.so" "${command[@]}" >out 2>err </dev/null
        [[ -e $form-cleaned ]] || fail "$form: the cleanup after it did not run"
        expect_err 'not done within 10m'
    done
    ! pgrep -f 'sleep 471.7' || fail "it is left"
}

"$2"
echo ok
