#!/usr/bin/env bash
# reach.sh FOLDER MESON-ARGUMENT…: builds the library and the examples in FOLDER with another compiler or another libc than
# the tests have, and compares what the examples print. For machines that have no Check for that libc. The compiler is CC,
# or comes with --native-file or --cross-file. With BLOCKS=refused the compiler has no deferred blocks: an example that has one
# must be refused with the message that says what is needed, and is left out.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$1
shift
rm -rf "$folder"
mkdir -p "$folder"
log=$folder/reach.log

run() { "$@" >>"$log" 2>&1 || { tail -n 40 "$log" && echo "FAIL: $*" && exit 1; }; }
run meson setup -Ddebug=true -Dtests=disabled -Dtools=disabled -Dvet=disabled -Dexamples=enabled "$@" "$folder" "$root"
if [[ ${BLOCKS-} == refused ]]; then
    run ninja -j2 -C "$folder" liblifoguard.a
    ninja -k 0 -j2 -C "$folder" >"$folder/examples.log" 2>&1 || true
    refused=$(grep -c 'error: lifoguard: a deferred block needs clang 22' "$folder/examples.log" || true)
    others=$(grep -E 'error: ' "$folder/examples.log" | grep -vE 'a deferred block needs clang 22' || true)
    [[ -z $others ]] || { echo "FAIL: $others" && exit 1; }
    ((refused > 0)) || { echo "FAIL: no block was refused" && exit 1; }
else
    run ninja -j2 -C "$folder"
fi

passed=0 failed=0
for program in "$folder"/examples/*; do
    [[ -f $program && -x $program ]] || continue
    name=${program##*/}
    text=$root/tests/examples/expected/$name.txt
    [[ -f $text ]] || continue
    if LG_EXAMPLE_SECONDS=120 "$root/tests/examples/check.sh" "$program" "$text" >"$folder/output" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name"
        cat "$folder/output"
    fi
done
echo "${folder##*/}: $passed examples as expected, $failed not"
((failed == 0 && passed > 40))
