#!/usr/bin/env bash
# ports.sh: what packaging/ports has for Meson, vcpkg and Conan makes packages that the program of this folder is built with. Without
# network: the wrap clones this repository, vcpkg.cmake and conan_dry.py stand for vcpkg and Conan; Conan is tried, too, where it is
# installed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
ports=$root/packaging/ports
export CC=gcc CXX=g++
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
unset MALLOC_PERTURB_ LD_LIBRARY_PATH CFLAGS CXXFLAGS LDFLAGS MAKEFLAGS

run() { "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" && echo "FAIL: $*" && exit 1; }; }

# No recipe names another version than the project's.
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" "$root/meson.build")
for file in meson/lifoguard.wrap vcpkg/vcpkg.json vcpkg/portfile.cmake conan/conanfile.py; do
    grep -qF "${version}" "$ports/$file" || { echo "FAIL: $file is not for version $version" && exit 1; }
done
python3 -m json.tool "$ports/vcpkg/vcpkg.json" >/dev/null

# consume FLAGS PREFIX: builds and runs the program with the flags in that file.
consume() {
    local flags
    read -ra flags <"$1"
    run "$CC" -std=gnu17 -Wall -Werror "$here/consumer.c" -o "$work/consumer" "${flags[@]}"
    run env LD_LIBRARY_PATH="$2/lib" "$work/consumer"
}

project() {
    rm -rf "$work/project"
    cp -r "$here/$1" "$work/project"
    cp "$here"/consumer.c "$here"/consumer.cpp "$work/project"
}

if git -C "$root" rev-parse HEAD >/dev/null 2>&1; then
    project meson
    mkdir "$work/project/subprojects"
    sed "s,^url = .*,url = file://$root,; s,^revision = .*,revision = $(git -C "$root" rev-parse HEAD)," "$ports/meson/lifoguard.wrap" |
        grep -v '^depth' >"$work/project/subprojects/lifoguard.wrap"
    run env GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' \
        meson setup --force-fallback-for=lifoguard "$work/project/build" "$work/project"
    run ninja -j2 -C "$work/project/build"
    run meson test -C "$work/project/build"
    echo "ok: the wrap"
fi

run cmake -DPORT_FOLDER="$ports/vcpkg" -DSOURCE="$root" -DWORK="$work/vcpkg" -P "$here/vcpkg.cmake"
PKG_CONFIG_PATH=$work/vcpkg/package/lib/pkgconfig pkg-config --cflags --libs --static lifoguard >"$work/flags"
consume "$work/flags" "$work/vcpkg/package"
[[ -f $work/vcpkg/package/share/lifoguard/LICENSE && -f $work/vcpkg/package/share/lifoguard/lifoguardConfig.cmake ]] ||
    { echo "FAIL: vcpkg's folder share is not complete" && exit 1; }
echo "ok: the port of vcpkg"

mkdir "$work/dry"
run python3 "$here/conan_dry.py" "$ports/conan/conanfile.py" "$work/dry"
consume "$work/dry/flags" "$work/dry/package"
echo "ok: the recipe of Conan, step by step"
if command -v conan >/dev/null; then
    export CONAN_HOME=$work/conan
    run conan profile detect
    run conan create "$ports/conan" --build=missing
    echo "ok: the recipe of Conan"
fi
