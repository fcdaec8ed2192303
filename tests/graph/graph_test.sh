#!/usr/bin/env bash
# `lifoguard run FILE.yaml`, as people use it: graph_test.sh PROGRAM ROOT CASE. Each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
set -uo pipefail
# Bash complains of a locale that is not there.
export LC_ALL=C.UTF-8
ulimit -f 200000
ulimit -c 0

program=$(realpath "$1")
root=$2
work=$(mktemp -d)
mkdir "$work/bin"
ln -s "$program" "$work/bin/lifoguard"
export PATH=$work/bin:$PATH XDG_STATE_HOME=$work/home
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP MAKEFLAGS NO_COLOR
# shellcheck source=tests/leave.sh
source "$(dirname "$(realpath "$0")")/../leave.sh"
# shellcheck source=tests/wait.sh
source "$(dirname "$(realpath "$0")")/../wait.sh"
mkdir "$work/here" "$work/home"
cd "$work/here" || exit 1

fail() {
    printf 'failed: %s\n' "$*"
    for file in g.yaml out err log; do
        [[ ! -f $file ]] || sed "s/^/$file: /" "$file"
    done
    exit 1
}

# run OPTION…: runs the graph on standard input; sets status, and leaves the output in out and err.
run() {
    status=0
    cat >g.yaml
    timeout --foreground 100 lifoguard run "$@" g.yaml >out 2>err </dev/null || status=$?
}

# start OPTION…: likewise in the background; sets runner. parents: sets guardian, engine.
start() {
    cat >g.yaml
    env --default-signal=INT,QUIT,HUP lifoguard run "$@" g.yaml >out 2>err </dev/null &
    runner=$!
}

parents() {
    until_true child_of "$runner"
    guardian=$child
    until_true child_of "$guardian"
    engine=$child
}

finish() {
    status=0
    wait "$runner" || status=$?
}

nothing_is_pending() { [[ -z $(lifoguard pending 2>&1) ]]; }
has() { grep -q -e "$1" "$2"; }

expect_status() { [[ $status == "$1" ]] || fail "exit status $status instead of $1"; }
expect_log() { [[ $(tr '\n' ' ' <log) == "$1 " ]] || fail "log instead of: $1"; }
expect_out() { [[ $(<out) == "$1" ]] || fail "printed instead of: $1"; }
expect_err() { grep -qE -e "$1" err || fail "not said: $1"; }
expect_no_err() { ! grep -qE -e "$1" err || fail "said: $1"; }
expect_nothing_pending() { nothing_is_pending || fail "pending: $(lifoguard pending 2>&1)"; }

# wrong TEXT PLACE…: the graph on standard input is refused, with exactly these lines; nothing is run.
wrong() {
    run
    expect_status 2
    [[ $(<err) == "$(printf 'g.yaml:%s\n' "$@")" ]] || fail "said instead of: $*"
    expect_out ''
    [[ ! -e log ]] || fail "something was run"
}

# ---- order ----

jobs_run_after_what_they_need_and_clean_up_in_reverse() {
    run <<'END'
defer: echo -run >>log
jobs:
  c: {needs: b, run: echo +c >>log, defer: echo -c >>log}
  b: {needs: a, run: echo +b >>log, defer: [echo -b1 >>log, echo -b2 >>log]}
  a: {run: echo +a >>log, defer: echo -a >>log}
END
    expect_status 0
    expect_log '+a +b +c -c -b2 -b1 -a -run'
    expect_nothing_pending
}

D6_for_has_a_defer_for_each_pass() {
    run <<'END'
jobs:
  a:
    for: {N: [1, 2, 3]}
    run: [{run: echo +$N >>log, defer: echo -$N >>log}, echo ok$N >>log]
    defer: echo end$N >>log
  b: {needs: a, for: [x, "y z"], run: 'echo "$ITEM" >>log'}
END
    expect_status 0
    expect_log '+1 ok1 +2 ok2 +3 ok3 x y z -3 end3 -2 end2 -1 end1'
}

a_failure_skips_what_needs_it_and_cleans_up() {
    run <<'END'
jobs:
  a: {run: echo +a >>log, defer: 'echo -a $LIFOGUARD_STATUS >>log'}
  b: {needs: a, run: 'echo +b >>log; exit 3', defer: 'echo -b $LIFOGUARD_STATUS $LIFOGUARD_CAUSE >>log'}
  c: {needs: b, run: echo +c >>log, defer: echo -c >>log}
END
    expect_status 1
    expect_log '+a +b -b failure exit status 3 -a failure'
    expect_err 'g.yaml:3:3: b failed: exit status 3'
    expect_nothing_pending
}

the_first_failure_cancels_the_others() {
    run -j 2 <<'END'
jobs:
  slow: {run: 'echo $$ >pid; trap "echo cancelled >>log; exit 1" TERM; while :; do sleep 0.02; done'}
  bad: {run: 'until test -s pid; do sleep 0.02; done; exit 1'}
  last: {needs: slow, run: echo never >>log}
END
    expect_status 1
    expect_log 'cancelled'
    expect_no_err 'slow failed'
}

keep_going_runs_what_does_not_need_it() {
    run -k -j 1 --status=first-failure <<'END'
jobs:
  bad: {run: exit 7}
  needs-bad: {needs: bad, run: echo never >>log}
  good: {run: echo good >>log, defer: echo cleaned >>log}
END
    expect_status 7
    expect_log 'good cleaned'
    expect_err 'needs-bad\] +skipped +\(it needs bad'
}

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

# ---- keys ----

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

a_service_is_up_for_those_that_need_it() {
    run <<'END'
jobs:
  db:
    run: 'echo +db >>log; trap "echo -db >>log; exit 0" TERM; touch up; while :; do sleep 0.02; done'
    ready: {file: up}
    defer: echo cleaned >>log
  web:
    needs: db
    run: 'echo +web >>log; trap "echo -web >>log; exit 0" TERM; touch up2; while :; do sleep 0.02; done'
    ready: test -e up2
  test: {needs: [web, db], run: 'test -e up && test -e up2; echo test >>log', defer: echo tested >>log}
END
    expect_status 0
    expect_log '+db +web test tested -web -db cleaned'
}

a_service_is_ready_when_its_url_answers() {
    # The server that is asked is the test's own, so that its port is known: it answers well once the service is up.
    python3 -c '
import http.server, os
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if os.path.exists("up") else 503)
        self.end_headers()
    def log_message(self, *a): pass
s = http.server.HTTPServer(("127.0.0.1", 0), H)
open("port.new", "w").write(str(s.server_port))
os.rename("port.new", "port")
s.serve_forever()' &
    local server=$!
    until_true test -e port
    run --dry-run <<END
jobs: {db: {run: x, grace: 1s, ready: {http: "http://127.0.0.1:$(<port)/"}}}
END
    expect_status 0
    run <<END
jobs:
  db: {run: 'echo +db >>log; touch up; exec sleep 1000', grace: 50s, ready: {http: "http://127.0.0.1:$(<port)/"}}
  web: {run: 'exec sleep 1000', ready: {run: test -e up}}
  test: {needs: [db, web], run: echo test >>log}
END
    kill "$server"
    expect_status 0
    expect_log '+db test'
}

