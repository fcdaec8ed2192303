#!/usr/bin/env bash
# `lifoguard run` with a command a line: what is wrong is told. refused_test.sh PROGRAM EXAMPLES CASE: each case is a function below.
# shellcheck disable=SC2016,SC2238 # job files are full of $ in single quotes; "jobs" is a file here
# shellcheck source=tests/run/prelude.sh
source "$(dirname "$0")/prelude.sh"

starts_ends_and_times_are_told() {
    jobs_are 'sleep 0.2' 'defer echo -a' 'kill -9 $$'
    run
    expect_status 1
    local word='[0-9.]*[mµn]*s'
    grep -qE "^\[1/2\] +start +sleep 0.2$" err || fail start
    grep -qE "^\[1/2\] +ok +sleep 0.2  \(exit status 0, (([2-9]|[0-9]{2})[0-9]{2}(\.[0-9]+)?ms|[0-9.]+s)\)$" err || fail ok
    grep -qE "^\[cleanup 1\] defer +echo -a$" err || fail defer
    grep -qE "^\[2/2\] +failed +kill -9 \\$\\$  \(killed by SIGKILL, $word\)$" err || fail failed
    grep -qE "^\[cleanup 1\] start +echo -a$" err || fail 'cleanup start'
    grep -qE "^\[cleanup 1\] ok +echo -a  \(exit status 0, $word\)$" err || fail 'cleanup ok'
    expect_out '-a'
}

bad_files_run_nothing() {
    jobs_are 'touch ran' 'defer rm -rf "$NOT_SET_ANYWHERE"/' 'if true' 'cd /'
    run
    expect_status 2
    [[ ! -e ran ]] || fail 'a job ran'
    expect_err 'jobs:2: \$NOT_SET_ANYWHERE is not set'
    expect_err 'jobs:4: cd lasts'
    jobs_are 'touch ran' 'if true' 'true' 'defer for'
    run
    expect_status 2
    [[ ! -e ran ]] || fail 'a job ran'
    expect_err 'jobs:2: the shell cannot read this'
    expect_err 'jobs:4: the shell cannot read this'
    : >jobs
    run
    expect_status 2
    expect_err 'jobs:1: no jobs'
    printf 'tr\0ue\n' >jobs
    run
    expect_status 2
    expect_err 'jobs:1: a NUL byte'
    rm jobs
    run
    expect_status 2
    expect_err 'jobs: No such file'
    mkdir jobs
    run
    expect_status 2
    expect_err 'jobs: Is a directory'
}

wrong_usage_is_told() {
    local arguments
    for arguments in '' 'run' 'walk x' 'run --what a' 'run --grace soon a' 'run --grace' \
        'run --grace 25h a' 'run -j' 'run -j 2'; do
        # shellcheck disable=SC2086 # several words
        "$program" $arguments >out 2>err
        [[ $? == 2 ]] || fail "status of: $arguments"
        expect_err 'ry: lifoguard '
    done
    for arguments in --shell --report --junit --log-dir --state --secret; do
        lifoguard run "$arguments" '' a >out 2>err
        [[ $? == 2 ]] || fail "status of: $arguments ''"
        expect_err "$arguments with an empty word: is a variable without a value"
    done
    "$program" --help >out || fail help
    grep -q 'runs the jobs of a file' out || fail help
    lifoguard run --help >out || fail help
    grep -q 'defer COMMAND' out || fail help
    "$program" --version >out || fail version
    grep -qE '^lifoguard [0-9]+\.[0-9]+\.[0-9]+$' out || fail version
}

