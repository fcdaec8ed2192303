#!/usr/bin/env bash
# run.sh [--quick] [--against COMMIT] [--peers FOLDER] [--rounds N]: builds the programs with gcc, clang and Go, runs them
# side by side, and writes results.json, results.svg and the table in README.md. `./dev bench` calls it.
#
#   --quick           few rounds of what is timed in short slices: prints the table and writes nothing
#   --against COMMIT  beside the same programs of that commit: names each row that has become worse by more than 10 %
#                     and then ends with status 1; writes nothing
#   --peers FOLDER    where peers are that are not installed (peers/README.md); also from LIFOGUARD_BENCH_PEERS
#   --rounds N        instead of 31 (--against: 15; --quick: 5)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$here/../build/bench
quick='' against='' rounds='' peers=${LIFOGUARD_BENCH_PEERS-}
while (($# > 0)); do
    case $1 in
    --quick) quick=1 ;;
    --against) against=${2:?a commit} && shift ;;
    --peers) peers=${2:?a folder} && shift ;;
    --rounds) rounds=${2:?a number} && shift ;;
    *)
        sed -n '2,/^[^#]/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
    esac
    shift
done
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

# build_with COMPILER SOURCE FOLDER: the library and the programs.
build_with() {
    local env
    case $1 in
    gcc) env=(CC=gcc CXX=g++) ;;
    clang) env=(CC=clang-22 CXX=clang++-22) ;;
    esac
    printf 'building %s\n' "${3#"$build"/}" >&2
    # Without debugging information: Debian 12's valgrind gives up on that of clang 22.
    if [[ ! -f $3/build.ninja ]]; then
        quietly env "${env[@]}" meson setup -Doptimization=2 -Ddebug=false -Dbench=enabled -Dtests=disabled \
            -Dtools=disabled -Dexamples=disabled "$3" "$2"
    fi
    quietly ninja -j2 -C "$3" bench-programs
}

commands=() # NAME=COMMAND for `report`, which starts a shell for each: hence %q
counted=(block_goto block_attribute block_defer calls_manual_2 calls_defer_2 func_plain func_lg)

# add NAME WORD…: a program that `report` runs.
add() {
    local words
    printf -v words '%q ' "${@:2}"
    commands+=("$1=$words")
}

# add_programs PREFIX COMPILER FOLDER: those of the library. One that the commit does not have is left out.
add_programs() {
    local name=$1$2 programs=$3/bench program workers
    add "$name" "$programs/defer_bench"
    [[ $against ]] || add "$name++" "$programs/throw_bench"
    for program in sched_bench sync_bench; do
        [[ ! -x $programs/$program ]] || add "$name-go" "$programs/$program"
    done
    add "$name-one" env LIFOGUARD_WORKERS=1 "$programs/sched_bench"
    [[ ! $quick ]] || return 0
    add "few-$name-go" "$programs/sched_bench" million
    [[ ! -x $programs/sync_bench ]] || add "few-$name-go" "$programs/sync_bench" many
    [[ ! $against ]] || return 0
    add "few-$name-go" "$programs/latency_bench"
    add "few-$name-go" "$programs/uneven_bench"
    [[ $2 == gcc ]] || return 0
    add "few-$name-go" "$programs/growth_bench"
    for workers in 1 2 4 8; do
        add "few-$name-on-$workers" env LIFOGUARD_WORKERS=$workers "$programs/sched_bench"
        add "few-$name-on-$workers" env LIFOGUARD_WORKERS=$workers "$programs/sync_bench"
    done
}

# add_echo PROGRAM WHAT SERVER…, add_http PROGRAM WHAT SERVER…: load on a server that prints its port; add_server: on one that
# can be both.
add_echo() {
    add "$1" "$build/gcc/bench/echo_load" "${@:2}"
    add "$1" "$build/gcc/bench/idle_load" "${@:2}"
}
add_http() {
    if command -v wrk >/dev/null; then
        add "$1" "$here/http_load.sh" "${@:2}"
    fi
}
add_server() {
    add_echo "$@" echo
    add_http "$@" http
}

add_counts() {
    add "$1count-$2" "$here/instructions.sh" "$3/bench/defer_bench" "${counted[@]}"
}