independent_services_stop_at_once() {
    run -j 3 <<'END'
jobs:
  a: {run: 'trap "touch a-ends; until test -e b-ends; do sleep 0.02; done; exit 0" TERM; touch a; while :; do sleep 0.02; done', ready: {file: a}}
  b: {run: 'trap "touch b-ends; until test -e a-ends; do sleep 0.02; done; exit 0" TERM; touch b; while :; do sleep 0.02; done', ready: {file: b}}
  test: {needs: [a, b], run: 'true'}
END
    expect_status 0
    expect_no_err SIGKILL
}

a_service_that_ends_is_a_failure() {
    run <<'END'
jobs:
  db: {run: touch up; until test -e used; do sleep 0.01; done, ready: {file: up}, defer: echo -db >>log}
  test: {needs: db, run: touch used; sleep 100}
END
    expect_status 1
    expect_log '-db'
    expect_err 'db failed: the service has ended by itself: exit status 0'
}

a_service_that_is_not_ready_is_a_failure() {
    run <<'END'
jobs:
  db: {run: 'echo +db >>log; exec sleep 100', ready: {file: never, timeout: 3s}, defer: echo -db >>log}
  test: {needs: db, run: echo never >>log}
END
    expect_status 1
    expect_err 'db failed: not ready within 3s'
    expect_log '+db -db'
    run <<'END'
jobs: {db: {run: exit 3, ready: {file: never}}}
END
    expect_status 1
    expect_err 'db failed: the service has ended before it was ready: exit status 3'
}

the_run_can_be_for_a_service() {
    start <<'END'
jobs:
  db: {run: 'trap "echo -db >>log; exit 0" TERM; touch up; while :; do sleep 0.02; done', ready: {file: up}}
  web: {needs: db, wait: true, run: 'echo $$ >pid; touch web; trap "echo -web >>log; exit 0" TERM; while :; do sleep 0.02; done', ready: {file: web}}
END
    until_true has 'web. *ready' err
    sleep 0.2
    kill -0 "$runner" || fail 'the run has ended'
    kill -TERM "$(<pid)"
    finish
    expect_status 0
    expect_log '-web -db'
}

what_a_job_left_running_ends_with_it() {
    run <<'END'
jobs:
  a: {run: 'setsid sleep 1000 >/dev/null 2>&1 & echo $! >left', defer: 'kill -0 $(cat left) && echo alive >>log'}
  b: {needs: a, run: 'kill -0 $(cat left) && echo alive >>log'}
END
    expect_status 0
    expect_log 'alive alive'
    gone "$(<left)" || fail 'it still runs'
    expect_err 'SIGTERM to [a-z]+ \(process [0-9]+\), which a job left running'
}

# ---- parallel ----

as_many_run_at_once_as_are_allowed() {
    # Each job waits until a second one runs, so that it ends only if two run at once.
    run -j 2 <<'END'
jobs:
  a: {run: 'touch a; until test -e b; do sleep 0.02; done'}
  b: {run: 'touch b; until test -e a; do sleep 0.02; done'}
END
    expect_status 0
    run -j1 < <(
        echo jobs:
        for i in {1..20}; do echo "  j$i: {run: 'mkdir one-at-a-time; rmdir one-at-a-time'}"; done
    )
    expect_status 0
}

make_s_job_server_is_honoured() {
    { echo jobs:; for i in {1..6}; do
        echo "  j$i: {run: 'echo + >>log; n=\$(ls running 2>/dev/null | wc -l); touch running/j$i; sleep 0.03; ls running | wc -l >>most; rm running/j$i'}"
    done; } >g.yaml
    mkdir running
    printf 'all: x y\nx:\n\t+lifoguard run -q g.yaml\ny:\n\t@echo y\n' >Makefile
    make -j3 >out 2>err || fail 'make failed'
    ! grep -q jobserver err || fail 'make complains'
    [[ $(wc -l <log) == 6 ]] || fail 'not all have run'
    [[ $(sort -n most | tail -1) -le 3 ]] || fail 'more than make allows at once'
}

make_s_job_server_may_be_a_fifo() {
    # Two tokens, and the one that each has: so three of four run at once.
    mkfifo server
    exec 8<>server
    printf '++' >&8
    export MAKEFLAGS=" -j3 --jobserver-auth=fifo:$PWD/server"
    run <<'END'
jobs:
  a: {run: 'touch a; until test -e b && test -e c; do sleep 0.02; done'}
  b: {run: 'touch b; until test -e a && test -e c; do sleep 0.02; done'}
  c: {run: 'touch c; until test -e a && test -e b; do sleep 0.02; done'}
END
    expect_status 0
    [[ $(head -c 2 <&8) == ++ ]] || fail 'the tokens were not given back'
    exec 8>&-
    # Without a token, the second one waits for the first one's.
    mkfifo empty
    exec 8<>empty
    MAKEFLAGS=" -j3 --jobserver-auth=fifo:$PWD/empty"
    run <<<'jobs: {a: {run: mkdir one && sleep 0.1 && rmdir one}, b: {run: mkdir one && sleep 0.1 && rmdir one}}'
    expect_status 0
    exec 8>&-
    # Where make's server is not to be had, they run as without make.
    for MAKEFLAGS in " -j3 --jobserver-auth=fifo:$PWD/nowhere" ' -j3 --jobserver-auth=77,78' \
        " -j3 --jobserver-auth=fifo:$(printf '%05000d' 0)"; do
        run <<<'jobs: {a: {run: echo a}}'
        expect_status 0
    done
    unset MAKEFLAGS
}

a_job_selects_what_it_needs() {
    run --job b <<'END'
jobs:
  a: {run: echo a >>log, defer: echo -a >>log}
  b: {needs: a, run: echo b >>log}
  c: {needs: b, run: echo c >>log}
END
    expect_status 0
    expect_log 'a b -a'
    run --job d <<<'jobs: {a: {run: "true"}}'
    expect_status 2
}

# ---- what is wrong is told with its place ----

unknown_keys_names_and_types() {
    wrong '1:1: a file has no key job; meant is perhaps jobs' \
        '3:15: the job a has no key nedds; meant is perhaps needs' \
        '3:33: there is no job buidl; meant is perhaps build' \
        '4:28: timeout must be a duration, such as 30s or 1m30s: 30' \
        '4:41: retries must be a number from 0 to 1000, not many' \
        '5:25: ready needs one of run, tcp, file, http' \
        '5:35: wait must be true or false' \
        '5:44: if must be text, not a list' \
        '6:13: not the name of a variable: 1a' \
        '6:23: b must be text, not a list' \
        '6:47: a step has no key ruin; meant is perhaps run' \
        '6:70: on must be always, failure or success, not never' \
        '7:10: nix.yaml: No such file or directory' <<'END'
job: {}
jobs:
  a: {run: x, nedds: b, needs: [buidl]}
  build: {run: x, timeout: 30, retries: many}
  d: {run: true, ready: {}, wait: yes, if: [1]}
  e: {env: {1a: x, b: [1]}, run: [x, {run: x, ruin: y}], defer: {on: never, run: x}}
include: nix.yaml
END
}

