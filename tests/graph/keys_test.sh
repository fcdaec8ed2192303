#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: what the keys of a job do. keys_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

D2_a_cleanup_has_the_values_of_its_registration() {
    run <<'END'
env: {A: file, B: file}
jobs:
  a:
    env: {A: job}
    run:
      - {run: 'echo "C=first" >>"$LIFOGUARD_ENV"', defer: 'echo "1 $A $B $C" >>log'}
      - {run: 'echo "C=second value" >>"$LIFOGUARD_ENV"', defer: 'echo "2 $A $B $C" >>log'}
  b: {needs: a, run: 'echo "b $A $B $C" >>log'}
END
    expect_status 0
    expect_log 'b file file second value 2 job file second value 1 job file first'
}

R6_a_cleanup_runs_with_the_variables_it_mentions_if_all_are_too_many() {
    # Each of a single variable's size would do: a command takes at most 128 KiB of one.
    run <<'END'
jobs:
  a: {run: [{run: 'printf "LARGE=%0200000d\nSMALL=yes\nno equals sign\n" 0 >>"$LIFOGUARD_ENV"', defer: 'echo "$SMALL $HOME" >>log'}]}
END
    expect_status 0
    expect_log "yes $HOME"
    expect_err 'a: not NAME=VALUE in LIFOGUARD_ENV: no equals sign'
    expect_err 'cleanup 1: the variables are too large for a command: it runs with those that it mentions'
    expect_nothing_pending
}

a_hook_that_fails_fails_the_run() {
    run <<<'jobs: {a: {run: "echo a >>log  ", on_success: [exit 3, echo b >>log]}}'
    expect_status 1
    expect_log 'a b'
}

a_cleanup_does_not_run_with_a_variable_that_is_not_set() {
    run <<'END'
jobs: {a: {run: 'true', defer: 'echo "rm -rf $NOT_SET/" >>log'}}
END
    expect_status 1
    [[ ! -e log ]] || fail 'it ran'
    [[ $(lifoguard pending) == *failed* ]] || fail 'the failed cleanup is forgotten'
}

env_dir_shell_and_args_reach_the_command() {
    mkdir sub
    printf 'X=file\nexport Y="a b"\n# comment\n\nZ=z\n' >e.env
    run -- <<'END'
dir: sub
shell: bash
jobs:
  a:
    env_file: e.env
    env: {X: job, N: 1}
    args: [one, "two words", ""]
    run: '[[ $PWD == */sub ]]; echo "$X|$Y|$Z|$N|$1|$2|$#|$LIFOGUARD_JOB" >>../log'
  b: {needs: a, dir: ., shell: sh, run: 'pwd >>log', args: []}
END
    [[ $(head -1 log) == 'job|a b|z|1|one|two words|3|a' ]] || fail 'not what was said'
    [[ $(tail -1 log) == "$PWD" ]] || fail 'not the directory'
}

arguments_of_the_command_line_are_the_commands() {
    cat >g.yaml <<<'jobs: {a: {run: "echo \"$1|$2\" >>log"}}'
    lifoguard run g.yaml 'a b' c >out 2>err || fail 'failed'
    expect_log 'a b|c'
}

a_time_limit_fails_the_job() {
    run <<'END'
jobs:
  a: {timeout: 100ms, run: sleep 100, defer: 'echo $LIFOGUARD_STATUS >>log'}
END
    expect_status 1
    expect_log 'unknown'
    expect_err 'a failed: timed out after 100ms'
}

the_run_has_a_time_limit() {
    run <<'END'
timeout: 3s
jobs:
  a: {run: echo +a >>log, defer: 'echo -a $LIFOGUARD_STATUS >>log'}
  b: {needs: a, run: sleep 100}
END
    expect_status 124
    expect_log '+a -a timeout'
}

retries_undo_what_the_attempt_acquired() {
    run <<'END'
jobs:
  a:
    retries: 2
    run:
      - {run: echo +a >>log, defer: echo -a >>log}
      - test $(grep -c +a log) = 3
END
    expect_status 0
    expect_log '+a -a +a -a +a -a'
}

on_success_and_on_failure() {
    run -k <<'END'
jobs:
  good: {run: 'true', on_success: 'echo good $LIFOGUARD_STATUS >>log', on_failure: echo never >>log}
  bad: {needs: good, run: exit 4, on_failure: ['echo bad $LIFOGUARD_EXIT_CODE >>log', echo two >>log], on_success: echo never >>log}
END
    expect_status 1
    expect_log 'good success bad 4 two'
}

