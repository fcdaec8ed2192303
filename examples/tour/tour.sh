#!/usr/bin/env bash
# tour.sh [REPORT]: what `lifoguard` does, in a few seconds: a script with cleanups, a server that is up while it is needed, and
# kill -9 in the middle. `lifoguard` is to be found in PATH. It leaves a page with the times of the second scene: REPORT.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
report=${1:-report.html}
out=$(mktemp)
trap 'rm -f "$out"' EXIT # this one does not outlive kill -9
unset KEEP LIFOGUARD_RUN LIFOGUARD_STATE

bold='' plain=''
[[ ! -t 1 || -n ${NO_COLOR-} ]] || bold=$'\e[1m' plain=$'\e[0m'
scene() { printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
aside() { printf '   %s\n' "$@"; }
indent() { sed 's/^/     /'; }
# until_true WHAT COMMAND…: waits for it.
until_true() {
    local end=$((SECONDS + 100)) what=$1
    shift
    until "$@"; do
        ((SECONDS < end)) || fail "$what"
        sleep 0.001
    done
}
fail() {
    cat "$out"
    echo "tour: $*" >&2
    exit 1
}

scene '1  A script says defer beside each thing that it acquires; then it fails.'
sed -n '4,$p' "$here/script.sh" | sed 's/^/   | /'
status=0
lifoguard exec --verbose bash "$here/script.sh" >"$out" 2>&1 </dev/null || status=$?
indent <"$out"
[[ $status == 3 ]] || fail "exit status $status instead of 3"
aside "Both cleanups have run, the last one first; the exit status is the script's: $status."

scene '2  A graph of jobs: a server is up while two visitors need it (site.yaml).'
lifoguard run --plain --report "$report" "$here/site.yaml" >"$out" 2>&1 </dev/null || fail 'the graph has failed'
grep -E '^\[.* (ready|ended|start   cleanup)|^visitor|lifoguard: (ok|failed)' "$out" | cut -c-96 | indent

scene '3  The same graph; in the middle of it, lifoguard is killed with kill -9.'
: >"$out" # the next line may return before its command has emptied the file
STAY=1000 lifoguard run --plain "$here/site.yaml" >"$out" 2>&1 </dev/null &
runner=$!
until_true 'no visitor has come' grep -q '^visitor-2 | Hello' "$out"
lines=$(wc -l <"$out")
killed=${EPOCHREALTIME/./}
{ kill -KILL "$runner" && wait "$runner"; } 2>/dev/null || true
until_true 'no cleanup has begun' grep -q '^\[.*start   cleanup' "$out"
took=$(((${EPOCHREALTIME/./} - killed) / 1000))
until_true 'the cleanups have not ended' grep -q '^lifoguard: SIG.* cleanups, ' "$out"
tail -n "+$((lines + 1))" "$out" | grep -E 'runner was killed|ended|start   cleanup|lifoguard: [A-Z]+:' | cut -c-96 | indent
aside "The guardian, a process of its own, has ended what ran and cleaned up in reverse." \
    "From kill -9 to the first cleanup: $took ms. Nothing is left."

scene '4  The report'
aside "$report: each job, command and cleanup on a line of time; one file, for any browser."