# Each mistake is told once: what follows from it is no mistake of its own.
what_is_no_variable_is_told() {
    run <<<'jobs: {a: {run: printf "A=1\n2B=2\n=3\nC D=4\nE\nF=" >>"$LIFOGUARD_ENV"}, b: {needs: a, run: "env | grep -cE '"'^(2B|C D|)='"' || echo $A${F-unset}"}}'
    expect_status 0
    expect_out $'b   | 0\nb   | 1'
    local line
    for line in 2B=2 =3 'C D=4' E; do
        expect_err "a: not NAME=VALUE in LIFOGUARD_ENV: $line\$"
    done
}

one_mistake_is_one_message() {
    wrong '1:8: a key must be text, not a list' <<<'jobs: {[x]: {run: true}}'
    wrong '1:1: a key must be text, not a list' <<<$'[a]: 1\njobs: {a: {run: true}}'
    wrong '1:12: a key must be text, not a map' <<<'jobs: {a: {{x: y}: 1, run: true}}'
    wrong '1:29: a key must be text, not a list' <<<'jobs: {a: {run: true, env: {[x]: 1}}}'
    wrong '1:11: the job a must be a map, not nothing' <<<'jobs: {a: }'
    wrong '1:11: the job a must be a map, not text' <<<'jobs: {a: true}'
    wrong '1:12: the job a has no key ran; meant is perhaps run' <<<'jobs: {a: {ran: true}}'
    wrong '1:23: the job a has no key retry; meant is perhaps retries' <<<'jobs: {a: {run: true, retry: 1}}'
    wrong '1:2: a file has no key nix; the keys are jobs, defer, include, timeout, grace, env, env_file, dir, shell' \
        <<<'{nix: 1, jobs: {a: {run: true}}}'
    wrong '1:18: run must be text, not a list' <<<'jobs: {a: {run: [[x]], retries: 1}}'
    wrong '1:8: the job a has nothing to do: it needs run, or needs' <<<'jobs: {a: {run: []}}'
    wrong '1:25: the job b has no run that could fail' <<<'jobs: {a: {run: true},  b: {needs: a, retries: 1}}'
    wrong '1:25: the job b has no run that could fail' <<<'jobs: {a: {run: true},  b: {needs: a, on_failure: x}}'
}

a_lock_that_is_here_twice_is_refused() {
    wrong '1:36: the lock x is here twice' <<<'jobs: {a: {run: true, lock: [x, y, x]}}'
    run -j 2 <<<'jobs: {a: {run: true, lock: [x, y]}, b: {run: true, lock: [y, x]}}'
    expect_status 0
}

tags_are_refused() {
    wrong '1:17: the tag !foo is not known here: leave it out' <<<'jobs: {a: {run: !foo x}}'
    wrong '1:17: the tag tag:yaml.org,2002:binary is not known here: leave it out' <<<'jobs: {a: {run: !!binary aGk=}}'
    wrong '1:7: the tag tag:yaml.org,2002:set is not known here: leave it out' <<<'jobs: !!set {a: {run: x}}'
    run <<<'jobs: !!map {a: {run: !!seq [!!str "echo a"], retries: !!int 1, wait: !!bool false}}'
    expect_out 'a   | a'
}

merge_keys_add_what_a_map_has_not() {
    run -j 1 <<'END'
x-defaults: &defaults {env: {A: 1, B: 2}, run: echo "$A$B"}
x-more: &more {run: echo more, grace: 1s}
jobs:
  a: *defaults
  b: {<<: *defaults, env: {A: 3, B: 4}}
  c: {<<: [*more, *defaults], needs: b}
  d: {needs: c, env: &env {A: 5}, run: true}
  e:
    needs: d
    run: echo "$A$B"
    env:
      <<: *env
      B: 6
END
    expect_status 0
    expect_out $'a   | 12\nb   | 34\nc   | more\ne   | 56'
    wrong '1:16: << takes a map, or a list of maps, not text' <<<'jobs: {a: {<<: x, run: x}}'
    wrong '1:21: << takes a map, or a list of maps, not a list' <<<'jobs: {a: {<<: [{}, [y]], run: x}}'
    wrong '2:13: the job b has no key ruin; meant is perhaps run' <<<$'x-a: &a\n  {env: {}, ruin: x}\njobs: {b: {<<: *a}}'
    wrong '1:20: << is here twice: give it a list of maps' <<<'jobs: {a: {<<: {}, <<: {}, run: x}}'
    wrong '2:22: << adds more than 1000 keys' <<<"x-a: &a {$(printf 'k%d: 1, ' {1..501})}"$'\njobs: {a: {env: {<<: [*a, *a]}, run: x}}'
}

wrong_types_of_every_key() {
    local key value
    while read -r key value; do
        printf 'jobs:\n  a:\n    %s: %s\n' "$key" "$value" >w.yaml
        [[ $key == run ]] || printf '    run: x\n' >>w.yaml
        status=0
        lifoguard run w.yaml >out 2>err || status=$?
        expect_status 2
        grep -qE '^w.yaml:[34]:[0-9]+: ' err || fail "no place for $key: $value: $(<err)"
    done <<'END'
run {}
run [[x]]
run
defer [[]]
defer {}
needs {}
needs [[a]]
timeout -1s
timeout [1s]
grace x
retries -1
retries 1.5
env x
env {A: {}}
env_file {}
dir [x]
shell [x]
args {a: b}
args [[x]]
on_failure {}
on_success {}
ready []
ready {tcp: x, file: y}
if {}
lock a/b
lock {}
for x
for {A: x}
for {A-B: [x]}
wait 1
wait true
END
}

duplicate_keys_are_refused() {
    wrong '4:3: the key a is here twice, first in line 2' \
        '4:16: the key run is here twice, first in line 4' <<'END'
jobs:
  a: {run: x}
  b: {run: x}
  a: {run: x,  run: y}
END
}

cycles_are_refused_as_paths() {
    wrong '4:14: these jobs need each other: b → a → c → b' '5:14: these jobs need each other: d → d' <<'END'
jobs:
  b: {needs: a}
  a: {needs: c}
  c: {needs: b}
  d: {needs: d}
END
}

what_is_no_yaml_is_refused() {
    run <<<'jobs: ['
    expect_status 2
    expect_err '^g.yaml:[12]:[0-9]+: not YAML: '
    run <<<$'jobs: {a: {run: x}}\n---\njobs: {}'
    expect_err '^g.yaml:[23]:[0-9]+: a second document'
    run </dev/null
    expect_err '^g.yaml:1:1: the file is empty'
    run <<<'jobs: &a {x: *a}'
    expect_err 'contains itself'
    wrong '2:11: not YAML: invalid leading UTF-8 octet' < <(printf 'jobs:\n  é: {é: "\xff"}')
    wrong '3:3: not YAML: control characters are not allowed' < <(printf 'jobs:\n  a:\n  \0')
    run <<<$'jobs:\n\ta: {run: x}'
    expect_err '^g.yaml:2:1: not YAML'
}

