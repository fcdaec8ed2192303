#!/usr/bin/env bash
# What happens to a run, and when: matrix_test.sh PROGRAM EVENT NTH [FORM [MOMENT…]] (see nth.c). FORM is exec, lines or graph: a script
# that acquires resources with `lifoguard acquire` and `lifoguard defer`, a job file, a graph of jobs. Each cell lets EVENT happen at one
# moment of a run's life, and is judged by the log that the run's own commands write: each resource that was acquired is released
# exactly once, the last one first (R3, R4).
# shellcheck disable=SC2016 # the job's own variables
set -uo pipefail
# Bash complains of a locale that is not there.
export LC_ALL=C.UTF-8
ulimit -f 200000
ulimit -c 0

program=$(realpath "$1")
event=$2
nth=$(realpath "$3")
form=${4:-exec}
moments=(acquiring-before acquiring-after running registering cleaning)
suffix=
[[ $form != graph ]] || suffix=.yaml

base=$(mktemp -d)
mkdir "$base/bin"
ln -s "$program" "$base/bin/lifoguard"
ln -s "${nth%/*}/libclock_jumps.so" "$base/bin/clock_jumps.so" # LD_PRELOAD takes no path with a space
export PATH=$base/bin:$PATH
trap 'umount -l "$base"/*/state 2>/dev/null; rm -rf "$base"' EXIT
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP

# A disk of our own that can be filled: needs a mount namespace.
if [[ $event == disk-full && -z ${IN_NAMESPACE-} ]]; then
    rm -rf "$base"
    if ! unshare -rm true 2>/dev/null; then
        echo "no mount namespace can be had here: skipped"
        exit 77
    fi
    exec env IN_NAMESPACE=1 unshare -rm "$0" "$@"
fi

