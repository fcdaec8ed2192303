#!/usr/bin/env bash
# compile.sh gcc|clang INCLUDE-FOLDER: what functions with two deferred calls cost the compiler, beside the same written with
# goto, the cleanup attribute and C++ destructors: its processor time, the bytes of code that usually runs, of code that
# only an unwinding runs, where the compiler keeps the two apart, and of debugging information, each for one function. Printed as lines of JSON; a time is the least of several runs.
set -euo pipefail
id=$1 include=$2
functions=200 runs=5
export CCACHE_DISABLE=1 # the compiler is what is measured
case $id in
gcc) c=(gcc -std=gnu17) cxx=(g++) ;;
clang) c=(clang-22 -std=gnu17 -fdefer-ts) cxx=(clang++-22) ;;
esac
options=(-O2 -g -fexceptions -fasynchronous-unwind-tables "-I$include" -c)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# The text of a function's body in one form: what releases `a` and `b`.
releases() {
    case $1 in
    goto) printf '' ;;
    attribute) printf 'struct resource *at_%s __attribute__((cleanup(leave))) = %s;\n' "$2" "$2" ;;
    cxx) printf 'Guard at_%s{%s};\n' "$2" "$2" ;;
    block) printf 'lg_defer_block { bench_release(%s); }\n' "$2" ;;
    defer) printf 'lg_defer(bench_release, %s);\n' "$2" ;;
    esac
}

head_of() {
    printf '#include "cleanup.h"\n#include <lifoguard/lifoguard.h>\n'
    case $1 in
    attribute) printf 'static inline void leave(struct resource **at) { bench_release(*at); }\n' ;;
    cxx) printf 'struct Guard { struct resource *at; ~Guard() { bench_release(at); } };\n' ;;
    esac
}

body_of() {
    if [[ $1 == goto ]]; then
        printf 'int result = -1;\nbench_open(a);\nif (bench_work(a)) goto out_a;\nbench_open(b);\n'
        printf 'if (bench_work(b)) goto out_b;\nresult = bench_work(a) + %d;\n' "$2"
        printf 'out_b: bench_release(b);\nout_a: bench_release(a);\nreturn result;\n'
    else
        printf 'bench_open(a);\n%s\nif (bench_work(a)) return -1;\n' "$(releases "$1" a)"
        printf 'bench_open(b);\n%s\nif (bench_work(b)) return -1;\nreturn bench_work(a) + %d;\n' "$(releases "$1" b)" "$2"
    fi
}

write_source() {
    head_of "$1"
    for ((i = 0; i < $2; i++)); do
        printf 'int f%d(struct resource *a, struct resource *b);\nint f%d(struct resource *a, struct resource *b)\n{\n' "$i" "$i"
        body_of "$1" "$i"
        printf '}\n'
    done
}

# The processor time in seconds.
time_of() {
    local TIMEFORMAT='%U' least=999 now
    for ((run = 0; run < runs; run++)); do
        now=$({ time "$@" >/dev/null; } 2>&1)
        least=$(awk -v a="$least" -v b="$now" 'BEGIN { print a < b ? a : b }')
    done
    printf '%s' "$least"
}

section() { size -A "$1" | awk -v name="$2" '$1 ~ name { sum += $2 } END { print sum + 0 }'; }

for form in goto attribute cxx block defer; do
    compiler=("${c[@]}") source=$folder/$form.c
    if [[ $form == cxx ]]; then
        compiler=("${cxx[@]}" -std=c++17) source=$folder/$form.cc
    fi
    compiler+=("${options[@]}" "-I$(dirname "${BASH_SOURCE[0]}")")
    write_source "$form" "$functions" >"$source"
    seconds=$(time_of "${compiler[@]}" -o "$folder/$form.o" "$source")
    awk -v s="$seconds" -v n="$functions" -v form="$form" -v text="$(section "$folder/$form.o" '^[.]text$')" \
        -v cold="$(section "$folder/$form.o" '^[.]text[.]')" \
        -v debug="$(section "$folder/$form.o" '^[.]debug')" 'BEGIN {
            printf "{\"what\": \"time_%s\", \"ms\": %.3f}\n", form, s * 1000 / n
            printf "{\"what\": \"text_%s\", \"bytes\": %.0f}\n", form, text / n
            printf "{\"what\": \"cold_%s\", \"bytes\": %.0f}\n", form, cold / n
            printf "{\"what\": \"debug_%s\", \"bytes\": %.0f}\n", form, debug / n
        }'
done