what_does_not_fit_together_is_refused() {
    run <<<'jobs: {a: {}}'
    expect_err '^g.yaml:1:8: the job a has nothing to do'
    run <<<'jobs: {a: {run: x, wait: true}}'
    expect_err '^g.yaml:1:20: wait is for a service'
    run <<<'jobs: {a: {run: [x, y], ready: z}}'
    expect_err '^g.yaml:1:32: a service needs one command'
    run <<<'jobs: {a: {run: x, lock: l}, b: {needs: a, run: x, lock: l}}'
    expect_err '^g.yaml:1:30: b waits for a lock that a holds'
    run <<<'jobs: {a: {run: x, lock: l}, c: {run: x, lock: [k, l]}, d: {needs: a, run: x}, b: {needs: [c, d], run: x}}'
    expect_err '^g.yaml:1:30: a and c have the same lock, and each holds it until b is over, which needs both'
    run --check <<<'jobs: {a: {run: x, lock: l}, c: {run: x, lock: l}, d: {needs: a, run: x}}'
    expect_status 0
    run <<<'jobs: {a b: {run: x}}'
    expect_err '^g.yaml:1:8: the name of a job'
    run <<<'jobs: {s: {run: [{run: x, defer: y}], ready: z}}'
    expect_err '^g.yaml:1:24: the command of a service has no defer of its own'
    run <<<'jobs: {a: {run: x, defer: {run: x, on: [x]}}}'
    expect_err '^g.yaml:1:40: on must be text'
    run <<<"jobs: {a: {run: x, needs: $(printf '%0100d' 0)}}"
    expect_err '^g.yaml:1:27: there is no job 0*$'
    run --check <<<'jobs: {a: {run: x}, b: {needs: a, shell: bash}}'
    expect_status 0
    run -j 10001 <<<'jobs: {a: {run: x}}'
    expect_err '--jobs: at most 10000'
    lifoguard run --yaml 2>err && fail 'without a file'
    expect_err 'which FILE is to be run'
    lifoguard run --yaml -j 2>err && fail 'without a number'
    expect_err '-j needs a value'
}

places_that_cannot_be_used_are_told() {
    local place=$XDG_STATE_HOME/lifoguard
    lifoguard history >out 2>err || fail "no runs: $?"
    expect_out ''
    run <<<'jobs: {a: {run: echo a, lock: l}}'
    expect_status 0
    rm -r "$place/history" "$place/locks"
    touch "$place/history" "$place/locks"
    run <<<'jobs: {a: {run: echo a >>log}}'
    expect_status 0
    expect_log a
    expect_err 'history is not a directory: this run will not be in the history'
    lifoguard history >out 2>err || fail "no history: $?"
    run <<<'jobs: {a: {run: echo never >>log, lock: l}}'
    expect_status 1
    expect_log a
    expect_err 'a failed: .*locks is not a directory'
    status=0
    lifoguard history --state "$place/locks" >out 2>err || status=$?
    expect_status 1
    expect_err 'locks is not a directory'
    # No PATH, no programs: so it is the shell that looks for the command.
    echo 'jobs: {a: {run: echo a >>log}}' >g.yaml
    env -u PATH "$program" run g.yaml 2>err || fail "without PATH: $?"
    expect_log 'a a'
}

a_state_that_is_not_there_is_told() {
    local request words
    mkdir others
    touch others/file
    for request in pending history show 'logs 1 a' 'recover --all' 'recover x' 'abandon --forget x'; do
        read -ra words <<<"$request"
        for place in nowhere nowhere/ others; do
            lifoguard "${words[0]}" --state "$place" "${words[@]:1}" >out 2>err && fail "$request: no error"
            expect_err "there is no state at $PWD/${place%/}\$"
            LIFOGUARD_STATE=$PWD/$place lifoguard "${words[@]}" >out 2>err && fail "$request: no error"
            expect_err "there is no state at $PWD/${place%/}\$"
        done
    done
    [[ ! -e nowhere && $(ls others) == file ]] || fail 'a folder was made'
    # An empty folder is one that nothing was recorded in; likewise a place that was not named, which only a run makes.
    mkdir -m 700 empty
    for request in pending history 'recover --all'; do
        read -ra words <<<"$request"
        lifoguard "${words[@]}" >out 2>err || fail "$request: $?"
        lifoguard "${words[0]}" --state empty "${words[@]:1}" >>out 2>>err || fail "$request in an empty folder: $?"
        [[ ! -s out && ! -s err ]] || fail "$request has said something"
    done
    [[ ! -e $XDG_STATE_HOME/lifoguard ]] || fail 'a state was made'
}

a_page_that_cannot_be_written_is_a_failure() {
    local option
    for option in --report --junit; do
        run "$option" nowhere/page <<<'jobs: {a: {run: "true"}}'
        expect_status 125
        expect_err 'nowhere/page: No such file or directory'
        run --status=first-failure "$option" nowhere/page <<<'jobs: {a: {run: exit 3}}'
        expect_status 3
        expect_err 'nowhere/page: No such file or directory'
        echo true >lines
        status=0
        lifoguard run "$option" nowhere/page lines >out 2>err || status=$?
        expect_status 125
        expect_err 'nowhere/page: No such file or directory'
        echo 'exit 3' >lines
        lifoguard run --status=first-failure "$option" nowhere/page lines >out 2>err
        status=$?
        expect_status 3
    done
}

of_much_output_the_last_is_in_the_report() {
    run -j 2 --report r.html <<END
jobs:
  a: {run: "seq 1000000 1006000; until test -e up; do sleep 0.02; done; exit 3"}
  b: {needs: a, run: x}
  c: {dir: "/", run: "touch $PWD/up\nexec sleep 1000", defer: 'test "\$(pwd)" = /'}
END
    expect_status 1
    : >out
    has '1006000' r.html || fail 'the last line is not in the report'
    ! has '^1000001$' r.html || fail 'all of it is in the report'
    lifoguard show --report nowhere/r.html 2>err && fail 'written into no folder'
    expect_err 'nowhere/r.html: No such file or directory'
    mkdir folder
    status=0
    lifoguard logs "$(lifoguard history | cut -f1)" a 2>err >&- || status=$?
    expect_status 125
    expect_err 'standard output: Bad file descriptor'
    lifoguard show --junit folder 2>err && fail 'written in the place of a folder'
    expect_err 'folder: '
    [[ ! -e folder.new ]] || fail 'something is left'
    lifoguard show >out || fail "show: $?"
    has '^  a: failed: exit status 3$' out || fail 'a'
    has '^  b: cancelled$' out || fail 'b'
    has '/up\\nexec sleep 1000  (killed by SIGTERM)$' out || fail 'the command of c'
    # Of a history that was written by another version, or not to its end, the rest is shown.
    local place=$XDG_STATE_HOME/lifoguard/history id
    id=$(lifoguard history | cut -f1)
    mkdir "$place/nothing"
    printf '{"event":"of-the-future"}\n\n{"event":"start","job":"a","text":"cut\134' >>"$(echo "$place/$id"/events*)"
    lifoguard show "$id" >out || fail "show: $?"
    has '^  a: ' out || fail 'a is not shown'
    [[ $(lifoguard history | wc -l) == 1 ]] || fail 'not one run in the history'
}

