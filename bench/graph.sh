#!/usr/bin/env bash
# graph.sh PROGRAM: what a graph of jobs costs beside make, as a table: the fastest of several rounds, since whatever else the
# machine does only adds.
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

# fastest ROUNDS COMMAND…: of a command's own time in µs.
fastest() {
    local rounds=$1 best=999999999 began took
    shift
    for ((; rounds > 0; rounds--)); do
        began=$(now)
        "$@" >/dev/null 2>&1
        took=$(($(now) - began))
        ((took >= best)) || best=$took
    done
    printf '%d' "$best"
}

milliseconds() { awk -v us="$1" 'BEGIN { printf us < 10000 ? "%.2f ms" : "%.0f ms", us / 1000 }'; }
row() { printf '| %s | %s | %s | %s |\n' "$1" "$(milliseconds "$2")" "${3:+$(milliseconds "$3")}" "$4"; }

# What make would run without a shell gets one in both.
{ echo jobs:; for ((i = 0; i < jobs; i++)); do echo "  j$i: {run: 'true; :'}"; done; } >trivial.yaml
{
    printf 'all:'
    for ((i = 0; i < jobs; i++)); do printf ' j%d' "$i"; done
    printf '\n'
    for ((i = 0; i < jobs; i++)); do printf 'j%d:\n\t@true; :\n' "$i"; done
} >Makefile
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

printf '| what | lifoguard | make | to reach |\n|---|--:|--:|---|\n'
row "$jobs trivial jobs, \`-j $limit\`" "$(fastest 5 "$program" run -q -j "$limit" trivial.yaml)" \
    "$(fastest 5 make -s -j "$limit")" '1.2 × make'
row "to the first job of $jobs" "$(to_first "$program" run first.yaml)" "$(to_first make -s -f First.mk)" '2 × make'
row 'SIGTERM to the last of ten cleanups' "$(until_cleaned TERM)" '' ''
row '`kill -9` of the runner to the first cleanup' "$(until_cleaned KILL)" '' '1 s'
