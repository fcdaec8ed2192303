#!/bin/sh
# settings.sh LIFOGUARD-VET: what the lines of .lifoguard-vet, flags of the compiler and entries of a compilation database change.
# shellcheck source=tests/vet/begin.sh
. "$(dirname "$0")/begin.sh"

expect_count() { # NUMBER WHY ARGUMENT…: so many findings, the first time and from the cache
    wanted=$1 why=$2
    shift 2
    for time in first second; do
        "$vet" -q "$@" >said 2>&1 || [ $? = 1 ] || { cat said; echo "$why: exit status"; exit 1; }
        got=$(grep -c 'warning:' said || true)
        [ "$got" = "$wanted" ] || { cat said; echo "$why, the $time time: $got findings, not $wanted"; exit 1; }
    done
}

cat >own.c <<'C'
int works(int x)
{
    gadget g = summon(x);
    if (!g)
        return -1;
    if (x > 3)
        return -2;
    banish(g);
    return 0;
}

int has(struct thing *thing, int x)
{
    grasp(thing);
    if (x)
        return -1;
    loosen(thing);
    return 0;
}

int given(const char *name, struct list *list)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    put_on(list, file);
    return 0;
}

int ended(const char *name, int x)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    if (x)
        lament(x);
    else
        fclose(file);
    return 0;
}
C
expect_count 1 'without settings' own.c
echo 'pair summon banish' >.lifoguard-vet
expect_count 2 'what a function returns, and its release' own.c
echo 'pair grasp loosen' >.lifoguard-vet
expect_count 2 'what is done with something, and undone' own.c
echo 'noreturn lament' >.lifoguard-vet
expect_count 0 'a function that does not return' own.c
printf 'noreturn lament\nharmless put_on\n' >.lifoguard-vet
expect_count 1 'a harmless function' own.c
printf 'noreturn lament\nharmless put_on\nkeeps put_on\n' >.lifoguard-vet
expect_count 0 'a function that keeps' own.c
printf 'noreturn lament\nkeeps put_on\npair summon banish\npair grasp loosen\ndisable missing-release\ndisable leak\n' >.lifoguard-vet
expect_count 0 'a check that is off' own.c
rm .lifoguard-vet

# Only some checks; the cache knows them apart.
expect_count 1 'one check' --check leak own.c
expect_count 0 'another check' --check double-release own.c
expect_count 1 'two checks' --check double-release,leak own.c
expect_count 0 'without it' --disable leak,temp-file own.c

# Flags.
mkdir -p include/own
echo '#define CHECK(x) if (!(x)) return -1' >include/own/check.h
cat >flags.c <<'C'
#include "check.h"
int load(const char *name, char *line)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
#ifdef ASK
    CHECK(fgets(line, 80, file));
#endif
#ifndef QUIET
    fclose(file);
#endif
    return 0;
}
C
for flags in '-Iinclude/own' '-I include/own' '-iquote include/own' '-isysteminclude/own' '-idirafter include/own'; do
    # shellcheck disable=SC2086 # flags are words
    expect_count 1 "$flags" flags.c -- $flags
done
expect_count 0 'a flag without its folder' flags.c -- -O2 -I
expect_count 0 'not asked' flags.c -- -Iinclude/own -UASK
expect_count 0 'not asked' flags.c -- -Iinclude/own -U ASK
expect_count 1 'never closed' flags.c -- -DQUIET
expect_count 1 'never closed' flags.c -- -D QUIET=1 -D

# Compilation databases.
here='"directory": "'$folder'"'
database() { # NUMBER WHY, and the entries on standard input
    cat >compile_commands.json
    expect_count "$1" "$2" -p .
}
database 1 'escapes of strings' <<J
[{$here, "file": "flags.c", "output": "\u00e9\u20ac\ud83d\ude00\t\n\"\\\\\/", "arguments": ["cc", "-I", "include\/own", 3, "-c"]}]
J
database 1 'a command with escapes' <<J
[{$here, "file": "flags.c", "command": "cc -I include\\\\/own '-DTEXT=\"a\\\\ b\"' -c flags.c \\\\"}]
J
mkdir 'odd folder'
cp include/own/check.h 'odd folder'
database 1 'quotes' <<J
[{$here, "file": "flags.c", "command": "cc -I 'odd folder' -c flags.c"}]
J
database 1 'a space that is escaped' <<J
[{$here, "file": "flags.c", "command": "cc -Iodd\\\\ folder -c flags.c"}]
J
refused() {
    cat >compile_commands.json
    "$vet" -q -p . >said 2>&1 || [ $? = 2 ]
    grep -q 'not a compilation database' said || { cat said; echo 'not refused'; exit 1; }
}
printf '[{"file": "flags.c' | refused
printf '[{"file": "flags.c\134' | refused
printf '[{"file"' | refused
printf '[{"file": }]' | refused
printf '%0100d' 0 | tr 0 '[' | refused