measure_against() {
    local commit compiler old
    commit=$(git -C "$here" rev-parse --short --verify "$against^{commit}")
    mkdir -p "$build/$commit/source"
    git -C "$here/.." archive "$commit" | tar -x -C "$build/$commit/source"
    for compiler in gcc clang; do
        old=$build/$commit/$compiler
        build_with "$compiler" "$here/.." "$build/$compiler"
        build_with "$compiler" "$build/$commit/source" "$old"
        add_programs '' "$compiler" "$build/$compiler"
        add_programs was- "$compiler" "$old"
        if [[ ! $quick ]]; then
            add_counts '' "$compiler" "$build/$compiler"
            add_counts was- "$compiler" "$old"
        fi
    done
    [[ ! $quick ]] || : "${rounds:=5}"
    exec "$build/gcc/bench/report" "${rounds:-15}" --against "${commands[@]}"
}

add_go() {
    local program files workers
    if ! command -v go >/dev/null; then
        printf 'Go is not installed (Debian: golang-go): its rows are left out\n' >&2
        return
    fi
    printf 'building with Go\n' >&2
    # Nothing is fetched, and nothing is left outside of the build folder.
    for program in defer_bench sched_bench sync_bench uneven_bench growth_bench latency_bench serve; do
        files=("$here/$program.go")
        [[ $program == latency_bench || $program == serve ]] || files+=("$here/timing.go")
        quietly env GOCACHE="$build/go-cache" GOTOOLCHAIN=local GOPROXY=off GO111MODULE=off \
            go build -o "$build/${program}_go" "${files[@]}"
    done
    add go "$build/defer_bench_go"
    add go-go "$build/sched_bench_go"
    add go-go "$build/sync_bench_go"
    add go-one env GOMAXPROCS=1 "$build/sched_bench_go"
    [[ ! $quick ]] || return 0
    add few-go-go "$build/sched_bench_go" million
    add few-go-go "$build/sync_bench_go" many
    add few-go-go "$build/latency_bench_go"
    add few-go-go "$build/uneven_bench_go"
    add few-go-go "$build/growth_bench_go"
    add_server few-go-go go "$build/serve_go"
    for workers in 1 2 4 8; do
        add few-go-on-$workers env GOMAXPROCS=$workers "$build/sched_bench_go"
        add few-go-on-$workers env GOMAXPROCS=$workers "$build/sync_bench_go"
    done
}

# The projects of peers/ that are here. NAME_bench.c is a program like those above, NAME_echo.c and NAME_http.c are servers.
add_peers() {
    local source name program
    mkdir -p "$build/peers"
    for source in "$here"/peers/*_*.c; do
        name=$(basename "$source" .c)
        program=$build/peers/$name
        [[ ! $quick || $name == *_bench ]] || continue
        quietly "$here/peers/build.sh" "${name%_*}" "$source" "$program" "$peers"
        if [[ ! -x $program ]]; then
            printf '%s is not installed: its rows are left out\n' "${name%_*}" >&2
            continue
        fi
        case $name in
        *_bench) add "${name%_*}" "$program" ;;
        *_echo) add_echo few-threads "${name%_*}" "$program" ;;
        *_http) add_http few-threads "${name%_*}" "$program" ;;
        esac
    done
    [[ $quick || ! -x $build/peers/libmicrohttpd_http ]] ||
        add_http few-threads libmicrohttpd_threads "$build/peers/libmicrohttpd_http" threads
}

measure() {
    local compiler
    for compiler in gcc clang; do
        build_with "$compiler" "$here/.." "$build/$compiler"
        add_programs '' "$compiler" "$build/$compiler"
        [[ ! $quick ]] || continue
        add_server "few-$compiler-go" lifoguard "$build/$compiler/bench/serve_lifoguard"
        add_counts '' "$compiler" "$build/$compiler"
        add "count-compile-$compiler" "$here/compile.sh" "$compiler" "$here/../include"
    done
    add_go
    add threads "$build/gcc/bench/thread_bench"
    [[ $quick ]] || add_echo few-threads epoll "$build/gcc/bench/echo_epoll"
    [[ $quick ]] || add few-threads "$build/gcc/bench/latency_bench" threads
    add_peers
    [[ $quick ]] || command -v wrk >/dev/null || printf 'wrk is not installed: the rows about HTTP are left out\n' >&2
    if [[ $quick ]]; then
        exec "$build/gcc/bench/report" "${rounds:-5}" - "${commands[@]}"
    fi
    exec "$build/gcc/bench/report" "${rounds:-31}" "$here" "${commands[@]}"
}

if [[ $against ]]; then measure_against; else measure; fi