# Before there is a run, no process but the runner's own can be killed, and a time limit has not begun.
[[ $event == command-killed || $event == engine-killed ]] || moments=(before-start "${moments[@]}")
# Of lines, by their contract: a cleanup is tried once; where no shell can be had, the file counts as one that cannot be read.
wants=(database-locked disk-full no-memory no-processes)
case "$form $event" in
'lines command-killed') moments=(acquiring-before acquiring-after running registering) ;;
'lines no-processes') moments=("${moments[@]:1}") ;;
esac
(($# < 5)) || moments=("${@:5}")

fail() {
    printf 'failed: %s at %s: %s\n' "$event" "$moment" "$*"
    sed 's/^/log: /' log
    sed 's/^/out: /' out
    rm -f short
    touch go unlock
    [[ -z ${runner-} ]] || kill "$runner" 2>/dev/null
    exit 1
}

# until_true COMMAND…: waits for it, a minute at most.
until_true() {
    local i
    for ((i = 0; i < 6000; i++)); do
        ! "$@" 2>/dev/null || return 0
        sleep 0.01
    done
    fail "not within a minute: $*"
}

gone() { ! kill -0 "$1" 2>/dev/null || grep -q "^State:.Z" "/proc/$1/status"; }

# child_of PID: the number of its only child, once there is one.
child_of() {
    local children=()
    read -ra children <"/proc/$1/task/$1/children" || true
    child=${children[0]-}
    [[ -n $child ]]
}

write_job() {
    # take NAME: acquires. give NAME: releases, if it was acquired (an intention that nobody confirmed may have come to nothing).
    # Each does so by one write, so that no kill can come in between. block NAME: the moment, if this is the one.
    cat >take <<'END'
#!/bin/sh
[ "$MOMENT" != acquiring-before ] || [ "$1" != 3 ] || ./block
echo "acquired $1" >>log
[ "$MOMENT" != acquiring-after ] || [ "$1" != 3 ] || ./block
END
    cat >give <<'END'
#!/bin/sh
[ "$MOMENT" != cleaning ] || [ "$1" != 2 ] || ./block
while read -r what number; do
    [ "$what $number" != "acquired $1" ] || { echo "released $1" >>log; exit; }
done <log
END
    cat >block <<'END'
#!/bin/sh
[ ! -e go ] || exit 0
echo $PPID >blocked
mv blocked here
while [ ! -e go ]; do sleep 0.01; done
END
    "write_$form"
    chmod +x take give block job*
    : >log
}

write_exec() {
    start=(exec)
    cat >job <<'END'
#!/bin/bash
lifoguard acquire --retry 2 --backoff 10ms --undo ./give 1 -- ./take 1 || exit 90
lifoguard acquire --retry 2 --backoff 10ms --undo ./give 2 -- ./take 2 || exit 90
lifoguard acquire --retry 2 --backoff 10ms --undo ./give 3 -- ./take 3
if [ "$MOMENT" = registering ]; then
    for i in 10 11 12 13 14 15 16 17 18 19; do
        [ $i != 13 ] || ./block
        lifoguard defer --retry 2 --backoff 10ms ./give $i && ./take $i
    done
fi
lifoguard defer --retry 2 --backoff 10ms ./give 4 && ./take 4
[ "$MOMENT" != running ] || ./block
exit "$CODE"
END
}

# Ten more to register, in both forms of files: the text, with their numbers for N.
more() {
    local i
    [[ $moment != registering ]] || for i in {10..19}; do printf '%s\n' "${1//N/$i}"; done
}

write_lines() {
    start=(run --grace 5s)
    {
        printf './take %d\ndefer ./give %d\n' 1 1 2 2 3 3
        more $'[ N != 13 ] || ./block; ./take N\ndefer ./give N'
        printf './take 4\ndefer ./give 4\n[ "$MOMENT" != running ] || ./block\nexit "$CODE"\n'
    } >job
}

write_graph() {
    local name before=
    start=(run --plain)
    {
        printf 'grace: 5s\n'
        [[ -z ${limit-} ]] || printf 'timeout: %ds\n' "$limit"
        printf 'jobs:\n'
        for name in 1 2 3 $(more N) 4; do
            printf '  j%d: {%srun: "%s./take %d", defer: {run: ./give %d, retries: 3}}\n' "$name" "${before:+needs: $before, }" \
                "$([[ $name != 13 ]] || printf './block; ')" "$name" "$name"
            before=j$name
        done
        printf '  last: {needs: %s, run: '\''[ "$MOMENT" != running ] || ./block; exit "$CODE"'\''}\n' "$before"
    } >job.yaml
    ln -sf job.yaml job
}

# Each acquired one is released once, in reverse.
judge() {
    local acquired released
    acquired=$(sed -n 's/^acquired //p' log | tac)
    released=$(sed -n 's/^released //p' log)
    [[ $acquired == "$released" ]] ||
        fail "acquired (the last one first): ${acquired//$'\n'/ }; released: ${released//$'\n'/ }"
    [[ -z $(lifoguard pending --state state 2>>out) ]] || fail "something is pending"
    # Its processes are known by their environment.
    ! grep -lzsxF "MATRIX=$PWD" /proc/[0-9]*/environ || fail "processes are left"
}

let_go() { touch go; }

# The owner of the state is delayed, or fails, while a lock is held on it or its disk is full.
lock_database() {
    python3 - state/state.db <<'END' &
import sqlite3, sys, time, os
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
open("locked", "w").close()
while not os.path.exists("unlock"):
    time.sleep(0.01)
db.execute("ROLLBACK")
END
    locker=$!
    until_true test -e locked
}

# This run's: other tests have cleanups of the same name at the same time.
kill_cleanup() {
    local pid
    for pid in $(pgrep -x -f "/bin/sh ./give 2"); do
        if grep -qszxF "MATRIX=$PWD" "/proc/$pid/environ"; then
            kill -KILL "$pid"
            return
        fi
    done
    return 1
}

happen() {
    case $event in
    success | failure | timeout | clock-jumps) ;;
    INT | TERM | HUP) kill "-$event" "$runner" ;;
    same-twice)
        kill -TERM "$runner"
        kill -TERM "$runner"
        ;;
    another-signal)
        kill -INT "$runner"
        kill -TERM "$runner"
        ;;
    runner-killed) kill -KILL "$runner" ;;
    guardian-killed) kill -KILL "$guardian" ;;
    both-killed) kill -KILL "$runner" "$guardian" ;;
    engine-killed) kill -KILL "$first" ;;
    command-killed)
        # While cleaning up it is the cleanup's command that is killed.
        if [[ $moment == cleaning ]]; then
            kill_cleanup || fail "no cleanup to kill"
            sleep 0.2
        else
            # Of a file, the command that it has come to.
            [[ $form == exec ]] || first=$(<here)
            kill -KILL "$first"
        fi
        ;;
    database-locked)
        lock_database
        let_go
        sleep 0.3
        touch unlock
        wait "$locker"
        ;;
    disk-full)
        fill_disk
        let_go
        ;;
    no-memory)
        set_memory "$runner" "$guardian" "$first"
        let_go
        sleep 0.3
        give_memory "$runner" "$guardian" "$first"
        ;;
    no-processes)
        touch short
        let_go
        sleep 0.3
        rm short
        ;;
    esac
}

