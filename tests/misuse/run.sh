#!/usr/bin/env bash
# Misuse must not compile, and the message must say what to write. Each .c file here names, in comments:
#   // gcc: TEXT        which must be in gcc's output (each such line); "-" if gcc takes it
#   // clang: TEXT      likewise; the first of each compiler's stands in its first error
#   // gcc lines: N, // clang lines: N   if more than twenty are bearable
#   // gcc errors: N, // clang errors: N   likewise, of more than two errors
#   // flags: OPTIONS   beyond the usual ones
#   // std: gnu17       if only one of gnu17 and gnu2x is meant
# clean.c is the other way round: it uses everything, and must compile without a warning.
#
# usage: run.sh gcc|clang INCLUDE-FOLDER COMPILER [OPTIONS]…
set -u
# A locale that gcc knows: it quotes by it.
export LC_ALL=C.UTF-8
# What does not compile is not kept by ccache, which costs as much as the compiler here.
export CCACHE_DISABLE=1
id=$1 include=$2
shift 2
preprocess=("$@" -fexceptions "-I$include" -std=gnu17 -E)
compiler=("$@" -fexceptions -fasynchronous-unwind-tables)
if [[ $id == clang ]]; then
    compiler+=(-fdefer-ts)
fi
compile=("${compiler[@]}" "-I$include" -c -o /dev/null)
cd "$(dirname "$0")" || exit 1
precompiled=$(mktemp -d) || exit 1
trap 'rm -rf "$precompiled"' EXIT

failures=0 cases=0 headers=()
fail() {
    printf '%s\n' "$*"
    failures=$((failures + 1))
}

