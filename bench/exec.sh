#!/usr/bin/env bash
# exec.sh PROGRAM: what `lifoguard exec`, `run` and their kin cost, beside bash with `trap`, make and, where it is
# installed, just, as a table: the fastest of several rounds, since whatever else the machine does only adds.
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

lines() { local i; for ((i = 0; i < 1000; i++)); do echo "$1"; done; }
targets() { local i; for ((i = 0; i < 1000; i++)); do printf ' t%d' "$i"; done; }
makefile() {
    local i
    printf 'all:%s\n' "$(targets)"
    for ((i = 0; i < 1000; i++)); do printf 't%d:\n\t@%s\n' "$i" "$1"; done
}
lines /bin/true >direct
lines 'true; :' >shells
makefile /bin/true >direct.mk
makefile 'true; :' >shells.mk
{
    printf 'all:%s\n' "$(targets)"
    for ((i = 0; i < 1000; i++)); do printf '@t%d:\n    true; :\n' "$i"; done
} >justfile
just=()
! command -v just >/dev/null || just=('`just`' "$(fastest just all)")

row 'a file of 1,000 lines `/bin/true`, one after the other' "$(fastest lifoguard run --quiet direct 2>/dev/null)" '1.2 ×' \
    '`make`' "$(fastest make -s -f direct.mk)" "\`make -j$(nproc)\`" "$(fastest make -s "-j$(nproc)" -f direct.mk)" \
    '`bash`' "$(fastest bash direct)"
row 'a file of 1,000 lines `true; :`, each in a shell' "$(fastest lifoguard run --quiet shells 2>/dev/null)" '1.2 ×' \
    '`make`' "$(fastest make -s -f shells.mk)" "\`make -j$(nproc)\`" "$(fastest make -s "-j$(nproc)" -f shells.mk)" "${just[@]}"

# to_first COMMAND…: from the start to the first job, which writes when it runs, and fails; sets took.
cat >note <<'END'
#!/bin/bash
echo $EPOCHREALTIME >first
exit 1
END
chmod +x note
for kind in direct shells; do
    { echo ./note; cat "$kind"; } >"$kind.first"
    { printf '.PHONY: all first\nall: first %s\nfirst:\n\t@./note\n' "$(targets)"; sed 1d "$kind.mk"; } >"$kind.first.mk"
done
to_first() {
    local began first
    rm -f first
    began=$(now)
    "$@" >/dev/null 2>&1 || true
    first=$(<first)
    took=$((${first/./} - began))
}
for kind in direct shells; do
    best_of to_first make -s -f "$kind.first.mk"
    made=$best
    best_of to_first lifoguard run --quiet "$kind.first"
    row "the first job of a file of 1,000 lines \`$(tail -1 $kind)\`" "$best" '2 ×' '`make`' "$made"
done

for ((i = 0; i < 200; i++)); do printf 'true; :\ndefer true; :\n'; done >cleanups
head -400 shells >none
with=$(fastest lifoguard run --quiet cleanups 2>/dev/null)
row 'a cleanup of a line: on disk before the line, confirmed, carried out; beyond a line' \
    "$(((with - $(fastest lifoguard run --quiet none 2>/dev/null)) / 200))" ''

# Ten cleanups of a file, each of which writes when it runs.
cat >clean <<'END'
#!/bin/bash
echo $EPOCHREALTIME >>cleaned
END
chmod +x clean
{ for _ in {1..10}; do printf 'true\ndefer ./clean\n'; done; echo 'touch here; exec sleep 1000'; } >ten
all_cleaned() { [[ -e cleaned && $(wc -l <cleaned) == 10 ]]; }
# until_cleaned SIGNAL: from the signal to the runner to the last cleanup; for KILL, to the first one. Sets took.
until_cleaned() {
    local began last
    rm -f here cleaned
    lifoguard run --quiet ten >/dev/null 2>&1 &
    until [[ -e here ]]; do sleep 0.01; done
    began=$(now)
    kill "-$1" $!
    wait $! 2>/dev/null || true
    until all_cleaned; do sleep 0.01; done
    if [[ $1 == KILL ]]; then last=$(head -1 cleaned); else last=$(tail -1 cleaned); fi
    took=$((${last/./} - began))
}
best_of until_cleaned TERM
row 'SIGTERM to the last of ten cleanups of a file' "$best" ''
best_of until_cleaned KILL
row '`kill -9` of the runner to the first cleanup of a file' "$best" '1 s'

rm -f here
lifoguard run --quiet ten >/dev/null 2>&1 &
runner=$!
until [[ -e here ]]; do sleep 0.01; done
guardian=$(pgrep -P "$runner")
engine=$(pgrep -P "$guardian")
memory=$(awk '/^Pss:/ { sum += $2 } END { print sum }' /proc/{"$runner","$guardian","$engine"}/smaps_rollup)
kill -TERM "$runner"
wait "$runner" 2>/dev/null || true
printf '| memory of runner, guardian and engine of a file | %s KiB | | |\n' "$memory"