fill_disk() { dd if=/dev/zero of=state/fill bs=4096 status=none 2>/dev/null || true; }

# set_memory PID…: no more than they have.
set_memory() {
    local pid size
    for pid in "$@"; do
        size=$(awk '/^VmSize/ { print $2 * 1024 }' "/proc/$pid/status" 2>/dev/null)
        [[ -z $size ]] || prlimit --pid "$pid" --as="$size:unlimited" 2>/dev/null || true
    done
}

give_memory() {
    local pid
    for pid in "$@"; do prlimit --pid "$pid" --as=unlimited 2>/dev/null || true; done
}

# Runs the job to its end, with what EVENT takes away; sets status.
run_without() {
    local before=()
    case $event in
    no-memory) before=(prlimit "--as=$1") ;;
    no-processes) before=("$nth" all 0 no-processes "$PWD/short") ;;
    esac
    status=0
    MATRIX=$PWD MOMENT=none CODE=0 "${before[@]}" lifoguard "${start[@]}" --state state ./job$suffix >out 2>&1 </dev/null || status=$?
}

# With little memory, the program, the job or a cleanup does not get far: but no resource is lost, and it is said.
run_with_little() {
    local size
    local step=500000
    [[ $form == exec ]] || step=2000000
    for ((size = 1000000; size < 14000000; size += step)); do
        # The kernel and the dynamic linker need some as well.
        prlimit "--as=$size" lifoguard exec --help >out 2>&1 || continue
        : >log
        run_without "$size"
        ((status == 0)) || [[ -s out ]] || fail "nothing said with $size bytes"
        judge
    done
}

# The event comes while the run waits for a lock on the state, so it has not begun. Either it never does, or it is cleaned up.
run_event_before_start() {
    local code=0
    [[ $event != failure ]] || code=3
    start_run $code
    until_true grep -q 'waiting for a lock' out
    child_of "$runner" || child=$runner
    guardian=$child
    happen
    touch unlock
    wait "$locker"
    finish_run
}

