#!/usr/bin/env bash
# exec.sh PROGRAM: what `lifoguard exec`, `run` and their kin cost, beside bash with `trap` and make, as a table: the fastest of
# several rounds, since whatever else the machine does only adds.
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

# fastest COMMAND…: of seven calls, in µs.
fastest() { each 1 "$@"; }

ms() { awk -v us="$1" 'BEGIN { printf us < 10000 ? "%.2f ms" : "%.0f ms", us / 1000 }'; }
# row WHAT µs TO-REACH [BESIDE µs]…
row() {
    local what=$1 took=$2 reach=$3 beside=''
    shift 3
    for (( ; $# > 0; )); do
        beside+="${beside:+, }$1 $(ms "$2")"
        shift 2
    done
    printf '| %s | %s | %s | %s |\n' "$what" "$(ms "$took")" "$beside" "$reach"
}

printf '| what | time | beside | to reach |\n|---|--:|---|--:|\n'
plain=$(each 40 /bin/true)
row 'a process that does nothing' "$plain" ''
row '`lifoguard exec` around it, beyond that' "$(($(each 40 lifoguard exec /bin/true) - plain))" '5 ms'

cat >defers <<END
now() { printf '%s' "\${EPOCHREALTIME/./}"; }
$(declare -f each)
each 50 lifoguard defer true >one
lifoguard undo --since 0
began=\$(now)
for ((i = 0; i < 1000; i++)); do lifoguard defer true; done
echo \$((\$(now) - began)) >many
lifoguard keep
END
lifoguard exec bash defers 2>/dev/null
row 'a durable `lifoguard defer`, its process and all' "$(<one)" ''
row '1,000 of them in a loop' "$(<many)" ''

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

# ---- from SIGTERM to the end of the last of five cleanups ----

cat >with_defer <<'END'
for i in 1 2 3 4 5; do lifoguard defer /bin/true; done
touch here
sleep 100
END
cat >with_trap <<'END'
trap '/bin/true; /bin/true; /bin/true; /bin/true; /bin/true' EXIT
trap 'exit 143' TERM
touch here
sleep 100 & wait
END
# term_to_end COMMAND…: sets took.
term_to_end() {
    rm -f here
    "$@" &
    local began
    until [[ -e here ]]; do sleep 0.01; done
    began=$(now)
    kill -TERM $!
    wait $! 2>/dev/null || true
    took=$(($(now) - began))
}
# best_of COMMAND…: the smallest `took` of five calls.
best_of() {
    best=999999999
    for _ in 1 2 3 4 5; do
        "$@"
        ((took >= best)) || best=$took
    done
}
best_of term_to_end bash with_trap
trapped=$best
pkill -P $$ -x sleep || true
best_of term_to_end lifoguard exec bash with_defer
row 'SIGTERM to the last of five cleanups' "$best" '' 'bash with `trap`' "$trapped"

# ---- memory, while a command runs ----

rm -f here
lifoguard exec sh -c 'touch here; exec sleep 100' &
runner=$!
until [[ -e here ]]; do sleep 0.01; done
guardian=$(pgrep -P "$runner")
memory=$(awk '/^Pss:/ { sum += $2 } END { print sum }' "/proc/$runner/smaps_rollup" "/proc/$guardian/smaps_rollup")
kill -TERM "$runner"
wait "$runner" 2>/dev/null || true
printf '| memory of runner and guardian (their share of what is shared) | %s KiB | | |\n' "$memory"

# ---- job files ----

for ((i = 0; i < 1000; i++)); do echo /bin/true; done >"jobs"
{ echo 'touch first'; cat jobs; } >jobs_first
{
    printf 'all:'
    for ((i = 0; i < 1000; i++)); do printf ' t%d' "$i"; done
    printf '\n'
    for ((i = 0; i < 1000; i++)); do printf 't%d:\n\t@/bin/true\n' "$i"; done
} >Makefile
sed 's/^all:/all: first/' Makefile >Makefile.first
printf 'first:\n\t@touch first\n' >>Makefile.first

row 'a file of 1,000 lines `/bin/true`' "$(fastest lifoguard run --quiet jobs 2>/dev/null)" '1.2 ×' \
    '`make`' "$(fastest make -s)" "\`make -j$(nproc)\`" "$(fastest make -s "-j$(nproc)")" '`bash`' "$(fastest bash jobs)"

# to_first COMMAND…: until the first job has run; sets took.
to_first() {
    rm -f first
    local began
    began=$(now)
    "$@" >/dev/null 2>&1 &
    until [[ -e first ]]; do :; done
    took=$(($(now) - began))
    kill -KILL $! 2>/dev/null || true
    wait $! 2>/dev/null || true
}
best_of to_first make -s -f Makefile.first
made=$best
best_of to_first lifoguard run --quiet jobs_first
row 'the first job of a file of 1,000 lines' "$best" '2 ×' '`make`' "$made"
