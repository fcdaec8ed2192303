#!/usr/bin/env bash
# go.sh WRITER LIBRARY INCLUDE SANITIZE COMPILER…: the same random programs in Go and in C, their traces
# compared, and both with the model's. LG_RANDOM_GO_COUNT of them, from LG_RANDOM_SEED; skipped without Go.
# LG_RANDOM_LINK: what the library needs to be linked, if it counts what is reached.
# Every second file of C programs is compiled without optimisation. The compilers are given names that are the same
# each time, so that their caches (ccache, Go's) know what has not changed.
set -euo pipefail

writer=$1 library=$2 include=$3 sanitize=$4
shift 4
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v go >/dev/null || exit 77

seed=${LG_RANDOM_SEED:-1}
[[ $seed != time ]] || seed=$(date +%s)000
# In full where the other random programs are tried in full; sanitizers take long to compile.
few=$([[ $sanitize == none ]] && echo 300 || echo 100)
count=${LG_RANDOM_GO_COUNT:-$((${LG_RANDOM_COUNT:-0} >= 100000 ? 3000 : few))}

folder=$(mktemp -d)
keep=
cleanup() {
    [[ -n $keep ]] || rm -rf "$folder"
}
trap cleanup EXIT
library=$(realpath "$library") include=$(realpath "$include")
"$writer" programs "$count" "$seed" "$folder"

# The C programs, and the Go ones meanwhile.
export GO111MODULE=off GOTOOLCHAIN=local GOPROXY=off GOCACHE=${GOCACHE:-${HOME:+$HOME/.cache/go-build}}
GOCACHE=${GOCACHE:-$folder/go-build}
cp "$here/support.go" "$folder/"
cd "$folder"
(go build -trimpath -gcflags='-N -l' -o programs-go programs.go support.go && GODEBUG=gcshrinkstackoff=1 ./programs-go >go.out) &
go_job=$!
[[ $sanitize == none ]] || set -- "$@" "-fsanitize=$sanitize"
compile() {
    local level=-O1 source=$1
    shift
    [[ $source != *[02468].c ]] || level=-O0
    "$@" -c "$source" -o "${source##*/}.o" -std=gnu17 "$level" -Wall -Wextra -I"$include" -I"$here"
}
export -f compile
export include here
printf '%s\n' *.c "$here/support.c" "$here/compare_main.c" | xargs -P2 -I{} bash -c 'compile "$@"' compile {} "$@"
"$@" ./*.o "$library" -lpthread -ldl ${LG_RANDOM_LINK:+"$LG_RANDOM_LINK"} -o programs-c
(ulimit -f 1000000 && timeout 300 ./programs-c >c.out)
wait "$go_job" || {
    keep=1
    echo "FAIL: seed $seed: the Go programs were not built, or ended early; they are in $folder"
    exit 1
}

failed=0
for language in go c; do
    if ! diff "$folder/expected" "$folder/$language.out" >"$folder/$language.diff"; then
        echo "FAIL: seed $seed: $(grep -c '^>' "$folder/$language.diff") of $count programs differ between the model (<) and ${language^} (>):"
        head -n 8 "$folder/$language.diff"
        failed=1
    fi
done
if ((failed)); then
    keep=1
    echo "the programs are in $folder"
    exit 1
fi
echo "$count programs from seed $seed: Go, C and the model say the same"