D11_defer_on_failure_and_on_success() {
    run <<'END'
jobs:
  a:
    run: 'true'
    defer: [{run: echo failure >>log, on: failure}, {run: echo success >>log, on: success}, {run: echo always >>log}]
END
    expect_log 'always success'
    rm log
    run <<'END'
jobs:
  a:
    run: 'true'
    defer: [{run: echo failure >>log, on: failure}, {run: echo success >>log, on: success}, {run: echo always >>log}]
  b: {needs: a, run: 'false'}
END
    expect_log 'always failure'
    expect_nothing_pending
}

if_decides_whether_a_job_runs() {
    run <<'END'
jobs:
  a: {if: test -e no-such-file, run: echo never >>log, defer: echo never >>log}
  b: {needs: a, if: test -e g.yaml, run: echo b >>log}
END
    expect_status 0
    expect_log 'b'
    expect_err '^\[a\] +skipped +.its condition does not hold'
}

an_if_that_is_ended_is_no_answer() {
    run --junit j.xml <<'END'
jobs:
  a: {if: kill -KILL $$, run: echo never >>log, defer: echo never >>log}
  b: {needs: a, run: echo never >>log}
END
    expect_status 1
    expect_err 'a failed: if: killed by SIGKILL'
    grep -q '<failure message="if: killed by SIGKILL"' j.xml || fail "$(<j.xml)"
    run <<<'jobs: {a: {if: exec sleep 1000, timeout: 100ms, run: echo never >>log}}'
    expect_status 1
    expect_err 'a failed: if: timed out after 100ms'
    run -k <<'END'
jobs:
  a: {if: no-such-program --at-all, run: echo never >>log}
  b: {if: "/dev/null || exit $?", run: echo never >>log}
  c: {if: 'sh -c "kill -KILL \$\$"; exit $?', run: echo never >>log}
  d: {if: exit 125, run: echo never >>log}
END
    expect_status 1
    expect_err 'a failed: if: exit status 127'
    expect_err 'b failed: if: exit status 126'
    expect_err 'c failed: if: exit status 137'
    expect_err '^\[d\] +skipped'
    run <<<'jobs: {a: {if: "true", shell: sh, dir: no-such-directory, run: echo never >>log}}'
    expect_status 1
    expect_err 'a failed: if: dir no-such-directory'
    [[ ! -e log ]] || fail "$(<log)"
}

lock_excludes_other_jobs() {
    run -j 4 <<'END'
jobs:
  a: {lock: x, run: 'mkdir held && sleep 0.05 && rmdir held'}
  b: {lock: x, run: 'mkdir held && sleep 0.05 && rmdir held'}
  c: {lock: [y, x], run: 'mkdir held && rmdir held'}
END
    expect_status 0
    lifoguard lock x -- sh -c 'touch taken; until test -e go; do sleep 0.01; done; echo before >>log' &
    until_true test -e taken
    start <<<'jobs: {a: {lock: x, run: echo in >>log}}'
    until_true has 'waiting for the lock x' err
    touch go
    finish
    expect_log 'before in'
}

include_takes_jobs_of_other_files() {
    mkdir sub
    echo 'A=from-sub' >sub/e.env
    cat >sub/more.yaml <<'END'
env_file: e.env
jobs: {b: {run: 'echo b $A >>log', needs: c}}
include: third.yaml
END
    echo 'jobs: {c: {run: echo c >>log}}' >sub/third.yaml
    run <<'END'
include: [sub/more.yaml]
jobs: {a: {needs: b, run: 'echo a ${A-unset} >>log'}}
END
    expect_status 0
    expect_log 'c b from-sub a unset'
}

a_job_has_not_the_name_of_the_run_s_own_cleanups() {
    run <<<$'defer: echo cleanup >>log\njobs:\n  run: {run: echo job >>log}'
    expect_status 2
    expect_err "^g.yaml:3:3: run is the name of the run's own cleanups"
    run <<<'jobs: {run: {run: echo job >>log}}'
    expect_status 0
    expect_log job
}

a_file_that_two_files_include_is_read_once() {
    mkdir parts
    echo 'jobs: {common: {run: echo common >>log}}' >parts/common.yaml
    echo 'include: common.yaml' >parts/a.yaml
    echo 'include: ../parts/common.yaml' >parts/b.yaml
    run <<<'include: [parts/a.yaml, parts/b.yaml, parts/common.yaml]'
    expect_status 0
    expect_log common
}