what_would_be_in_vain_or_is_not_closed_is_refused() {
    local line
    while IFS=$'\t' read -r line text; do
        jobs_are "$line"
        run
        expect_status 2
        [[ $(<err) == *"jobs:1: $text"* ]] || fail "not said: $text"
    done <<END
function f { true; }	a function lasts to the end of its own line
case x in	a case is not closed
A=1 B=2	two assignments on a line
A=\"\$(echo	a ( is not closed
A=1 echo \$(	a ( is not closed
defer "\$(echo	a ( is not closed
PASSWORD[0]=x	PASSWORD is an array
$(printf '$(%.0s' {1..110})	nested more than 100 deep
END
    truncate -s 17M jobs
    run
    expect_status 2
    expect_err 'jobs: larger than 16 MiB: not a job file'
    # These only look like it.
    jobs_are ': ${1-none}' 'word=x' 'for WORD in 1; do echo $WORD; done' 'echo $(echo a) defer "; defer b"' \
        'defer() { echo "own $1"; }; defer c'
    run
    expect_status 0
    expect_out $'1\na defer ; defer b\nown c'
}

the_checker_is_found_beside_the_program() {
    mkdir bin others
    cp "$program" bin/lifoguard
    status=0
    PATH=$PWD/others bin/lifoguard vet a b 2>err || status=$?
    expect_status 2
    expect_err 'lifoguard-vet is not installed'
    touch others/lifoguard-vet
    status=0
    PATH=$PWD/others bin/lifoguard vet a b 2>err || status=$?
    expect_status 2
    expect_err 'lifoguard-vet: Permission denied'
    printf '#!/bin/sh\necho "others: $*"\n' >others/lifoguard-vet
    chmod +x others/lifoguard-vet
    PATH=$PWD/others bin/lifoguard vet a 'b c' >out || fail "in PATH: $?"
    expect_out 'others: a b c'
    printf '#!/bin/sh\necho "beside: $*"; exit 3\n' >bin/lifoguard-vet
    chmod +x bin/lifoguard-vet
    status=0
    PATH=$PWD/others bin/lifoguard vet a 'b c' >out || status=$?
    expect_status 3
    expect_out 'beside: a b c'
}

messages_name_the_line_of_the_file() {
    mkdir files
    printf '%s\n' '# two lines' '' 'defer nosuch-cleanup' '! nosuch-command; nosuch-other' >files/a.jobs
    status=0
    lifoguard run files/a.jobs >out 2>err </dev/null || status=$?
    expect_status 1
    grep -qE '^files/a\.jobs:4: (line )?1: nosuch-command' err || fail 'the line of the command is not told'
    grep -qE '^files/a\.jobs:3: (line )?1: nosuch-cleanup' err || fail 'the line of the cleanup is not told'
    expect_err 'lifoguard: files/a.jobs:4: exit status 127'
    jobs_are '' 'defer true' 'sleep MARK'
    start
    until_true grep -qE '] +start +sleep' err
    kill -TERM "$runner"
    finish
    expect_err 'SIGTERM: ending jobs:3, then the cleanups run'
}

odd_files_are_read() {
    printf '\xef\xbb\xbfecho a\\\r\nb # c\r\n\r\n  defer echo -a\r\necho c' >jobs
    run
    expect_status 0
    expect_out $'ab\nc\n-a'
}

D2_an_argument_that_is_not_given_is_refused() {
    local words
    for words in '"$1"/' '$2' '"${1}"/*' '"$@"/' '"$UNSET_X"/' '${1:?which directory}/'; do
        jobs_are 'touch ran' "defer echo rm -rf $words"
        run
        expect_status 2
        grep -q '^jobs:2: ' err || fail "$words: no place"
        [[ ! -e ran ]] || fail "$words: a line ran"
    done
    expect_err 'jobs:2: 1: which directory'
    jobs_are 'true' 'defer echo "<${1-}>" "<${UNSET_X:-a b}>" "$@"'
    run
    expect_status 0
    expect_out '<> <a b>'
    lifoguard run jobs 'x  y' >out 2>err || fail status
    expect_out '<x  y> <a b> x  y'
}

nobody_reads_what_it_tells() {
    jobs_are 'sleep 0.2' 'defer touch cleaned' 'true'
    { lifoguard run jobs 2>&1 >out; echo $? >status; } | true
    until_true test -s status
    [[ $(<status) == 0 && -e cleaned ]] || fail "status $(<status)"
}

wait_for_what_no_line_has_started_fails() {
    local pids
    for pids in 1 '"1"' '$P 1' x; do
        jobs_are 'true &' 'P=$!' "wait \$P" "wait $pids" 'touch too-early'
        run
        expect_status 1
        [[ ! -e too-early ]] || fail "the line behind wait $pids has run"
    done
    expect_err 'jobs:4: not a process number: x'
}

run_case "${3-}"
