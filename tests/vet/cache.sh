#!/bin/sh
# cache.sh LIFOGUARD-VET: a result is used again only if the headers, the flags and the settings are the same.
# shellcheck source=tests/vet/begin.sh
. "$(dirname "$0")/begin.sh"
cat >a.c <<'C'
#include "a.h"
int first(const char *name, char *line)
{
    FILE *f = fopen(name, "r");
    if (!f)
        return -1;
#ifndef QUIET
    CHECK(fgets(line, 80, f));
#endif
    fclose(f);
    return 0;
}
C
findings() {
    "$vet" -q "$@" 2>&1 | grep -c warning: || true
}
expect() {
    wanted=$1 why=$2
    shift 2
    got=$(findings "$@")
    [ "$got" = "$wanted" ] || { echo "$why: $got findings, not $wanted"; exit 1; }
}
echo '#define CHECK(x) if (!(x)) return -1' >a.h
expect 1 'the first time' a.c
expect 1 'nothing changed' a.c
echo '#define CHECK(x) (void)(x)' >a.h
expect 0 'the header changed' a.c
echo '#define CHECK(x) if (!(x)) return -1 /* again */' >a.h
expect 1 'the header changed back' a.c
expect 0 'a flag more' a.c -- -DQUIET
expect 1 'without the flag' a.c
echo 'disable leak' >.lifoguard-vet
expect 0 'a setting more' a.c

# What other files do is looked up too: a result is used again only if it is the same.
rm .lifoguard-vet
mkdir project
cat >project/queue.h <<'C'
int handle(FILE *file);
C
cat >project/use.c <<'C'
#include "queue.h"
int use(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    return handle(file);
}
C
put_handle() {
    printf '#include "queue.h"\nint handle(FILE *file)\n{\n    %s\n}\n' "$1" >project/queue.c
}
put_handle 'return fgetc(file);'
for what in project project/use.c; do
    put_handle 'return fgetc(file);'
    expect 1 "$what: the callee only reads" "$what"
    expect 1 "$what: nothing changed" "$what"
    put_handle 'int c = fgetc(file); fclose(file); return c;'
    expect 0 "$what: the callee closes" "$what"
    put_handle 'return fgetc(file);  /* again */'
    expect 1 "$what: the callee only reads again" "$what"
done
expect 0 'alone' --alone project/use.c
echo 'typedef int more;' >>project/queue.h
expect 1 'a header of both has changed' project
rm project/queue.h
expect 1 'the header is gone' project