an_option_behind_the_file_is_told() {
    echo 'jobs: {a: {run: "echo $1 $# >>log"}}' >g.yaml
    echo 'echo $1 $# >>log' >lines
    local file
    for file in g.yaml lines; do
        rm -f log
        lifoguard run "$file" --report=x.html >out 2>err || fail "status $?"
        expect_log '--report=x.html 1'
        expect_err "^lifoguard: --report=x.html stands behind $file, so it is an argument"
        lifoguard run "$file" -- --report x.html >out 2>err || fail "status $?"
        ! has 'stands behind' err || fail 'told behind --'
        expect_log '--report=x.html 1 --report 2'
        lifoguard run "$file" --mine -k >out 2>err || fail "status $?"
        ! has 'stands behind' err || fail 'told of no option'
    done
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

of_many_mistakes_the_first_are_told() {
    run < <(echo 'jobs:'; for i in {1..120}; do echo "  j$i: {run: x, nix: y}"; done; echo '  j7: {run: z}'; echo '  j7: {run: z}')
    expect_status 2
    expect_err '^g.yaml:2:16: the job j1 has no key nix'
    expect_err '^… and [0-9]+ more$'
    run < <(echo 'jobs:'; for i in {1..60}; do echo "  j$i: {run: x}"; done; echo '  j7: {run: z}'; echo '  ? [x]'; echo '  : {run: z}')
    expect_err '^g.yaml:62:3: the key j7 is here twice, first in line 8'
    expect_err '^g.yaml:63:5: a key must be text, not a list'
}

files_that_cannot_be_read_are_told() {
    local file
    mkdir folder.yaml
    truncate -s 17M large.yaml
    for file in 'nowhere.yaml: No such file' 'folder.yaml: Is a directory' 'large.yaml: it is larger than 16 MiB'; do
        status=0
        lifoguard run "${file%%:*}" >out 2>err || status=$?
        expect_status 2
        expect_err "^$file"
    done
    wrong '1:12: nowhere: No such file or directory' <<<'{env_file: nowhere, jobs: {a: {run: x}}}'
    printf 'A=b  \nexport C="d"\nnot\n' >e
    run <<<'{env_file: e, jobs: {a: {run: "true"}}}'
    expect_status 2
    expect_err '^e:3:1: not NAME=VALUE: not$'
    sed -i '$ d' e
    run <<<'{env_file: e, jobs: {a: {run: "echo $A.$C >>log"}}}'
    expect_log 'b.d'
    printf 'A=b\nB=c\0d\nLIFOGUARD_RUN=1\nLIFOGUARD_STATE=elsewhere\n' >e
    run <<<'{env_file: e, jobs: {a: {run: "true", env: {LIFOGUARD_JOB: x}}}}'
    expect_status 2
    [[ $(<err) == 'g.yaml:1:45: LIFOGUARD_JOB is set by the run itself: choose another name
e:2:1: a zero byte, which no variable can hold
e:3:1: LIFOGUARD_RUN is set by the run itself: choose another name' ]] || fail 'said something else'
    run <<<'{}'
    expect_status 2
    run <<<'jobs: {}'
    expect_status 0
}

what_no_service_can_be_ready_at_is_refused() {
    wrong '2:28: not HOST:PORT: 8080' '3:28: not a PORT: 70000' '4:29: not http://…: https://h/ (for https, curl -fsS as a command)' <<'END'
jobs:
  a: {run: x, ready: {tcp: "8080"}}
  b: {run: x, ready: {tcp: "h:70000"}}
  c: {run: x, ready: {http: "https://h/"}}
END
}

R3_a_job_that_could_not_begin_has_nothing_to_clean_up() {
    run <<'END'
jobs: {a: {dir: nowhere, run: echo a, defer: echo never >log}}
END
    expect_status 1
    [[ ! -e log ]] || fail 'cleaned up'
    expect_nothing_pending
    run <<'END'
jobs: {s: {dir: nowhere, run: sleep 1000, ready: "true", defer: echo never >log}, a: {needs: s, run: echo never >log}}
END
    expect_status 1
    [[ ! -e log ]] || fail 'the service was cleaned up'
    expect_nothing_pending
}

a_command_that_no_shell_can_be_given_is_refused() {
    local long
    long=$(printf '%0200000d' 0)
    wrong '1:30: the command is longer than 128 KiB, which no shell can be given: put it into a script' \
        <<<"jobs: {a: {run: echo, defer: 'echo $long >>log'}}"
}

the_shell_reads_all_commands_first() {
    run <<<$'jobs:\n  b: {run: touch log}\n  a: {run: "if then"}'
    expect_status 2
    expect_err '^g.yaml:3:12: the shell cannot read this'
    [[ ! -e log ]] || fail 'something was run'
}

each_shell_reads_the_commands_that_are_for_it() {
    run <<'END'
jobs:
  a: {run: 'echo a >>log; :'}
  b: {run: 'c=(1 2); echo "${c[1]}" >>log', shell: bash, needs: a}
END
    expect_status 0
    expect_log 'a 2'
    printf '#!/bin/sh\nexit 2\n' >never
    chmod +x never
    run <<<$'jobs:\n  b: {run: "c=(1 2); :", shell: bash}\n  a: {run: "echo no >>log", shell: ./never}'
    expect_status 2
    expect_err '^g.yaml:3:12: the shell cannot read this'
    expect_log 'a 2'
}

included_files_are_checked_too() {
    echo 'jobs: {a: {run: x, nix: y}}' >i.yaml
    run <<<'{include: i.yaml, jobs: {b: {run: x, nix: y}}}'
    expect_status 2
    expect_err '^i.yaml:1:20: the job a has no key nix'
    expect_err '^g.yaml:1:38: the job b has no key nix'
    echo '{include: g.yaml, jobs: {a: {run: x}}}' >i.yaml
    run <<<'{include: i.yaml, jobs: {b: {run: x}}}'
    expect_err '^i.yaml:1:11: g.yaml includes itself'
    echo 'jobs: {a: {run: x}}' >i.yaml
    run <<<'{include: i.yaml, jobs: {a: {run: x}}}'
    expect_err 'there is a job a already, in'
    printf 'defer: x\ntimeout: 1s\njobs: {b: {run: x}}\n' >i.yaml
    run <<<'{include: i.yaml, jobs: {a: {run: x}}}'
    expect_err '^i.yaml:1:1: only the file that is run may have defer here'
    expect_err '^i.yaml:2:1: only the file that is run may have timeout here'
    local i
    for i in {1..256}; do echo "jobs: {j$i: {run: x}}" >"i$i.yaml"; done
    run < <(echo "include: [$(printf 'i%d.yaml, ' {1..256})]"; echo 'jobs: {a: {run: x}}')
    expect_status 2
    expect_err '^g.yaml:1:[0-9]+: more than 256 files'
}

dry_run_and_check_run_nothing() {
    cat >g.yaml <<'END'
defer: echo run
jobs:
  test:
    needs: db
    for: [x, y]
    run: {run: "touch $ITEM", defer: "rm $ITEM"}
  db: {run: server, ready: {tcp: "localhost:1"}, defer: rm db}
END
    sed -i 's/run: {run/run: [{run/; s/rm \$ITEM"}/rm $ITEM"}]/' g.yaml
    lifoguard run --check g.yaml >out 2>err || fail 'refused'
    lifoguard run --yaml --dry-run - <<<'jobs: {a: {defer: x}}' >nothing || fail 'of nothing'
    has 'nothing to run' nothing || fail 'that there is nothing to run'
    expect_out ''
    lifoguard run --dry-run g.yaml >out 2>err || fail 'refused'
    expect_out 'jobs:
  db    service: server
  db    ready at tcp localhost:1
  test  needs db
  test  ITEM=x: touch $ITEM
  test  ITEM=y: touch $ITEM
cleanups:
  test  ITEM=y: rm $ITEM
  test  ITEM=x: rm $ITEM
  db    the service is ended
  db    rm db
  run   echo run'
}

standard_input_can_be_a_graph() {
    lifoguard run --yaml - <<<'jobs: {a: {run: echo a >>log}}' >out 2>err || fail 'failed'
    expect_log a
}

# ---- killed ----

# The order that each of these has to lead to, whatever is killed.
chain() {
    cat <<'END'
defer: echo -run >>log
jobs:
  a: {run: echo +a >>log, defer: echo -a >>log}
  s: {needs: a, run: 'echo +s >>log; echo $$ >pid; exec sleep 1000', ready: {file: pid}, defer: echo -s >>log}
  b: {needs: s, run: 'echo +b >>log; exec sleep 1000', defer: 'echo -b $LIFOGUARD_STATUS >>log'}
END
}

expect_chain() {
    until_true has -run log
    expect_log '+a +s +b -b unknown -s -a -run'
    until_true gone "$(<pid)"
    until_true nothing_is_pending
}

signals_end_the_jobs_and_run_the_cleanups() {
    for signal in TERM:143 INT:130 HUP:129; do
        rm -f log pid # a file of the last round would say that s is ready
        start < <(chain)
        until_true has +b log
        kill "-${signal%:*}" "$runner"
        finish
        expect_status "${signal#*:}"
        expect_chain
    done
}

SIGQUIT_leaves_the_cleanups_out() {
    start <<'YAML'
jobs:
  server: {run: 'touch up; sleep 600', ready: {file: up}, defer: echo -server >>log}
  a: {needs: server, run: echo +a >>log, defer: echo -a >>log}
  b: {needs: a, run: 'touch at; sleep 600', defer: echo -b >>log}
YAML
    until_true test -e at
    kill -QUIT "$runner"
    finish
    expect_status 131
    expect_log +a
    expect_err 'a: cleanup [0-9] is left out: echo -a >>log'
    expect_nothing_pending
}

a_signal_while_only_cleanups_run() {
    # The first one is noted, the next one ends the cleanup that runs; the others still run.
    start <<'YAML'
jobs:
  a: {run: 'true', defer: 'echo -a $LIFOGUARD_STATUS $LIFOGUARD_SIGNAL $LIFOGUARD_CAUSE >>log'}
  b: {needs: a, run: 'true', defer: 'touch at; sleep 600'}
YAML
    until_true test -e at
    kill -TERM "$runner"
    until_true has 'the cleanups are running' err
    sleep 1.1 # time to read that
    kill -INT "$runner"
    finish
    expect_status 143
    expect_log '-a cancelled TERM SIGTERM'
}

S7_the_same_signal_twice_is_one() {
    start <<'END'
jobs: {a: {run: 'trap "sleep 0.3; echo in order >>log; exit 0" TERM; touch up; while :; do sleep 0.02; done'}}
END
    until_true test -e up
    kill -TERM "$runner"
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_log 'in order'
}

further_signals_press_what_does_not_end() {
    start -j 2 <<'END'
jobs:
  a: {run: 'trap "" INT TERM HUP; touch up; while :; do sleep 0.02; done', grace: 1000s, defer: echo cleaned >>log}
END
    until_true test -e up
    kill -INT "$runner"
    until_true has 'SIGINT: ending the jobs that run' err
    until_true signalled_until 'has not ended yet: SIGTERM'
    until_true signalled_until 'has not ended yet: SIGKILL'
    finish
    expect_status 130
    expect_log cleaned
}
# signalled_until TEXT: signals that differ, since the same one twice is one, until the engine has said that.
signalled_until() {
    local number
    for number in HUP TERM; do
        ! has "$1" err || return 0
        kill -"$number" "$runner"
        sleep 0.2
    done
    return 1
}

R4_a_cleanup_whose_attempt_alone_is_killed_runs_once() {
    start <<'END'
jobs:
  a: {run: 'true', defer: 'echo began >>log; echo $PPID >attempt.new; mv attempt.new attempt; until test -e go; do sleep 0.02; done; echo done >>log'}
END
    until_true test -e attempt
    kill -KILL "$(<attempt)"
    until_true gone "$(<attempt)"
    touch go
    finish
    expect_status 0
    expect_log 'began done'
    expect_nothing_pending
}

nobody_reads_what_it_tells() {
    echo 'jobs: {a: {run: "until test -e closed; do sleep 0.02; done; echo x", defer: echo cleaned >>log}}' >g.yaml
    {
        lifoguard run g.yaml 2>&1 </dev/null
        echo $? >status
    } | {
        exec <&-
        touch closed
    }
    until_true test -s status
    [[ $(<status) == 0 ]] || fail "status $(<status)"
    expect_log cleaned
}

what_is_no_text_is_replaced_in_json() {
    run --json <<'END'
jobs: {a: {run: "printf '\\303(\\n'; echo"}}
END
    expect_status 0
    has "\"text\":\"$(printf '\357\277\275')(\"}" out || fail 'not the replacement character'
}

a_stubborn_job_is_killed() {
    start <<'END'
grace: 100ms
jobs: {a: {run: 'trap "" TERM; touch up; while :; do sleep 0.02; done', defer: echo -a >>log}}
END
    until_true test -e up
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_log -a
    expect_err SIGKILL
}

R4_the_cleanups_run_when_the_runner_is_killed() {
    start < <(chain)
    until_true has +b log
    kill -KILL "$runner"
    expect_chain
}

R4_the_cleanups_run_when_the_engine_is_killed() {
    start < <(chain)
    until_true has +b log
    parents
    kill -KILL "$engine"
    finish
    expect_status 137
    expect_chain
}

R3_a_service_that_prints_outlives_the_engine() {
    # Each sleep is started after the cleanup was registered, and so is ended before it; the server starts nothing else.
    start <<'YAML'
jobs:
  server:
    run: 'echo $$ >server; while :; do echo alive; : >printed; sleep 0.01 || true; done'
    ready: test -e printed
  user:
    needs: server
    run: 'echo >at; sleep 600'
    defer: 'rm printed; until test -e printed; do kill -0 $(cat server) || exit; sleep 0.01; done; echo prints still >>log'
YAML
    until_true test -e at
    parents
    kill -KILL "$engine"
    finish
    until_true has 'prints still' log
    until_true nothing_is_pending
}

R4_the_runner_goes_on_without_the_guardian() {
    start < <(chain)
    until_true has +b log
    parents
    kill -KILL "$guardian"
    until_true has 'goes on in its place' err
    kill -TERM "$runner"
    finish
    expect_status 143
    expect_chain
}

R4_after_both_are_killed_the_next_command_recovers() {
    start < <(chain)
    until_true has +b log
    parents
    kill -KILL "$runner" "$guardian"
    until_true gone "$guardian"
    until_true gone "$runner"
    lifoguard pending >out 2>&1
    expect_chain
    until_true gone "$engine"
}

R4_a_cleanup_that_runs_when_the_engine_is_killed_runs_once() {
    start <<'END'
jobs:
  a: {run: 'true', defer: echo -a >>log}
  b: {needs: a, run: 'true', defer: 'echo begun >>log; touch begun; until test -e go; do sleep 0.02; done; echo -b >>log'}
END
    until_true test -e begun
    parents
    kill -KILL "$engine"
    until_true gone "$engine"
    touch go
    finish
    until_true has -a log
    expect_log 'begun -b -a'
    until_true nothing_is_pending
}

R7_a_run_that_was_taken_over_goes_no_further() {
    start <<'END'
jobs:
  a: {run: 'true', defer: 'echo -a >>log'}
  b: {needs: a, run: 'touch at; until test -e go; do sleep 0.02; done', defer: 'echo -b >>log'}
  c: {needs: b, run: echo +c >>log, defer: 'echo -c >>log'}
END
    until_true test -e at
    parents
    local name
    name=$(lifoguard pending | cut -f1 | head -1)
    kill -STOP "$runner" "$guardian" "$engine"
    lifoguard recover --force "$name" 2>recovered || fail "recover --force: $?"
    expect_log '-b -a'
    touch go
    kill -CONT "$runner" "$guardian" "$engine" 2>/dev/null
    finish
    until_true gone "$guardian"
    until_true gone "$engine"
    expect_log '-b -a'
    [[ $status != 0 ]] || fail 'a success'
    until_true nothing_is_pending
}

waits_of() { sed -n 's/^voluntary_ctxt_switches:\t//p' "/proc/$1/status"; }
has_waited() { (($(waits_of "$1") >= $2)); }

# Sets attempt and cleanup: the process of an attempt, and of the command that it runs.
start_cleanup_that_waits() {
    start <<'END'
jobs:
  a: {run: 'true', defer: echo -a >>log}
  b: {needs: a, run: 'true', defer: 'echo begun >>log; echo $$ >begun; until test -e go; do sleep 0.02; done; echo -b >>log'}
END
    until_true test -s begun
    parents
    attempt=$(pgrep -P "$engine" -x lifoguard-try)
    cleanup=$(<begun)
}

expect_one_cleanup() {
    finish
    until_true has -a log
    expect_log 'begun -b -a'
    until_true nothing_is_pending
}

R4_a_cleanup_runs_once_when_its_attempt_is_killed_with_the_engine() {
    start_cleanup_that_waits
    kill -KILL "$engine" "$attempt"
    until_true gone "$engine"
    # The guardian has taken the run over, and looks again and again.
    local before
    before=$(waits_of "$guardian")
    until_true has_waited "$guardian" $((before + 20))
    touch go
    expect_one_cleanup
}

R4_a_cleanup_that_ends_before_the_guardian_comes_to_it_runs_once() {
    start_cleanup_that_waits
    kill -STOP "$guardian"
    kill -KILL "$engine" "$attempt"
    touch go
    until_true gone "$cleanup"
    kill -CONT "$guardian"
    expect_one_cleanup
}

# each_event MOMENT: what is acquired is released once and in reverse, whatever happens at this moment of the job `b`: before it
# acquires, when it has, while it waits to be ready, while it cleans up.
each_event() {
    local moment=$1 event script
    case $moment in
    before) script='echo >at; until test -e go; do sleep 0.02; done; echo +b >>log' ;;
    after) script='echo +b >>log; echo >at; until test -e go; do sleep 0.02; done' ;;
    esac
    for event in success failure TERM INT HUP runner engine guardian both; do
        echo "event $event"
        rm -f log at go
        case $moment in
        cleaning) set -- "run: 'echo +b >>log'" "echo >at; until test -e go; do sleep 0.02; done; echo -b >>log" ;;
        ready) set -- "run: 'echo +b >>log; exec sleep 1000', ready: 'echo >at; test -e go'" 'echo -b >>log' ;;
        *) set -- "run: '$script'" 'echo -b >>log' ;;
        esac
        [[ $event != failure || $moment == ready || $moment == cleaning ]] || set -- "run: '$script; exit 3'" "$2"
        start <<END
