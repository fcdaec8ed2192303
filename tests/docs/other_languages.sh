#!/usr/bin/env bash
# run.sh gcc|clang DOCS INCLUDE-FOLDER COMPILER [OPTIONS]…: each block of C in DOCS compiles, without a warning.
set -euo pipefail
id=$1 document=$2 include=$3
shift 3
compile=("$@" -std=gnu17 -fexceptions -fasynchronous-unwind-tables "-I$include" -Wall -Wextra -Werror -c -o /dev/null)
if [[ $id == clang ]]; then
    compile+=(-fdefer-ts)
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

awk -v folder="$folder" '
    /^```c$/ {
        file = sprintf("%s/block_%02d.c", folder, ++count)
        print "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>" >file
        print "#include <lifoguard/lifoguard.h>\n#line " NR + 1 " \"" FILENAME "\"" >file
        next
    }
    /^```/ { file = "" }
    file { print >file }
' "$document"

count=0
for source in "$folder"/block_*.c; do
    "${compile[@]}" -Wno-missing-prototypes "$source"
    count=$((count + 1))
done
echo "$count blocks"
((count >= 7))
