#!/usr/bin/env bash
# graph.sh PROGRAM: what a graph of jobs costs beside make and, where it is installed, just, as a table: the fastest of several rounds,
# in which each has its turn, since whatever else the machine does only adds.
# shellcheck disable=SC2016 # backquotes are for the table
set -euo pipefail
program=$(realpath "$1")
work=$(mktemp -d)
export XDG_STATE_HOME=$work
unset LIFOGUARD_RUN LIFOGUARD_STATE KEEP MAKEFLAGS
trap 'rm -rf "$work"' EXIT
cd "$work"

jobs=1000
limit=$(nproc)
now() { printf '%s' "${EPOCHREALTIME/./}"; } # µs

# compare ROUNDS COMMAND…: in turn; sets shortest[i] to the shortest time of the i-th in µs. A COMMAND is one argument.
compare() {
    local rounds=$1 began took i command
    shift
    shortest=()
    for ((; rounds > 0; rounds--)); do
        i=0
        for command; do
            began=$(now)
            eval "$command" >/dev/null 2>&1
            took=$(($(now) - began))
            ((took >= ${shortest[i]:-999999999})) || shortest[i]=$took
            i=$((i + 1))
        done
    done
}

milliseconds() { awk -v us="$1" 'BEGIN { printf us < 10000 ? "%.2f ms" : "%.0f ms", us / 1000 }'; }
# row WHAT LIFOGUARD MAKE JUST TO-REACH
row() {
    printf '| %s | %s | %s | %s | %s |\n' "$1" "$(milliseconds "$2")" "${3:+$(milliseconds "$3")}" "${4:+$(milliseconds "$4")}" "$5"
}

# What make would run without a shell gets one in both.
write_graph() { echo jobs:; for ((i = 0; i < jobs; i++)); do echo "  j$i: {run: '$1'${2-}}"; done; }
write_make() {
    printf 'all:'
    for ((i = 0; i < jobs; i++)); do printf ' j%d' "$i"; done
    printf '\n'
    for ((i = 0; i < jobs; i++)); do printf 'j%d:\n\t@%s\n' "$i" "$1"; done
}
write_graph 'true; :' >trivial.yaml
write_make 'true; :' >Makefile
write_graph /bin/true >direct.yaml
write_make /bin/true >Direct.mk
jobs=200 write_graph 'true; :' ', defer: "true; :"' >cleanups.yaml
jobs=200 write_graph 'true; :' >none.yaml
{
    printf '[parallel]\nall:'
    for ((i = 0; i < jobs; i++)); do printf ' j%d' "$i"; done
    printf '\n'
    for ((i = 0; i < jobs; i++)); do printf '@j%d:\n    true; :\n' "$i"; done
} >justfile
{ echo jobs:; echo "  first: {run: 'echo \$EPOCHREALTIME >first; exit 1', shell: bash}"
    for ((i = 0; i < jobs; i++)); do echo "  j$i: {needs: first, run: 'true; :'}"; done; } >first.yaml
{
    printf 'SHELL = bash\n.PHONY: all first\n'
    printf 'all:'
    for ((i = 0; i < jobs; i++)); do printf ' j%d' "$i"; done
    printf '\nfirst:\n\t@echo $$EPOCHREALTIME >first; exit 1\n'
    for ((i = 0; i < jobs; i++)); do printf 'j%d: first\n\t@true; :\n' "$i"; done
} >First.mk

# to_first COMMAND…: from its start to its first job.
to_first() {
    local best=999999999 began first took i
    for ((i = 0; i < 7; i++)); do
        began=$(now)
        "$@" >/dev/null 2>&1 || true
        first=$(<first)
        took=$((${first/./} - began))
        ((took >= best)) || best=$took
    done
    printf '%d' "$best"
}

# until_cleaned SIGNAL: from the signal to the runner to the last cleanup of a graph with ten; for KILL, to the first one.
{ echo jobs:; for i in {1..10}; do echo "  j$i: {run: touch up$i; exec sleep 1000, defer: 'echo \$EPOCHREALTIME >>cleaned', shell: bash}"; done; } >ten.yaml
all_up() { local i; for i in {1..10}; do [[ -e up$i ]] || return 1; done; }
all_cleaned() { [[ -e cleaned && $(wc -l <cleaned) == 10 ]]; }
until_cleaned() {
    local best=999999999 began last took i
    for ((i = 0; i < 5; i++)); do
        rm -f up* cleaned
        "$program" run -j 10 ten.yaml >/dev/null 2>&1 &
        until all_up; do sleep 0.01; done
        began=$(now)
        kill "-$1" $!
        wait $! 2>/dev/null || true
        until all_cleaned; do sleep 0.01; done
        if [[ $1 == KILL ]]; then last=$(head -1 cleaned); else last=$(tail -1 cleaned); fi
        took=$((${last/./} - began))
        ((took >= best)) || best=$took
    done
    printf '%d' "$best"
}

# The share of runner, guardian and engine in memory, once a first job of 1,000 runs.
memory() {
    local runner guardian engine
    rm -f first
    "$program" run -j 1 held.yaml >/dev/null 2>&1 &
    runner=$!
    until [[ -e first ]]; do sleep 0.01; done
    guardian=$(pgrep -P "$runner")
    engine=$(pgrep -P "$guardian")
    awk '/^Pss:/ { sum += $2 } END { printf "%d", sum }' /proc/{"$runner","$guardian","$engine"}/smaps_rollup
    kill -TERM "$runner"
    wait "$runner" 2>/dev/null || true
}
{ echo jobs:; echo "  first: {run: touch first; exec sleep 1000}"; sed 1d trivial.yaml; } >held.yaml

just=()
! command -v just >/dev/null || just=('just all')
printf '| what | lifoguard | make | just | to reach |\n|---|--:|--:|--:|---|\n'
compare 7 "$program run -q -j $limit trivial.yaml" "make -s -j $limit" "${just[@]}"
row "$jobs jobs \`true; :\`, \`-j $limit\`" "${shortest[0]}" "${shortest[1]}" "${shortest[2]-}" '1.2 × make'
compare 7 "$program run -q -j $limit direct.yaml" "make -s -j $limit -f Direct.mk"
row "$jobs jobs \`/bin/true\`, which no shell runs" "${shortest[0]}" "${shortest[1]}" '' '1.2 × make'
compare 3 "$program run -q -j $limit cleanups.yaml" "$program run -q -j $limit none.yaml"
row 'a cleanup of a job: on disk before the job, confirmed, carried out' "$(((shortest[0] - shortest[1]) / 200))" '' '' ''
row "to the first job of $jobs" "$(to_first "$program" run first.yaml)" "$(to_first make -s -f First.mk)" '' '2 × make'
row 'SIGTERM to the last of ten cleanups' "$(until_cleaned TERM)" '' '' ''
row '`kill -9` of the runner to the first cleanup' "$(until_cleaned KILL)" '' '' '1 s'
printf '| memory of runner, guardian and engine, with %d jobs to come | %d KiB | | | |\n' "$jobs" "$(memory)"