defer: echo -run >>log
jobs:
  a: {run: echo +a >>log, defer: echo -a >>log}
  b: {needs: a, $1, defer: '$2'}
END
        until_true test -e at
        parents
        case $event in
        success | failure) touch go ;;
        TERM | INT | HUP)
            kill "-$event" "$runner"
            until_true has "SIG$event: \(ending the jobs\|the cleanups are running\)" err
            ;;
        runner) kill -KILL "$runner" ;;
        engine) kill -KILL "$engine" ;;
        guardian)
            kill -KILL "$guardian"
            until_true has 'goes on in its place' err
            ;;
        both)
            kill -KILL "$runner" "$guardian"
            until_true gone "$guardian"
            until_true gone "$runner"
            lifoguard pending >out 2>&1 &
            ;;
        esac
        touch go
        wait "$runner" 2>/dev/null
        wait
        until_true has -run log
        until_true nothing_is_pending
        [[ $(grep '^+' log | tac | tr + -) == "$(grep -e '^-[ab]' log | grep -xFf <(grep '^+' log | tr + -))" ]] ||
            fail "$event: $(tr '\n' ' ' <log)"
        [[ $(grep -c -e '^-' log) == $(grep -e '^-' log | sort -u | grep -c .) ]] || fail "$event: twice: $(tr '\n' ' ' <log)"
        [[ $(tail -1 log) == -run ]] || fail "$event: the last is not the last"
    done
}

