#!/usr/bin/env bash
# dropin.sh whole|core FOLDER COMPILER…: the two files of FOLDER compile without a flag but the two that unwinding needs, give no
# warning, show no name that is not the library's, define every function that the header declares, and make a program that cleans
# up and reports; the whole pair waits for goroutines too.
set -euo pipefail
pair=$1 folder=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$folder/lifoguard.h" "$folder/lifoguard.c" "$here/dropin_$pair.c" .
flags=(-fexceptions -fasynchronous-unwind-tables)
[[ $("$@" --version) != *clang* ]] || flags+=(-fdefer-ts)

warnings=(-Wall -Wextra -Wpedantic -Wconversion -Werror)
"$@" -c "${warnings[@]}" "${flags[@]}" lifoguard.c -o lifoguard.o
"$@" -c "${warnings[@]}" -O2 "${flags[@]}" lifoguard.c -o optimised.o # where gcc sees more
nm -g --defined-only lifoguard.o | awk '{ print $3 }' >defined
others=$(grep -vE '^(lgi?_|DW\.ref\.|_)' defined || true)
[[ -z $others ]] || { echo "FAIL: names of the program are taken: $others" && exit 1; }
declared=$(grep -oE '^LG_API [^;(=]*\blgi?_\w+\(' lifoguard.h | grep -oE 'lgi?_\w+\($' | tr -d '(' | sort -u)
missing=$(grep -vxFf defined <<<"$declared" || true)
[[ -z $missing ]] || { echo "FAIL: declared, but not defined: $missing" && exit 1; }
(($(wc -l <<<"$declared") > 50)) || { echo "FAIL: the header declares nothing" && exit 1; }

"$@" -g "${warnings[@]}" "${flags[@]}" "dropin_$pair.c" lifoguard.o -pthread -o program
status=0
./program >out 2>&1 || status=$?
((status == 2)) || { echo "FAIL: status $status" && cat out && exit 1; }
printf '%s\n' deferred two 'panic: the end' "        at dropin_$pair.c:$(grep -n 'the end' "dropin_$pair.c" | cut -d: -f1)" >wanted
head -n 4 out | diff wanted - || exit 1
# No place of the library's own sources is shown (rules.md, E8).
! grep -n 'src/' out
