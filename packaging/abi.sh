#!/usr/bin/env bash
# abi.sh LIBRARY FOLDER [COMMIT]: compares the library with that of the last tag v*, or of COMMIT, which is built in FOLDER. A
# difference that breaks programs fails, unless the minor version has changed since (docs/stability.md). First the script
# shows that abidiff finds such a difference: in a copy of the library from whose list a function is missing.
set -euo pipefail
library=$(realpath "$1") folder=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
headers=(--headers-dir1 "$root/include/lifoguard" --headers-dir2 "$root/include/lifoguard")
# Of abidiff's status the bit 8 says: incompatible for certain. A removed function is.
breaks() { (("$1" & 8)); }

abidw --out-file "$folder/present.xml" "$library"
sed 's/<elf-symbol name=.lg_recover. .*\/>//' "$folder/present.xml" >"$folder/changed.xml"
cmp -s "$folder/present.xml" "$folder/changed.xml" && { echo "FAIL: lg_recover is not among the symbols" && exit 1; }
status=0
abidiff "$folder/present.xml" "$folder/changed.xml" >"$folder/self-test.txt" || status=$?
breaks "$status" || { echo "FAIL: abidiff does not see that a function is gone" && exit 1; }

tag=${3-$(git -C "$root" describe --tags --match 'v*' --abbrev=0 2>/dev/null || true)}
if [[ -z $tag ]]; then
    echo "there is no tag v* yet: nothing to compare with, unless a commit is given"
    exit 0
fi
rm -rf "$folder/old"
mkdir "$folder/old"
git -C "$root" archive "$tag" | tar -C "$folder/old" -xf -
meson setup -Dtests=disabled -Dtools=disabled -Dvet=disabled -Dexamples=disabled -Doptimization=2 "$folder/old/build" "$folder/old" \
    >"$folder/old.log"
ninja -C "$folder/old/build" >>"$folder/old.log"
status=0
abidiff "${headers[@]}" "$folder/old/build/liblifoguard.so" "$library" || status=$?
breaks "$status" || exit 0
minor() { sed -n "s/^  version: '\([0-9]*\.[0-9]*\).*/\1/p" "$1/meson.build"; }
[[ $(minor "$root") == "$(minor "$folder/old")" ]] || { echo "the minor version has changed since $tag" && exit 0; }
echo "FAIL: programs that were linked with $tag would break"
exit 1