# Here the disk is a database that another program has locked, for longer than the job may take.
a_job_s_time_does_not_run_while_the_disk_is_waited_for() {
    cat >lock.py <<'END'
import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1])
database.execute("BEGIN IMMEDIATE")
open("locked", "w").close()
time.sleep(6)
END
    run <<'END'
jobs:
  a: {run: "setsid python3 lock.py \"$XDG_STATE_HOME/lifoguard/state.db\" & until [ -e locked ]; do sleep 0.01; done"}
  b: {needs: a, run: echo b >>log, timeout: 5s, defer: echo cleanup >>log}
END
    expect_status 0
    expect_log 'b cleanup'
}

# Of the environment, of the file, of another job; named by the user, by the name, by the address that the value is.
secrets_are_masked_in_what_jobs_print() {
    export MINE=$'geheim1\ngeheim2' DATABASE_URL=postgres://user:geheim3@host/db SHORT_TOKEN=abc
    run --secret MINE --log-dir logs --report page.html --junit cases.xml <<'END'
env: {DB_PASSWORD: geheim4}
jobs:
  a: {run: 'echo "A_TOKEN=geheim$((4 + 1))" >>"$LIFOGUARD_ENV"; echo "$MINE" "<$DATABASE_URL>" abc $DB_PASSWORD.', defer: 'echo $DB_PASSWORD'}
  b: {needs: a, run: 'echo "pass ${DATABASE_URL#*:*:}, $A_TOKEN$A_TOKEN"; exit 1'}
END
    expect_status 1
    has '^a   | \*\*\*$' out || fail 'the first line of a value'
    has '^a   | \*\*\* <\*\*\*> abc \*\*\*\.$' out || fail 'values'
    has '^b   | pass \*\*\*@host/db, \*\*\*\*\*\*$' out || fail 'of another job'
    ! grep -q 'geheim[1-5]' out err page.html cases.xml logs/* "$XDG_STATE_HOME"/lifoguard/history/*/* || fail 'a secret was told'
}

# A run that still runs, one that was killed, one whose events could not be written.
the_history_tells_runs_without_an_end_apart() {
    local file=$'odd\nname\t\e[31m.yaml' place=$XDG_STATE_HOME/lifoguard/history id runner
    echo 'jobs: {a: {run: "touch here; until [ -e go ]; do sleep 0.01; done", defer: "touch cleaned"}, b: {needs: a, run: echo b}}' >"$file"
    lifoguard run "$file" >ran 2>&1 &
    runner=$!
    until_true test -e here
    lifoguard history >out
    has $'\trunning\t-\todd\\\\nname\\\\t\\\\x1b\\[31m.yaml$' out || fail 'not told as running'
    id=$(cut -f1 out)
    lifoguard show >out
    has '^running; the last that is recorded came after ' out || fail 'not shown as running'
    parents
    kill -KILL "$engine"
    wait "$runner"
    until_true test -e cleaned
    lifoguard history >out
    has $'\tno end recorded\t-\t' out || fail 'not told as killed'
    : >"$place/$id/events.jsonl"
    lifoguard history >out
    has $'\tnot recorded\t-\t-$' out || fail 'not told as not recorded'
    lifoguard show >out
    has '^not recorded: the disk was full' out || fail 'not shown as not recorded'
}

# A job's first line of output changes the directory of the run; the run began before.
the_history_has_the_times_when_the_runs_began() {
    local file
    for file in 1 2; do
        echo 'jobs: {a: {run: echo a}}' >"$file.yaml"
        "$program" run "$file.yaml" >ran 2>&1 || fail 'run'
    done
    id=$(lifoguard history | tail -1 | cut -f1)
    sed -i 's/"time":"20/"time":"19/' "$XDG_STATE_HOME/lifoguard/history/$id/events.jsonl"
    lifoguard history | cut -f5 >out
    expect_out $'2.yaml\n1.yaml'
    [[ $(lifoguard history | tail -1 | cut -f2) == 19* ]] || fail 'not the time of its beginning'
    lifoguard show | head -1 >out
    has ': 2.yaml$' out || fail 'not the last one'
}

standard_input_can_be_a_graph() {
    lifoguard run --yaml - <<<'jobs: {a: {run: echo a >>log}}' >out 2>err || fail 'failed'
    expect_log a
}

the_examples_can_be_read() {
    for file in "$root"/examples/jobs/*.yaml; do
        lifoguard run --check "$file" || fail "$file"
    done
}

run_case "${3-}"
