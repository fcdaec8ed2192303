#!/usr/bin/env bash
# `lifoguard inspect`: inspect_test.sh PROGRAM SUBJECT SHARED CASE. SUBJECT and SHARED are subject.c with the static and with the
# shared library. Each case is a function below.
set -uo pipefail
export LC_ALL=C.UTF-8
ulimit -f 2000000

program=$(realpath "$1") subject=$(realpath "$2") shared=$(realpath "$3") case=$4
source=$(dirname "$(realpath "$0")")/subject.c
work=$(mktemp -d)
# shellcheck disable=SC2046 # a list of numbers
trap 'kill -KILL $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

fail() {
    printf 'failed: %s\n' "$*"
    for file in out err; do
        [[ ! -f $file ]] || sed "s/^/$file: /" "$file"
    done
    exit 1
}

# begin PROGRAM CASE: starts a subject, whose standard input is a pipe, and waits until it is ready; sets `pid`. What it
# prints before that is in `said`.
begin() {
    local line
    rm -f to from
    mkfifo to from
    "$1" "$2" <to >from 2>subject.err &
    pid=$!
    exec {input}>to {output}<from
    said=
    while read -r line <&"$output" && [[ $line != ready ]]; do
        said+=$line
    done
    [[ ${line-} == ready ]] || fail "$2 did not become ready: $(<subject.err)"
}

end() {
    local status=0
    exec {input}>&-
    rest=$(cat <&"$output")
    wait "$pid" || status=$?
    exec {output}<&-
    [[ $status == "${1-0}" ]] || fail "the subject ended with $status: $rest $(<subject.err)"
}

# inspect OPTION… PID: sets `status`; the output is in out and err, with names instead of what differs each time.
inspect() {
    status=0
    timeout --foreground 600 "$program" inspect "$@" >raw 2>err || status=$?
    sed "s/\b$pid\b/PID/g; s|[^ ]*/subject\.c|subject.c|; s|PID), .*: |PID): |" raw >out
}

shows() {
    [[ $status == 0 ]] || fail "exit status $status"
    diff -u - out || fail 'it shows something else'
}

refuses() {
    [[ $status == 1 ]] || fail "exit status $status instead of 1"
    [[ ! -s out ]] || fail 'something is shown'
    grep -q -- "$1" err || fail "not in err: $1"
}

line_of() {
    grep -n -- "$1" "$source" | cut -d: -f1
}

