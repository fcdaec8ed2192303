#!/usr/bin/env bash
# `lifoguard run FILE.yaml`: what is wrong is told with its place. refused_test.sh PROGRAM ROOT CASE: each case is a function below.
# shellcheck disable=SC2016 # the variables of job files in quotes are theirs
# shellcheck source=tests/graph/prelude.sh
source "$(dirname "$0")/prelude.sh"

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

run_case "${3-}"
