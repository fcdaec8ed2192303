#!/usr/bin/env bash
# `lifoguard exec` and what goes with it: what is told. messages_test.sh PROGRAM CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # the variables of scripts in quotes are theirs; "jobs" is a file here
# shellcheck source=tests/exec/prelude.sh
source "$(dirname "$0")/prelude.sh"

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

run_case "${2-}"