# Without what it needs, it does not begin, and says why; with a lock that is only held for a while, it waits.
run_before_start() {
    local limit=
    [[ $event != timeout ]] || limit=1
    write_job
    touch go
    runner=
    # There is a state already, or a full disk could not hold one.
    lifoguard exec --state state true || fail "no state"
    if [[ " ${wants[*]} " != *" $event "* ]]; then
        lock_database
        run_event_before_start
        return
    fi
    case $event in
    database-locked)
        lock_database
        (until grep -q 'waiting for a lock' out; do sleep 0.01; done; touch unlock) &
        ;;
    disk-full) fill_disk ;;
    no-processes) touch short ;;
    no-memory)
        run_with_little
        return
        ;;
    esac
    run_without
    if [[ $event == database-locked ]]; then
        wait
        ((status == 0)) || fail "exit status $status"
    else
        ((status == 125)) || fail "exit status $status instead of 125"
        [[ -s out && ! -s log ]] || fail "not said, or begun"
    fi
    rm -f state/fill short
    judge
}

# A time limit may be over before the moment has come.
is_over() { [[ $event == timeout ]] && gone "$1"; }
child_or_over() { child_of "$1" || is_over "$1"; }
here_or_over() { [[ -e here ]] || is_over "$runner"; }

# start_run CODE: of the script; limit is that of the run, if it has one. Sets started, and runner, which is the same.
start_run() {
    local options=() wrapper=()
    [[ $event != timeout || $form != exec ]] || options=(--timeout "${limit}s" --grace 5s)
    [[ $event != no-processes ]] || wrapper=("$nth" all 0 no-processes "$PWD/short")
    [[ $event != clock-jumps ]] || wrapper=(env "LD_PRELOAD=$base/bin/clock_jumps.so")
    [[ $event$form != clock-jumpsexec ]] || options=(--timeout 1h)
    env --default-signal=INT,QUIT,HUP MATRIX="$PWD" MOMENT="$moment" CODE="$1" "${wrapper[@]}" \
        lifoguard "${start[@]}" --state state "${options[@]}" ./job$suffix >out 2>&1 </dev/null &
    started=$!
    runner=$started
}

# Until the run is over, whoever sees to it.
finish_run() {
    status=0
    wait "$started" || status=$?
    until_true gone "$runner"
    until_true gone "$guardian"
    [[ $event != disk-full ]] || rm -f state/fill
    # What nobody was left to see to is recovered by the next command on the state.
    lifoguard pending --state state >>out 2>&1
    [[ $event != clock-jumps ]] || ((status == 0)) || fail "exit status $status"
    # The first signal decides, in files; a script has an exit status of its own.
    [[ $event != another-signal || $form == exec ]] || ((status == 130)) || fail "exit status $status"
    judge
}

# run_cell SECONDS: the limit, if the event is that it is over. Sets reached, if the moment came first.
run_cell() {
    local code=0 limit=
    [[ $event != failure ]] || code=3
    [[ $event != timeout ]] || limit=$1
    # Limits that are far away, however the time of day steps.
    [[ $event != clock-jumps ]] || limit=3600
    write_job
    start_run $code
    if [[ $event == no-processes ]]; then
        until_true child_of "$started"
        runner=$child
    fi
    # Before that, the runner of a file has other children: the shells that check its commands.
    until_true here_or_over
    until_true child_or_over "$runner"
    guardian=${child:-$runner}
    until_true child_or_over "$guardian"
    first=$child
    reached=
    if [[ -e here ]]; then
        reached=1
        happen
        # A time-out comes by itself.
        [[ $event == timeout && $moment != cleaning ]] || let_go
    fi
    finish_run
}

for moment in "${moments[@]}"; do
    mkdir "$base/$moment"
    cd "$base/$moment" || exit 1
    if [[ $event == disk-full ]]; then
        mkdir state
        mount -t tmpfs -o size=600k,mode=700 none state || exit 77
    fi
    if [[ $moment == before-start ]]; then
        run_before_start
    else
        run_cell 1
        for ((limit = 4; 1; limit *= 4)); do # the machine is slow
            [[ -z $reached ]] || break
            mkdir "$base/$moment-$limit"
            cd "$base/$moment-$limit" || exit 1
            run_cell "$limit"
        done
    fi
    [[ $event != disk-full ]] || umount -l state
    echo "$event at $moment: exit status $status"
done