R4_each_event_before_something_is_acquired() { each_event before; }
R4_each_event_after_something_is_acquired() { each_event after; }
R4_each_event_while_a_service_gets_ready() { each_event ready; }
R4_each_event_while_it_cleans_up() { each_event cleaning; }

R5_a_failed_cleanup_stops_no_other_and_is_kept() {
    run <<'END'
jobs:
  a: {run: 'true', defer: echo -a >>log}
  b: {needs: a, run: 'true', defer: [echo -b >>log, exit 5, {run: 'echo x >>log; test $(grep -c x log) = 2', retries: 1}]}
END
    expect_status 1
    expect_log 'x x -b -a'
    lifoguard pending >out
    grep -q 'failed.*exit status 5' out || fail 'it is not kept'
}

kills_at_random_moments_lose_nothing() {
    for ((i = 0; i < 12; i++)); do
        rm -f log
        start -j 3 <<'END'
defer: echo -run >>log
jobs:
  a: {run: echo +a >>log, defer: echo -a >>log}
  b: {needs: a, run: echo +b >>log, defer: echo -b >>log}
  c: {needs: b, run: echo +c >>log, defer: echo -c >>log}
  d: {needs: c, run: 'echo +d >>log; sleep 0.05', defer: echo -d >>log}
END
        guardian='' engine=''
        sleep "0.0$((RANDOM % 9))"
        child_of "$runner" 2>/dev/null && guardian=$child
        [[ -z $guardian ]] || { child_of "$guardian" 2>/dev/null && engine=$child; }
        case $((i % 4)) in
        0) victims=("$runner") ;;
        1) victims=("$guardian") ;;
        2) victims=("$engine") ;;
        3) victims=("$runner" "$guardian") ;;
        esac
        for victim in "${victims[@]}"; do
            [[ -z $victim ]] || kill -KILL "$victim" 2>/dev/null
        done
        wait "$runner" 2>/dev/null
        [[ -z $guardian ]] || until_true gone "$guardian"
        lifoguard pending >>out 2>&1
        until_true nothing_is_pending
        touch log
        # What was acquired is released once, in reverse; an intention that came to nothing may be released as well.
        for name in $(sed -n 's/^+//p' log | tac); do
            [[ $(grep -c -e "^-$name\$" log) == 1 ]] || fail "round $i: $name"
        done
        [[ $(grep -e '^-[a-d]' log) == "$(grep -e '^-[a-d]' log | sort -r)" ]] || fail "round $i: not in reverse"
    done
}

