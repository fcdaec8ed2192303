#!/usr/bin/env bash
# run.sh [BUILD-FOLDER [ROUNDS]]: builds the programs with gcc, clang and Go, runs them side by side, and writes
# results.json, results.svg and the table in README.md. `./dev bench` calls it.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=${1:-$here/../build/bench}
rounds=${2:-31}
mkdir -p "$build"
build=$(cd "$build" && pwd)

# Shown only if it fails.
quietly() {
    local log=$build/build.log
    "$@" >"$log" 2>&1 || {
        cat "$log" >&2
        return 1
    }
}

counted=(block_goto block_attribute block_defer calls_manual_2 calls_defer_2 func_plain func_lg)
commands=()
counts=()
for compiler in gcc clang; do
    case $compiler in
    gcc) env=(CC=gcc CXX=g++) ;;
    clang) env=(CC=clang-22 CXX=clang++-22) ;;
    esac
    printf 'building with %s\n' "$compiler" >&2
    # Without debugging information: Debian 12's valgrind gives up on that of clang 22.
    if [[ ! -f $build/$compiler/build.ninja ]]; then
        quietly env "${env[@]}" meson setup -Doptimization=2 -Ddebug=false -Dbench=enabled -Dtests=disabled \
            -Dtools=disabled -Dexamples=disabled "$build/$compiler" "$here/.."
    fi
    quietly ninja -j2 -C "$build/$compiler" bench-programs
    printf -v programs %q "$build/$compiler/bench" # for the shell that report starts
    commands+=("$compiler=$programs/defer_bench" "$compiler++=$programs/throw_bench"
        "$compiler-go=$programs/sched_bench" "few-$compiler-go=$programs/sched_bench million"
        "few-$compiler-go=$programs/echo_load lifoguard $programs/echo_lifoguard")
    counts+=("count-$compiler=$(printf %q "$here/instructions.sh") $programs/defer_bench ${counted[*]}"
        "count-compile-$compiler=$(printf '%q %q %q' "$here/compile.sh" "$compiler" "$here/../include")")
done

if command -v go >/dev/null; then
    printf 'building with Go\n' >&2
    # Nothing is fetched, and nothing is left outside of the build folder.
    for program in defer_bench sched_bench; do
        quietly env GOCACHE="$build/go-cache" GOTOOLCHAIN=local GOPROXY=off GO111MODULE=off \
            go build -o "$build/${program}_go" "$here/$program.go"
    done
    printf -v folder %q "$build"
    commands+=("go=$folder/defer_bench_go" "go-go=$folder/sched_bench_go" "few-go-go=$folder/sched_bench_go million"
        "few-go-go=$folder/gcc/bench/echo_load go $folder/sched_bench_go echo")
else
    printf 'Go is not installed (Debian: golang-go): its rows are left out\n' >&2
fi

printf -v programs %q "$build/gcc/bench"
commands+=("threads=$programs/thread_bench" "few-threads=$programs/echo_load epoll $programs/echo_epoll")

"$build/gcc/bench/report" "$rounds" "$here" "${commands[@]}" "${counts[@]}"
