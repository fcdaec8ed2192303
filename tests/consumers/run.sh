#!/usr/bin/env bash
# run.sh BUILDDIR gcc|clang: installs what was built there by that compiler into a temporary folder, then builds and runs a
# small project of each kind against it, with gcc and with clang. As a subproject the library is built by that compiler alone,
# since that takes long; the other one's build folder has a test of its own.
set -euo pipefail

build=$(cd "$1" && pwd) builder=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# What the tests around this one set is not for the projects built here.
export CCACHE_NOHASHDIR=1 # ccache, if Meson finds it, knows what it has compiled in another temporary folder
unset MALLOC_PERTURB_ LD_LIBRARY_PATH CFLAGS CXXFLAGS LDFLAGS MAKEFLAGS

meson install -C "$build" --no-rebuild --quiet --destdir "$work/installed" >/dev/null
config=$(find "$work/installed" -name lifoguardConfig.cmake)
[[ -n $config ]] || { echo "the CMake package was not installed"; exit 1; }
libdir=$(cd "$(dirname "$config")/../.." && pwd)
headers=$(find "$work/installed" -name lifoguard.h)
include=$(cd "$(dirname "$headers")/.." && pwd)
export PKG_CONFIG_SYSROOT_DIR=$work/installed PKG_CONFIG_PATH=$libdir/pkgconfig

failed=0
# try LABEL COMMAND…
try() {
    local label=$1 status=0
    shift
    "$@" >"$work/log" 2>&1 || status=$?
    if ((status == 0)); then
        echo "ok: $label"
    else
        echo "FAIL: $label: $*"
        cat "$work/log"
        failed=$((failed + 1))
    fi
}

# project KIND: a copy of that project, with the sources beside it.
project() {
    rm -rf "$work/project"
    cp -r "$here/$1" "$work/project"
    cp "$here"/consumer.c "$here"/consumer.cpp "$work/project"
    cd "$work/project"
}

for compiler in gcc clang; do
    case $compiler in
    gcc) export CC=gcc CXX=g++ package=lifoguard own=-Wclobbered ;;
    clang) export CC=clang-22 CXX=clang++-22 package=lifoguard-clang own=-fdefer-ts ;;
    esac

    # The headers are not taken for the system's: -I, so that their own warnings count.
    for std in gnu17 gnu2x; do
        for level in 0 2; do
            try "$compiler -std=$std -O$level, strict warnings" \
                "$CC" -std=$std -O$level -Wall -Wextra -Wpedantic -Wshadow -Wvla "$own" -Werror -fexceptions \
                -I"$include" -c "$here/consumer.c" -o "$work/consumer.o"
        done
    done

    strict=(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wcast-qual -Wundef -Werror -fexceptions -I"$include")
    for std in c11 c17 gnu11 c2x; do
        try "$compiler -std=$std, strict warnings" \
            "$CC" -std=$std "${strict[@]}" "$own" -c "$here/dialects.c" -o "$work/dialects.o"
    done
    for std in c++11 c++17 c++20 c++23; do
        try "$compiler -std=$std, strict warnings" \
            "$CXX" -std=$std "${strict[@]}" -Wold-style-cast -c "$here/dialects.cpp" -o "$work/dialects.o"
    done

    for link in shared static; do
        project make
        try "$compiler, make and pkg-config, $link" make --no-print-directory LINK=$link PACKAGE="$package"
        for program in consumer consumer++; do
            try "$compiler, make and pkg-config, $link: $program runs" env LD_LIBRARY_PATH="$libdir" ./$program
        done
    done

    project cmake
    # Moved after installation: the package must find its files from where it stands.
    try "$compiler, CMake: configure" cmake -S . -B build -DCMAKE_BUILD_TYPE=Release \
        -Dlifoguard_DIR="$libdir/cmake/lifoguard"
    try "$compiler, CMake: build" cmake --build build
    for program in consumer consumer-static consumer++; do
        try "$compiler, CMake: $program runs" build/$program
    done

    project meson
    try "$compiler, Meson dependency: configure" meson setup build
    try "$compiler, Meson dependency: build" ninja -j2 -C build
    try "$compiler, Meson dependency: runs" env LD_LIBRARY_PATH="$libdir" meson test -C build --print-errorlogs

    [[ $compiler == "$builder" ]] || continue
    project meson
    mkdir subprojects
    ln -s "$root" subprojects/lifoguard
    try "$compiler, Meson subproject: configure" meson setup --force-fallback-for=lifoguard build
    try "$compiler, Meson subproject: build" ninja -j2 -C build
    try "$compiler, Meson subproject: runs" meson test -C build --print-errorlogs
done

cd /
((failed == 0)) || echo "$failed failed"
exit $((failed > 0))