# wanted FILE KEY: sets `texts` to the lines that the file has for the key. (Without starting a process: there are hundreds.)
wanted() {
    local line
    texts=
    while IFS= read -r line; do
        [[ $line != "// $2: "* ]] || texts+=${texts:+$'\n'}${line#"// $2: "}
    done <"$1"
}

# precompile STD: the header is read once for all cases that have no options of their own, which is half of the work. Sets `headers`.
precompile() {
    local folder=$precompiled/$1
    mkdir -p "$folder/lifoguard"
    if [[ $id == clang ]]; then
        headers=(-include-pch "$folder/lifoguard/lifoguard.h.gch")
    else
        # gcc looks for it beside the header's name, in the folder that comes first.
        headers=("-I$folder")
    fi
    "${compiler[@]}" "-I$include" "-std=$1" -x c-header "$include/lifoguard/lifoguard.h" -o "$folder/lifoguard/lifoguard.h.gch" ||
        fail "lifoguard.h cannot be precompiled as $1"
}

# Of one mistake nobody should have to read more than this. (clang shows each macro between the use and the error.)
# In C23 three of its lines show the text that takes the place of a bool.
most_errors=2
most_lines() { if [[ $1 == clang-gnu2x ]]; then echo 25; else echo 20; fi; }

check_length() {
    local line errors=0 lines=0 texts bearable
    wanted "$1" "$id errors"
    bearable=${texts:-$most_errors}
    wanted "$1" "$id lines"
    while IFS= read -r line; do
        lines=$((lines + 1))
        # Where a precompiled header was included is a line that gcc leaves out.
        [[ $id == clang || ${#headers[@]} == 0 || $line != 'In file included from'* ]] || lines=$((lines + 1))
        [[ $line != *error:* ]] || errors=$((errors + 1))
    done <<<"$3"
    ((errors <= bearable && lines <= ${texts:-$(most_lines "$id-$2")})) || fail "$1 as $2: $errors errors, $lines lines"$'\n'"$3"
}

# The first error is the one that is read: it holds the first text. (Of a parameter of type double gcc gives only values.)
check_first() {
    local first=
    while IFS= read -r first && [[ $first != *error:* ]]; do :; done <<<"$3"
    [[ $first == *"$4"* ]] || fail "$1 as $2: the first error is not the one about '$4':"$'\n'"$first"
}

check_misuse() {
    local file=$1 std=$2 options texts text output headers=("${headers[@]}")
    wanted "$file" flags
    read -ra options <<<"$texts"
    [[ -z $texts ]] || headers=()
    wanted "$file" "$id"
    if [[ -z $texts ]]; then
        fail "$file does not say what $id must say"
        return
    fi
    if [[ $texts == - ]]; then
        return
    fi
    cases=$((cases + 1))
    if output=$("${compiler[@]}" "${headers[@]}" "-I$include" -c -o /dev/null "-std=$std" "${options[@]}" "$file" 2>&1); then
        fail "$file compiles as $std"
        return
    fi
    check_length "$file" "$std" "$output"
    check_first "$file" "$std" "$output" "${texts%%$'\n'*}"
    while IFS= read -r text; do
        [[ $output == *"$text"* ]] || fail "$file as $std: not in the output: $text"$'\n'"$output"
    done <<<"$texts"
}

check_clean() {
    local std=$1 optimization=$2 output
    local warnings=(-Wall -Wextra -Wpedantic -Wshadow -Wvla -Wstrict-prototypes -Wundef -Wwrite-strings -Wcast-qual -Wredundant-decls -Werror)
    if [[ $id == gcc ]]; then
        warnings+=(-Wclobbered -Wtrampolines -Wduplicated-branches -Wlogical-op)
    fi
    cases=$((cases + 1))
    output=$("${compile[@]}" "-std=$std" "$optimization" "${warnings[@]}" clean.c 2>&1) ||
        fail "clean.c is not clean as $std $optimization:"$'\n'"$output"
}

# What a form turns off while it is read is on again after it.
check_balance() {
    local output blocks=()
    if [[ $id == clang ]]; then
        blocks=(-fdefer-ts)
    fi
    cases=$((cases + 1))
    output=$("${preprocess[@]}" "${blocks[@]}" clean.c) || fail "clean.c cannot be preprocessed"
    [[ $(grep -c 'diagnostic push' <<<"$output") == $(grep -c 'diagnostic pop' <<<"$output") ]] ||
        fail "a form in clean.c leaves warnings turned off"
}
check_balance

# What a compiler's own analyzer has to say of right code is noise. (Neither follows a stream through a record, or what a record of
# several words holds: there it takes what is deferred for lost.)
check_analyzed() {
    local output analyze=(-O1 -fanalyzer -Werror)
    if [[ $id == clang ]]; then
        analyze=(--analyze -Wno-unused-command-line-argument -Xclang -analyzer-werror)
    fi
    cases=$((cases + 1))
    output=$("${compile[@]}" -std=gnu17 "${analyze[@]}" -x c - 2>&1 <<'END'
#include <lifoguard/lifoguard.h>
#include <stdlib.h>

struct counter {
    lg_mutex mutex;
    int count;
};

int count_up(struct counter *counter);
int count_up(struct counter *counter)
{
    lg_guard(lg_mutex)(&counter->mutex);
    return ++counter->count;
}

int fill(char *memory);
int with_memory(void);
int with_memory(void)
{
    char *memory = malloc(10);
    if (!memory)
        return -1;
    lg_defer_as(freeing, free, memory);
    if (fill(memory) < 0)
        return -1;
    lg_deferred_run(freeing);
    return 0;
}
END
    ) || fail "$id's analyzer complains:"$'\n'"$output"
}
check_analyzed

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

# In C++ the forms do not exist, and the message says so once. (lg_scope(s) would declare a variable that nothing opens.)
check_cxx() {
    local form output forms=(
        'lg_defer(free, memory);' 'lg_defer_as(call, free, memory);' 'lg_scope(s);' 'lg_defer_block { free(memory); }'
        'lg_func (int, n) { lg_return(1); }' 'lg_go(free, memory);' 'lg_error *e = lg_group_start(memory, 1, free); (void)e;'
        'lg_chan(int) c;' 'int n = lg_chan_recv_value(memory); (void)n;' 'if (lg_chan_recv(memory, memory)) return 1;'
        'lg_chan_each (memory, int, n) { free(memory); }' 'switch (lg_select(memory)) { case 0: return 1; }'
        'lg_guard(lg_mutex)(memory);' 'lg_scoped_guard(lg_mutex, memory) { free(memory); }' 'lg_guard_as(lg_mutex, held)(memory);'
        'char *p = lg_adopt(memory, free); free(p);' 'lg_auto(file) FILE *file = nullptr; (void)file;' 'lg_blocking(free, memory);'
        'lg_once_of(int) once;'
    )
    for form in "${forms[@]}"; do
        cases=$((cases + 1))
        output=$("${compile[@]}" -std=c++17 -x c++ - 2>&1 <<END
#include <cstdlib>
#include <lifoguard/lifoguard.h>
int f(void *memory) { $form return 0; }
END
        ) && fail "C++ takes $form"
        check_length /dev/null c++17 "$output"
        check_first "$form" c++17 "$output" 'exists only in C: write '
    done
}
check_cxx

# No name of a macro is forgotten: what is a macro in C is a macro or a function in C++.
check_cxx_names() {
    local name declared
    declared=$("${preprocess[@]/-std=gnu17/-std=c++17}" -x c++ - <<<'#include <lifoguard/lifoguard.h>') || fail "lifoguard.h is not C++"
    declared+=$("${preprocess[@]/-std=gnu17/-std=c++17}" -dM -x c++ - <<<'#include <lifoguard/lifoguard.h>' | sed 's/^#define //')
    cases=$((cases + 1))
    while read -r name; do
        grep -q "\<$name\>" <<<"$declared" || fail "in C++ nothing is known of $name"
    done < <("${preprocess[@]}" -dM -x c - <<<'#include <lifoguard/lifoguard.h>' | sed -nE 's/^#define ((lg|LG)_[A-Za-z0-9_]+).*/\1/p' | sort -u)
}
check_cxx_names

# A compiler that announces TS 25755 makes blocks by its own _Defer, whatever its name.
check_native() {
    local output announced=(-D__STDC_DEFER_TS25755__=1)
    if [[ $id == clang ]]; then
        announced=(-fdefer-ts)
    fi
    cases=$((cases + 1))
    output=$("${preprocess[@]}" "${announced[@]}" -x c - <<'END'
#include <lifoguard/defer.h>
void f(void) { lg_defer_block { lg_goexit(); } }
END
    ) || fail "with __STDC_DEFER_TS25755__ defer.h cannot be included"
    [[ $(grep -v '^#' <<<"$output" | tr -s ' \n' ' ') == *'_Defer { lg_goexit(); }'* ]] || fail "_Defer is not used where it is announced"
}
check_native

for std in gnu17 gnu2x; do
    precompile "$std"
    for file in *.c; do
        wanted "$file" std
        if [[ $file != clean.c && (-z $texts || $texts == "$std") ]]; then
            check_misuse "$file" "$std"
        fi
    done
    check_clean "$std" -O0
    check_clean "$std" -O2
done

printf '%d cases, %d failures\n' "$cases" "$failures"
((cases > 0 && failures == 0))
