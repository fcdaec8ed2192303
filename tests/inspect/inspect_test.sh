#!/usr/bin/env bash
# `lifoguard inspect`: inspect_test.sh PROGRAM SUBJECT SHARED CASE. SUBJECT and SHARED are subject.c with the static and with the
# shared library. Each case is a function below.
set -uo pipefail
export LC_ALL=C.UTF-8
ulimit -f 2000000

program=$(realpath "$1") subject=$(realpath "$2") shared=$(realpath "$3") case=$4
source=$(dirname "$(realpath "$0")")/subject.c
work=$(mktemp -d)
# shellcheck source=tests/leave.sh
source "$(dirname "$(realpath "$0")")/../leave.sh"
# shellcheck source=tests/wait.sh
source "$(dirname "$(realpath "$0")")/../wait.sh"
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
    rm -f to from
    mkfifo to from
    "$1" "$2" <to >from 2>subject.err &
    pid=$!
    exec {input}>to {output}<from
    await_ready "$2"
}

# await_ready CASE
await_ready() {
    local line
    said=
    while read -r line <&"$output" && [[ $line != ready ]]; do
        said+=$line
    done
    [[ ${line-} == ready ]] || fail "$1 did not become ready: $(<subject.err)"
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
    sed "s|(process $pid), .*: |(process PID): |; s|[^ ]*/subject\.c|subject.c|" raw >out
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

all_wait() {
    inspect --each "$pid"
    [[ $(grep -c 'waits for receive from a channel$' out) == 1001 ]]
}

# begin_goroutines: the subject with goroutines. Each has said that it is there; the last to do so may not wait yet. Then one
# starts to compute.
begin_goroutines() {
    begin "$subject" goroutines
    until_true all_wait
    echo >&"$input"
    await_ready goroutines
}

goroutines_that_are_alike_are_shown_once() {
    begin_goroutines
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

# shows_line TEXT OPTION…: until there is such a line, for a goroutine may not wait yet.
shows_line() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        inspect "${@:2}" "$pid"
        ! grep -q -- "$1" raw out || return 0
        sleep 0.1
    done
    fail "no line $1"
}

who_holds_a_lock_is_shown() {
    begin "$subject" locks
    shows_line '^goroutine [0-9]*, hold_and_wait, waits for mutex, held by main$'
    shows_line '^2 goroutines, wait_for_goroutine, wait for mutex, held by goroutine [0-9]*, hold_and_wait: [0-9]*, [0-9]*$'
    shows_line '^goroutine [0-9]*, wait_for_goroutine, waits for mutex, held by goroutine [0-9]*, hold_and_wait$' --each
    shows_line '"waits_for":"mutex","held_by":{"kind":"main","name":"[^"]*","thread":[0-9]*}' --json
    shows_line '"waits_for":"mutex","held_by":{"kind":"goroutine","name":"hold_and_wait","goroutine":[0-9]*}' --json
    shows_line '"held_by":null' --json
    shows_line '^goroutine [0-9]*, wait_for_ended, waits for mutex, held by one that has ended$'
    shows_line '"waits_for":"mutex","held_by":{"kind":"unknown"}' --json
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

does_not_run() { ! state_of "$1" R; }

a_stopped_process_stays_stopped() {
    begin "$subject" plain
    kill -STOP "$pid"
    until_true state_of "$pid" T
    inspect "$pid"
    grep -q 'deferred: release(&thing)' out || fail 'its calls are not shown'
    # The kernel wakes a process that is let go, and the process then stops itself; one that went on would sleep in a read.
    until_true does_not_run "$pid"
    state_of "$pid" T || fail 'it goes on'
    kill -CONT "$pid"
    end
}

a_process_whose_main_thread_has_ended_can_be_read() {
    begin "$subject" without_main
    inspect "$pid"
    [[ $status == 0 ]] || fail "exit status $status"
    grep -A 1 '^thread' out | grep -q 'deferred: release(argument)' || fail 'the call of the other thread'
    ! grep -q 'could not be stopped' out || fail 'a thread that has ended is counted'
    end
}

# A report that fills the pipe is still being written when the subject ends.
a_thread_that_the_kernel_holds_is_let_go_before_the_report_is_written() {
    local inspector report byte
    begin "$subject" held
    mkfifo report
    timeout --foreground 600 "$program" inspect --each "$pid" >report 2>err {input}>&- {output}<&- &
    inspector=$!
    exec {report}<report
    read -r -n 1 -u "$report" byte || fail 'no report'
    end
    cat <&"$report" >out
    wait "$inspector" || fail 'it fails'
    grep -q '^1 thread could not be stopped' out || fail "the thread that was held is not counted: $byte"
}

# core_of PROGRAM: leaves the file core.
core_of() {
    [[ $(</proc/sys/kernel/core_pattern) == core && $(</proc/sys/kernel/core_uses_pid) == 0 ]] || {
        echo 'skipped: this system does not leave core files in the working directory'
        exit 77
    }
    ulimit -c unlimited
    (exec "$1" core) >/dev/null 2>&1
    [[ -f core ]] || fail 'no core file'
    pid=none
}

what_a_core_file_lacks_is_said() {
    core_of "$subject"
    inspect core
    [[ $status == 0 ]] || fail "exit status $status"
    ! grep -q 'missing\|cut off' out || fail 'nothing is missing'
    truncate -s -1 core
    inspect core
    grep -q 'the core file is cut off' out || fail 'a core file that is cut off'
    mkfifo pipe
    inspect pipe
    refuses 'pipe: neither the number of a process nor a core file'
}

S1_stages_that_are_still_to_be_stopped() {
    begin "$subject" stopping
    inspect "$pid"
    [[ $(sed -n '/^a shutdown, to stop$/,$p' out) == $'a shutdown, to stop\n    stage: listener, being stopped now\n    stage: cache\n    stage: database' ]] ||
        fail 'its stages'
    inspect --json "$pid"
    python3 - raw <<'END' || fail 'its stages in JSON'
import json, sys
stages = json.load(open(sys.argv[1]))['stages']
assert [(stage['name'], stage['state']) for stage in stages] == [
    ('listener', 'stopping'), ('cache', 'waiting'), ('database', 'waiting')], stages
END
    end
}

S1_a_forked_child_has_neither_the_stages_nor_the_goroutines_of_its_parent() {
    begin "$subject" forking
    pid=$said inspect "$said"
    sed 's/goroutine [0-9]*/goroutine N/' out >numberless
    mv numberless out
    sed -i "s/\b$said\b/PID/g" out
    shows <<END
lg-worker (process PID): 1 deferred call pending, 1 goroutine

goroutine N, fork_beside, running
    started at subject.c:$(line_of 'lg_group_go(&group, fork_beside') in forking
    deferred: release(&child)  subject.c:$(line_of 'lg_defer(release, &child)') in fork_beside
END
    inspect "$pid"
    grep -qx 'a shutdown, to stop' out || fail 'the parent has lost its stages'
    end
}

json_is_json() {
    begin_goroutines
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
    core_of "$subject"
    inspect core
    grep -q "^subject (core file of process [0-9]*), .*: 1 deferred call pending, 0 goroutines$" out || fail heading
    grep -q 'deferred: release(stdout)' out || fail 'its call'
    head -c 3000 core >cut_off
    inspect cut_off
    [[ $status == 1 ]] || fail 'a core file that is cut off'
}

# Whatever its headers and notes say: the answer is a report or a refusal, and soon.
a_damaged_core_file_harms_nobody() {
    core_of "$subject"
    python3 - core "$program" <<'END' || fail 'a damaged core file'
import random, struct, subprocess, sys
whole = bytearray(open(sys.argv[1], 'rb').read())
headers = struct.unpack_from('<Q', whole, 32)[0]
count, = struct.unpack_from('<H', whole, 56)
notes, size = 0, 0
for i in range(count):
    kind, _, at, _, _, length = struct.unpack_from('<IIQQQQ', whole, headers + 56 * i)
    if kind == 4:
        notes, size = at, length
assert size > 0
def inspect(core, what):
    with open('damaged', 'wb') as file:
        file.write(core)
    done = subprocess.run([sys.argv[2], 'inspect', 'damaged'], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode in (0, 1), (what, done.returncode, done.stderr[-300:])
    return done
def changed(at, form, value):
    core = bytearray(whole)
    struct.pack_into('<' + form, core, at, value)
    return core
# The number of segments stands in a section if there are too many for the header.
inspect(changed(56, 'H', 0xffff), 'no section')
many = changed(56, 'H', 0xffff)
struct.pack_into('<Q', many, 40, len(many))
many += bytes(44) + struct.pack('<I', count) + bytes(16)
assert inspect(many, 'a section').returncode == 0
assert b'cut off' in inspect(changed(32, 'Q', len(whole)), 'segments behind the end').stderr
# Notes: of no length, longer than the file, cut off at each place.
inspect(changed(notes, 'I', 0xffffffff), 'a long name')
inspect(changed(notes + 4, 'I', 0xffffffff), 'a long note')
at = notes
while at < notes + size:
    name, length, kind = struct.unpack_from('<III', whole, at)
    inspect(changed(at + 4, 'I', 0), f'note {kind:x} is empty')
    inspect(changed(at + 4, 'I', 9), f'note {kind:x} is short')
    inspect(changed(at + 8, 'I', 0x401), f'note {kind:x} is another')
    at += 12 + (name + 3) // 4 * 4 + (length + 3) // 4 * 4
chosen = random.Random(1)
for _ in range(60):
    core = bytearray(whole)
    for _ in range(chosen.randrange(1, 9)):
        core[chosen.choice([chosen.randrange(64), headers + chosen.randrange(56 * count), notes + chosen.randrange(size)])] = chosen.randrange(256)
    inspect(core, 'at random')
END
}

a_core_file_needs_the_program_that_it_is_of() {
    mkdir bin far
    cp "$subject" bin/subject
    core_of bin/subject
    mv core far
    strip bin/subject # another file, of the same build
    inspect far/core
    grep -q 'deferred: release(stdout)' out || fail 'the program where it was'
    mv bin/subject far
    cp "$shared" bin/subject # as if it was built again
    inspect far/core
    grep -q 'deferred: release(stdout)' out || fail 'the program beside the core file'
    ! grep -q 'built again' out || fail 'a file is missed'
    mv far/core core
    inspect core
    grep -q "^$work/bin/subject is not there any more, or was built again\." out || fail 'another program'
    rm bin/subject
    inspect --json core
    python3 - raw "$work/bin/subject" <<'END' || fail 'no program'
import json, sys
assert json.load(open(sys.argv[1]))['missing_files'] == [sys.argv[2]]
END
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
    refuses 'there is no core file not-there (to inspect a process that runs, give its number: pidof NAME)'
    inspect "$$"
    refuses "inspect: $$: no Lifoguard is in it"
    inspect
    [[ $status == 125 ]] || fail "exit status $status"
    inspect --every 1
    [[ $status == 125 ]] || fail "exit status $status"
    # shellcheck disable=SC2016 # the command's own shell knows its number
    sh -c 'exec "$0" inspect "$$"' "$program" >out 2>err && fail 'it inspects itself'
    grep -q 'is this program itself' err || fail 'itself'
    begin "$subject" threads
    for thread in "/proc/$pid/task/"*; do
        [[ $thread == */$pid ]] || inspect "${thread##*/}"
    done
    refuses "is a thread of the process $pid: give that number"
    end
    # A process with ThreadSanitizer has one more thread, and its main thread alone is traced.
    [[ ${SANITIZER-} != thread ]] || return 0
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