D12_pending_calls_of_main() {
    local kind
    for kind in "$subject" "$shared"; do
        begin "$kind" plain
        inspect "$pid"
        shows <<END
${kind##*/} (process PID): 102 deferred calls pending, 0 goroutines

main
    deferred: release(&scope)  subject.c:$(line_of 'lg_defer_in(&scope, release, &scope);' | head -n 1) in plain, 100 times
    deferred: release(NULL)  subject.c:$(line_of 'release, NULL') in plain
    deferred: release(&thing)  subject.c:$(line_of 'release, &thing') in plain
END
        end
    done
}

a_stripped_program_can_be_read() {
    cp "$subject" stripped
    strip stripped
    begin ./stripped plain
    inspect "$pid"
    [[ $status == 0 ]] || fail "exit status $status"
    grep -q 'deferred: release(&thing)' out || fail 'its calls are not shown'
    end
}

goroutines_that_are_alike_are_shown_once() {
    begin "$subject" goroutines
    inspect "$pid"
    grep -q '^1,000 goroutines, serve, wait for receive from a channel: [0-9]*, [0-9]*, [0-9]*, [0-9]*, …$' out ||
        fail 'those that wait'
    grep -q '^goroutine [0-9]*, compute, running$' out || fail 'the one that runs'
    grep -qxF 'main' out || fail main
    grep -q '^goroutine [0-9]*, apart\\x1b\[2J, waits for receive from a channel$' out ||
        fail 'the one with a thread of its own, whose name drives no terminal'
    grep -q ': 1,00[0-9] deferred calls pending, 1,002 goroutines$' out || fail 'the numbers'
    inspect --each "$pid"
    [[ $(grep -c '^goroutine [0-9]*, serve, waits for receive from a channel$' out) == 1000 ]] || fail 'each'
    end
}

threads_of_the_program_are_shown() {
    begin "$shared" threads
    inspect "$pid"
    grep -q '^thread [0-9]*, other$' out || fail 'its name'
    grep -A 1 '^thread' out | grep -q 'deferred: release(ready_and_over)' || fail 'its call'
    end
}

P1_a_panic_can_be_under_way() {
    begin "$subject" panicking
    inspect "$pid"
    grep -q 'deferred: release(stderr)' out || fail 'the call that is still to come'
    end 2
}

a_longjmp_may_have_skipped_calls() {
    begin "$subject" jumped
    inspect "$pid"
    [[ $status == 0 ]] || fail "exit status $status"
    end
}

a_process_is_unharmed_wherever_it_is_stopped() {
    begin "$subject" churn
    for ((i = 0; i < 25; i++)); do
        inspect "$pid"
        [[ $status == 0 ]] || fail "exit status $status"
        inspect --json "$pid"
        [[ $status == 0 ]] || fail "exit status $status"
    done
    end
    [[ $rest == 'ended well' ]] || fail "the subject: $rest"
}

a_stopped_process_stays_stopped() {
    begin "$subject" plain
    kill -STOP "$pid"
    until [[ $(<"/proc/$pid/stat") == *') T '* ]]; do :; done
    inspect "$pid"
    grep -q 'deferred: release(&thing)' out || fail 'its calls are not shown'
    # The kernel wakes a process that is let go, and the process then stops itself; one that went on would sleep in a read.
    while [[ $(<"/proc/$pid/stat") == *') R '* ]]; do :; done
    [[ $(<"/proc/$pid/stat") == *') T '* ]] || fail 'it goes on'
    kill -CONT "$pid"
    end
}

S1_stages_that_are_still_to_be_stopped() {
    begin "$subject" stopping
    inspect "$pid"
    [[ $(sed -n '/^a shutdown, to stop$/,$p' out) == $'a shutdown, to stop\n    stage: listener, being stopped now\n    stage: cache\n    stage: database' ]] ||
        fail 'its stages'
    end
}

json_is_json() {
    begin "$subject" goroutines
    inspect --json "$pid"
    python3 - raw "$pid" <<'END' || fail 'not as it should be'
import json, sys
report = json.load(open(sys.argv[1]))
assert report['process'] == int(sys.argv[2])
entries = report['entries']
assert [entry['name'] for entry in entries].count('serve') == 1000
main = entries[0]
assert main['kind'] == 'main' and main['pending'], main
apart = next(entry for entry in entries if entry['name'].startswith('apart'))
assert apart['name'] == 'apart\x1b[2J' and apart['state'] == 'waiting' and apart['thread'], apart
assert apart['started']['file'].endswith('subject.c') and apart['pending'][0]['call'] == 'release(requests)', apart
END
    end
}

a_core_file_can_be_read() {
    [[ $(</proc/sys/kernel/core_pattern) == core && $(</proc/sys/kernel/core_uses_pid) == 0 ]] || {
        echo 'skipped: this system does not leave core files in the working directory'
        exit 77
    }
    ulimit -c unlimited
    (exec "$subject" core) >/dev/null 2>&1
    [[ -f core ]] || fail 'no core file'
    pid=none
    inspect core
    grep -q "^subject (core file of process [0-9]*), .*: 1 deferred call pending, 0 goroutines$" out || fail heading
    grep -q 'deferred: release(stdout)' out || fail 'its call'
    head -c 3000 core >cut_off
    inspect cut_off
    [[ $status == 1 ]] || fail 'a core file that is cut off'
}

what_cannot_be_read_is_said() {
    pid=none
    inspect 99999999
    refuses 'no process has the number 99999999'
    inspect 99999999999999999999
    refuses 'no process has the number'
    inspect /etc/passwd
    refuses '/etc/passwd: neither the number of a process nor a core file'
    inspect not-there
    refuses 'open not-there: No such file or directory'
    inspect "$$"
    refuses "inspect: $$: no Lifoguard is in it"
    inspect
    [[ $status == 125 ]] || fail "exit status $status"
    inspect --every 1
    [[ $status == 125 ]] || fail "exit status $status"
    begin "$subject" traced
    inspect "$said"
    refuses "$said is being traced by $pid"
    inspect "$said" "$pid"
    [[ $status == 1 && -s out ]] || fail 'the second process is not shown'
    end
}

the_process_of_another_user_cannot_be_read() {
    [[ $EUID == 0 ]] || {
        echo 'skipped: only root can be another user'
        exit 77
    }
    begin "$subject" plain
    cp "$program" "$work/lifoguard"
    chmod 755 "$work" "$work/lifoguard"
    program=(setpriv --reuid 65534 --regid 65534 --clear-groups "$work/lifoguard")
    status=0
    "${program[@]}" inspect "$pid" >out 2>err || status=$?
    refuses 'run this as root, or as the user of the process'
    end
}

"$case"
