#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: what runs when, and what is cleaned up when. order_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

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

R6_a_cleanup_does_not_run_in_another_directory_that_has_the_path_of_its_own() {
    mkdir d
    run <<'END'
jobs: {a: {dir: d, run: touch mine; cd ..; mv d mine; mkdir d; touch d/precious, defer: rm ./*}}
END
    expect_status 0
    grep -q '/d, the working directory of a cleanup, was moved: it runs there: ' out || fail "not said"
    [[ -e d/precious && ! -e mine/mine ]] || fail "it ran in another directory"
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

run_case "${3-}"
