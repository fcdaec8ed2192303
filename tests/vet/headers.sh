#!/bin/sh
# headers.sh LIFOGUARD-VET: a header elsewhere in the checked folder is found by its name, unless two are as near.
set -eu
vet=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
mkdir -p "$folder/tool" "$folder/core/deep" "$folder/other/deep"
cat >"$folder/core/deep/closing.h" <<'END'
#define AUTO_CLOSE __attribute__((cleanup(close_it))) int
END
cat >"$folder/tool/show.c" <<'END'
#include "closing.h"

int show(const char *name)
{
    AUTO_CLOSE fd = open(name, O_RDONLY);
    if (fd < 0)
        return -1;
    return copy_out(fd) < 0 ? -1 : 0;
}
END
cd "$folder"
"$vet" -q --no-cache . || {
    echo "the header in core/deep is not found"
    exit 1
}
cp core/deep/closing.h other/deep/closing.h
! "$vet" -q --no-cache . >found || {
    echo "one of two headers as near is taken"
    exit 1
}
grep -q "descriptor 'fd' is not released" found

# A file that is checked by itself: its header lies in a folder beside its own, or in include/ of the folder of the run.
mkdir -p src/tool src/deep include
cp tool/show.c src/tool/show.c
for place in src/deep include; do
    cp core/deep/closing.h "$place/closing.h"
    if ! { "$vet" -q --no-cache src/tool/show.c && "$vet" -q --no-cache "$PWD/src/tool/show.c"; }; then
        echo "the header in $place is not found"
        exit 1
    fi
    rm "$place/closing.h"
done
mkdir src/other
cp core/deep/closing.h src/deep/closing.h
cp core/deep/closing.h src/other/closing.h
! "$vet" -q --no-cache src/tool/show.c >found || {
    echo "one of two headers in folders beside is taken"
    exit 1
}

# Headers that include each other by "../name": each is one header, by whatever path it is reached.
mkdir chain
for i in 1 2 3 4 5 6; do
    mkdir "chain/$i"
    for other in 1 2 3 4 5 6; do
        echo "#include \"../$other/part.h\""
    done >"chain/$i/part.h"
done
cat >chain/1/use.c <<'END'
#include "part.h"

int use(void)
{
    return 0;
}
END
XDG_CACHE_HOME="$folder/cache" "$vet" -q chain
! grep -r -h '\.\./' "$folder/cache" >found || {
    echo "one header is read by several paths: $(sort found | uniq | wc -l)"
    exit 1
}
grep -r -q 'chain/6/part.h' "$folder/cache" || {
    echo "the headers that the file was read with are not in $folder/cache"
    exit 1
}
