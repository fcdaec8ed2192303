#!/usr/bin/env bash
# scripts_test.sh PROGRAM [EVENT…]: scripts with `trap` (scripts/*.trap, restated from real ones) and what they become
# (scripts/*.defer), each let end in several ways. What a script acquires lies in the folder `world`; after the new ones nothing does,
# ever, and the exit status is the same as before. Prints what the old ones leave; the table in docs/from-trap.md is made of that.
# shellcheck disable=SC2317 # until_true calls functions
set -uo pipefail
ulimit -f 200000
ulimit -c 0

program=$(realpath "$1")
scripts=$(realpath "$(dirname "$0")")/scripts
shift
events=("$@")
((${#events[@]} > 0)) || events=(success failure TERM KILL both)
base=$(mktemp -d)
trap 'rm -rf "$base"' EXIT
mkdir "$base/bin"
ln -s "$program" "$base/bin/lifoguard"
export PATH=$base/bin:$PATH XDG_STATE_HOME=$base/home
mkdir "$base/home"
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP

# svc up|down NAME: something elsewhere, that is there or not. If `up` was killed it may not be there: in-parallel ends while the
# other two are acquiring. step: the work; EVENT decides how it ends.
cat >"$base/bin/svc" <<END
#!/bin/sh
cd "\$WORLD" || exit
[ "\${LIFOGUARD_STATUS-}" != unknown ] || maybe=-f
case \$1 in up) touch "\$2" ;; down) rm \$maybe "\$2" ;; esac
END
cat >"$base/bin/step" <<'END'
#!/bin/sh
case $EVENT in
success) exit 0 ;;
failure) exit 3 ;;
esac
touch here
while [ ! -e go ]; do sleep 0.01; done
END
cat >"$base/server" <<'END'
#!/bin/bash
name=${1-server}
trap 'rm "world/$name"; exit' TERM
touch "world/$name"
while :; do sleep 0.01; done
END
chmod +x "$base"/bin/* "$base/server"

until_true() {
    local i
    for ((i = 0; i < 6000; i++)); do
        ! "$@" 2>/dev/null || return 0
        sleep 0.01
    done
    printf 'failed: %s %s: not within a minute: %s\n' "$name" "$event" "$*"
    exit 1
}
# Its processes are known by their environment.
nobody_is_left() { ! grep -lzsxF "WORLD=$WORLD" /proc/[0-9]*/environ >/dev/null; }

# let_end SCRIPT EVENT COMMAND…: in a fresh folder; sets status, and left: what is still there.
let_end() {
    local pid
    event=$2
    rm -rf "$base/work"
    mkdir -p "$base/work/tree" "$base/work/world"
    cd "$base/work" || exit 1
    cp "$base/server" server
    echo old >setting
    echo mine >tree/notes
    export WORLD=$PWD/world EVENT=$event
    "${@:3}" "$1" >out 2>&1 </dev/null &
    pid=$!
    status=0
    case $event in
    TERM | KILL | both)
        until_true test -e here
        case $event in
        both) kill_all "$pid" ;;
        *) kill "-$event" "$pid" ;;
        esac
        # A shell runs the trap of a signal when its foreground command has ended.
        [[ $event != TERM || $1 == *.defer ]] || touch go
        ;;
    esac
    wait "$pid" 2>/dev/null || status=$?
    [[ $1 != *.defer ]] || after_defer
    left=$(ls world)
    touch go
    until_true end_rest
}
# Who is left is ended: servers of the old scripts, say.
end_rest() {
    local file
    while read -r file; do
        file=${file#/proc/}
        kill -KILL "${file%/environ}" 2>/dev/null
    done < <(grep -lzsxF "WORLD=$WORLD" /proc/[0-9]*/environ)
    nobody_is_left
}
# The runner and, if there is one, the guardian.
kill_all() {
    local children=()
    read -ra children <"/proc/$1/task/$1/children"
    [[ $(<"/proc/${children[0]}/comm") == lifoguard-guard ]] || children=()
    kill -STOP "$1" "${children[@]}"
    kill -KILL "$1" "${children[@]}"
}
after_defer() {
    # A guardian, or the next command on the state, is at work.
    [[ $event == both ]] || until_true nobody_is_left
    until_true nothing_is_pending
}
nothing_is_pending() { [[ -z $(lifoguard pending 2>/dev/null) ]]; }

bad=0
for script in "$scripts"/*.trap; do
    name=$(basename "$script" .trap)
    lost=()
    for event in "${events[@]}"; do
        let_end "$script" "$event" bash
        before=$status
        [[ -z $left ]] || lost+=("$event")
        let_end "${script%.trap}.defer" "$event" lifoguard exec bash
        if [[ -n $left || ($event == [sf]* && $status != "$before") ]]; then
            printf 'failed: %s %s: left %s, exit status %s instead of %s\n' "$name" "$event" "${left:-nothing}" "$status" "$before"
            cat out
            bad=1
        fi
    done
    printf '%-18s the old one leaves something after: %s\n' "$name" "${lost[*]:-nothing}"
done
exit $bad
