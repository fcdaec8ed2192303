#!/usr/bin/env bash
# Misuse must not compile, and the message must say what to write. Each .c file here names, in comments:
#   // gcc: TEXT        which must be in gcc's output (each such line); "-" if gcc takes it
#   // clang: TEXT      likewise
#   // flags: OPTIONS   beyond the usual ones
#   // std: gnu17       if only one of gnu17 and gnu2x is meant
# clean.c is the other way round: it uses everything, and must compile without a warning.
#
# usage: run.sh gcc|clang INCLUDE-FOLDER COMPILER [OPTIONS]…
set -u
# A locale that gcc knows: it quotes by it.
export LC_ALL=C.UTF-8
id=$1 include=$2
shift 2
compile=("$@" -fexceptions -fasynchronous-unwind-tables "-I$include" -c -o /dev/null)
if [[ $id == clang ]]; then
    compile+=(-fdefer-ts)
fi
cd "$(dirname "$0")" || exit 1

failures=0 cases=0
fail() {
    printf '%s\n' "$*"
    failures=$((failures + 1))
}

wanted() { sed -n "s|^// $2: ||p" "$1"; }

# Of one mistake nobody should have to read more than this. (clang shows each macro between the use and the error.)
most_errors=4
if [[ $id == gcc ]]; then most_lines=50; else most_lines=110; fi

check_length() {
    local errors lines
    errors=$(grep -c 'error:' <<<"$3")
    lines=$(wc -l <<<"$3")
    ((errors <= most_errors && lines <= most_lines)) || fail "$1 as $2: $errors errors, $lines lines"
}

check_misuse() {
    local file=$1 std=$2 options texts text output
    read -ra options <<<"$(wanted "$file" flags)"
    texts=$(wanted "$file" "$id")
    if [[ -z $texts ]]; then
        fail "$file does not say what $id must say"
        return
    fi
    if [[ $texts == - ]]; then
        return
    fi
    cases=$((cases + 1))
    if output=$("${compile[@]}" "-std=$std" "${options[@]}" "$file" 2>&1); then
        fail "$file compiles as $std"
        return
    fi
    check_length "$file" "$std" "$output"
    while IFS= read -r text; do
        [[ $output == *"$text"* ]] || fail "$file as $std: not in the output: $text"$'\n'"$output"
    done <<<"$texts"
}

check_clean() {
    local std=$1 optimization=$2 output
    local warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wundef -Wwrite-strings -Werror)
    if [[ $id == gcc ]]; then
        warnings+=(-Wclobbered -Wtrampolines -Wduplicated-branches -Wlogical-op)
    fi
    cases=$((cases + 1))
    output=$("${compile[@]}" "-std=$std" "$optimization" "${warnings[@]}" clean.c 2>&1) ||
        fail "clean.c is not clean as $std $optimization:"$'\n'"$output"
}

# Without a feature macro, as a program that needs nothing but ISO C.
check_strict() {
    local std output
    for std in c11 c17 c2x; do
        cases=$((cases + 1))
        output=$("${compile[@]}" "-std=$std" -Wall -Wextra -Werror -x c - 2>&1 <<<'#include <lifoguard/lifoguard.h>') ||
            fail "lifoguard.h does not compile as $std:"$'\n'"$output"
    done
}
check_strict

for std in gnu17 gnu2x; do
    for file in *.c; do
        only=$(wanted "$file" std)
        if [[ $file != clean.c && (-z $only || $only == "$std") ]]; then
            check_misuse "$file" "$std"
        fi
    done
    check_clean "$std" -O0
    check_clean "$std" -O2
done

printf '%d cases, %d failures\n' "$cases" "$failures"
((cases > 0 && failures == 0))
