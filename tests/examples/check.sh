#!/usr/bin/env bash
# check.sh PROGRAM EXPECTED: runs PROGRAM, which must end by itself with status 0, write nothing to
# stderr, leave no file in TMPDIR, and write to stdout the lines of EXPECTED. There, a line that begins
# with ~ is an extended regular expression for the whole line; {1,4} TEXT stands for as many lines TEXT as there
# are, from one to four.
#
# LG_EXAMPLE_WRAPPER is put before the program (words separated by blanks): valgrind, for example.
set -euo pipefail

program=$1 expected=$2
seconds=${LG_EXAMPLE_SECONDS:-20}
read -ra wrapper <<<"${MESON_EXE_WRAPPER-} ${LG_EXAMPLE_WRAPPER-}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tmp"

failed=0
fail() {
    echo "FAIL: $*"
    failed=1
}

status=0
TMPDIR=$folder/tmp timeout --kill-after=5 "$seconds" ${wrapper[@]+"${wrapper[@]}"} "$program" \
    >"$folder/stdout" 2>"$folder/stderr" </dev/null || status=$?
case $status in
0) ;;
124) fail "still running after $seconds s" ;;
*) fail "exit status $status" ;;
esac
if [[ -s $folder/stderr ]]; then
    fail "on stderr:"
    cat "$folder/stderr"
fi
left=$(ls -A "$folder/tmp")
[[ -z $left ]] || fail "left in TMPDIR: $left"

mapfile -t lines <"$folder/stdout"
wanted=()
while IFS= read -r want; do
    if [[ $want =~ ^\{([0-9]+),([0-9]+)\}\ (.*)$ ]]; then
        for ((i = 0; i < BASH_REMATCH[2]; i++)); do
            ((i < BASH_REMATCH[1])) || [[ ${lines[${#wanted[@]}]-} == "${BASH_REMATCH[3]}" ]] || break
            wanted+=("${BASH_REMATCH[3]}")
        done
    else
        wanted+=("$want")
    fi
done <"$expected"
count=${#wanted[@]}
((${#lines[@]} <= count)) || count=${#lines[@]}
for ((i = 0; i < count; i++)); do
    line=${lines[i]-} want=${wanted[i]-}
    if ((i >= ${#lines[@]})); then
        fail "line $((i + 1)) is missing: $want"
    elif ((i >= ${#wanted[@]})); then
        fail "line $((i + 1)) is one too many: $line"
    elif [[ $want == '~'* ]]; then
        [[ $line =~ ^(${want#\~})$ ]] || fail "line $((i + 1)): $line"$'\n'"      does not match: ${want#\~}"
    elif [[ $line != "$want" ]]; then
        fail "line $((i + 1)): $line"$'\n'"      should be: $want"
    fi
done
exit $failed
