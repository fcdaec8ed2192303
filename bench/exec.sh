#!/usr/bin/env bash
# exec.sh PROGRAM: what `lifoguard exec` and its kin cost, as a table: the fastest of several rounds, since whatever else the
# machine does only adds.
# shellcheck disable=SC2016 # backquotes are for the table
set -euo pipefail
program=$(realpath "$1")
work=$(mktemp -d)
mkdir "$work/bin"
ln -s "$program" "$work/bin/lifoguard"
export PATH=$work/bin:$PATH XDG_STATE_HOME=$work
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP
trap 'rm -rf "$work"' EXIT
cd "$work"

now() { printf '%s' "${EPOCHREALTIME/./}"; } # µs

# each COUNT COMMAND…: the mean time of a call in µs; the fastest of seven rounds.
each() {
    local count=$1 best=999999999 began took i round
    shift
    for ((round = 0; round < 7; round++)); do
        began=$(now)
        for ((i = 0; i < count; i++)); do "$@"; done
        took=$((($(now) - began) / count))
        ((took >= best)) || best=$took
    done
    printf '%d' "$best"
}

row() { printf '| %s | %s | %s |\n' "$1" "$(awk -v us="$2" 'BEGIN { printf us < 10000 ? "%.2f ms" : "%.0f ms", us / 1000 }')" "$3"; }

printf '| what | time | to reach |\n|---|--:|--:|\n'
plain=$(each 40 /bin/true)
row 'a process that does nothing' "$plain" ''
row '`lifoguard exec` around it, beyond that' "$(($(each 40 lifoguard exec /bin/true) - plain))" '5 ms'

cat >defers <<END
now() { printf '%s' "\${EPOCHREALTIME/./}"; }
$(declare -f each)
each 50 lifoguard defer true >one
lifoguard undo --since 0
began=\$(now)
for ((i = 0; i < 10000; i++)); do lifoguard defer true; done
echo \$((\$(now) - began)) >many
lifoguard keep
END
lifoguard exec bash defers 2>/dev/null
row 'a durable `lifoguard defer`, its process and all' "$(<one)" ''
row '10,000 of them in a loop' "$(<many)" ''

first_cleanup() {
    rm -f ran here
    lifoguard exec bash -c 'lifoguard defer sh -c "date +%s%N >ran.new; mv ran.new ran"; touch here; sleep 100' &
    local runner=$! began
    until [[ -e here ]]; do sleep 0.01; done
    began=$(date +%s%N)
    kill -KILL "$runner"
    until [[ -e ran ]]; do sleep 0.01; done
    wait "$runner" 2>/dev/null || true
    took=$((($(<ran) - began) / 1000))
}
best=999999999
for _ in 1 2 3 4 5; do
    first_cleanup 2>/dev/null
    ((took >= best)) || best=$took
done
row '`kill -9` of the runner to the first cleanup' "$best" '1 s'
