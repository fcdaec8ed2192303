# shellcheck shell=sh disable=SC2034 # the tests that source this use what it sets
# Sourced by tests of lifoguard-vet, whose path is the test's first argument: `vet` is that, `here` the folder of the tests; the test goes on in an
# empty folder, with a cache and a home of its own.
set -eu
vet=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export XDG_CACHE_HOME="$folder/cache" HOME="$folder"

fail() {
    echo "$*"
    exit 1
}

expect() { # STATUS TEXT ARGUMENT…: the status, and a text in the output or among the errors
    wanted=$1 text=$2
    shift 2
    "$vet" -q "$@" >said 2>&1 && status=0 || status=$?
    [ "$status" = "$wanted" ] || { cat said; fail "$*: exit status $status, not $wanted"; }
    [ -z "$text" ] || grep -q -e "$text" said || { cat said; fail "$*: does not say '$text'"; }
}

make_wrong() { # src/wrong.c, which leaks if the macro of include/own/check.h is known
    mkdir -p src include/own
    cat >src/wrong.c <<'C'
#include "check.h"
int load(const char *name, char *line)
{
    FILE *f = fopen(name, "r");
    if (!f)
        return -1;
    CHECK(fgets(line, 80, f));
    fclose(f);
    return 0;
}
C
    echo '#define CHECK(x) if (!(x)) return -1' >include/own/check.h
}