a_cleanup_of_defer_inside_a_job_runs_at_the_end() {
    run <<'END'
jobs: {a: {run: 'echo +a >>log; lifoguard defer --shell "echo -deferred >>log"', defer: echo -a >>log}}
END
    expect_status 0
    expect_log '+a -a -deferred'
}

keep_leaves_the_cleanups() {
    run --keep <<<'jobs: {a: {run: "true", defer: echo -a >>log}}'
    [[ ! -e log ]] || fail 'it ran'
    lifoguard recover "$(lifoguard pending | cut -f1 | head -1)" >out 2>&1
    expect_log -a
}

# ---- output ----

output_has_the_names_of_the_jobs() {
    run <<<'jobs: {build: {run: "echo one; echo two >&2; printf three"}}'
    expect_out $'build | one\nbuild | two\nbuild | three'
    expect_err '^\[build\] start   echo one'
    expect_err '^lifoguard: ok: 1 of 1 job, 0 cleanups'
    run -q <<<'jobs: {build: {run: "true"}}'
    expect_no_err start
}

json_events_are_objects_a_line() {
    run --json <<'END'
jobs:
  a: {run: 'printf "a\"\\\\\001b\377\nc\n"', defer: echo bye}
END
    python3 -c '
import json, sys
events = [json.loads(line) for line in open("out", encoding="utf-8")]
kinds = [event["event"] for event in events]
assert kinds[0] == "begin" and kinds[-1] == "end", kinds
assert events[-1]["status"] == 0
outputs = [event["text"] for event in events if event["event"] == "output"]
assert outputs == ["a\"\\\x01b\ufffd", "c", "bye"], outputs
for kind in "start", "ok", "defer", "job-ok", "cleanup-start", "cleanup-ok", "finished":
    assert kind in kinds, (kind, kinds)
' || fail 'not the events'
}

log_dir_has_a_file_a_job() {
    run --log-dir logs <<<'jobs: {a: {run: "echo one; echo two", defer: echo three}, b: {run: "true"}}'
    [[ $(<logs/a.log) == $'one\ntwo\nthree' ]] || fail 'not the output'
    [[ ! -e logs/b.log ]] || fail 'b has said nothing'
    # What an earlier run has left is not added to; what cannot be written is told.
    mkdir logs/b.log
    run --log-dir logs <<<'jobs: {a: {run: echo four}, b: {run: echo five}}'
    expect_status 125
    [[ $(<logs/a.log) == four ]] || fail 'not the output of this run alone'
    expect_err 'logs/b.log: Is a directory; the run goes on without this log'
    run --log-dir nowhere/logs <<<'jobs: {a: {run: echo x}}'
    expect_status 125
    expect_err 'nowhere/logs: No such file or directory; the run goes on without this log'
    : >plain
    run --log-dir plain <<<'jobs: {a: {run: "true"}}'
    expect_status 125
    expect_err 'plain: Not a directory'
}

# into_full FILE OPTION…: runs FILE with a standard output that takes nothing more, as on a full disk.
into_full() {
    truncate -s 8M full
    status=0
    : >log
    (
        trap '' XFSZ
        ulimit -f 8192
        exec timeout --foreground 100 lifoguard run "${@:2}" "$1" >>full 2>err </dev/null
    ) || status=$?
}

# Of graphs and of files with a command a line: a failure of the run itself has its own status, and the cleanups run in any case.
what_cannot_be_written_is_told() {
    local options form
    echo 'jobs: {a: {run: echo x, defer: echo cleaned >>log}}' >g.yaml
    echo 'jobs: {a: {run: exit 3}}' >failing.yaml
    printf '%s\n' 'echo x' 'defer echo cleaned >>log' >g.lines
    printf '%s\n' 'echo x' 'exit 3' >failing.lines
    for form in yaml lines; do
        for options in '' --plain --json; do
            [[ $form$options != lines--plain ]] || continue
            # shellcheck disable=SC2086 # no option or one
            into_full "g.$form" $options
            expect_status 125
            expect_err 'standard output: File too large: what follows is not written'
            expect_log cleaned
        done
        into_full "failing.$form" --json --status=first-failure
        expect_status 3
        expect_err 'standard output: File too large'
    done
    expect_nothing_pending
    # A reader of events who goes away has not got what he has asked for.
    { lifoguard run --json g.yaml 2>err || echo $? >status; } | true
    until_true test -s status
    [[ $(<status) == 125 ]] || fail "status $(<status)"
    expect_err 'standard output: Broken pipe'
}

# run_within SIZE: the graph g.yaml, with that address space.
run_within() {
    rm -rf log
    status=0
    timeout -k 5 50 prlimit "--as=$1" lifoguard run --plain g.yaml >out 2>err </dev/null || status=$?
}

# The order of need; what was acquired is released, and what depends on it before.
expect_released() {
    local job
    for job in a b c d; do
        ! grep -qx "acquired $job" log || grep -qx "released $job" log || fail "with $1 bytes, $job is left"
    done
    for job in 'a b' 'c d'; do
        [[ -z $(sed -n "/^released ${job% *}\$/,\$ { /${job#* }\$/p }" log) ]] || fail "with $1 bytes, out of order"
    done
}

# Which allocation fails depends on the size; it may be the stack of a goroutine for which others wait.
R6_with_little_memory_a_run_ends_and_releases() {
    local size step=25000 runs=0
    cat >g.yaml <<'END'
jobs:
  a: {run: echo acquired a >>log, defer: echo released a >>log}
  b: {needs: a, run: echo acquired b >>log, defer: echo released b >>log}
  c: {run: echo acquired c >>log, defer: echo released c >>log}
  d: {needs: c, run: echo acquired d >>log, defer: echo released d >>log}
END
    # From the size with which a job begins.
    for ((size = 1000000; runs < ${LITTLE_RUNS:-24}; size += step)); do
        ((runs > 0)) || { prlimit "--as=$size" lifoguard run --check g.yaml; } >/dev/null 2>&1 || continue
        run_within "$size"
        [[ -e log ]] || : >log
        ((runs > 0)) || grep -q acquired log || continue
        ((++runs))
        [[ $status == [01] || $status == 125 ]] || fail "exit status $status with $size bytes"
        [[ $status == 0 || -s err ]] || fail "nothing said with $size bytes"
        expect_released "$size"
        expect_nothing_pending
    done
}

the_examples_can_be_read() {
    for file in "$root"/examples/jobs/*.yaml; do
        lifoguard run --check "$file" || fail "$file"
    done
}

"$3"
echo ok
