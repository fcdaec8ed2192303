#!/usr/bin/env bash
# dropin.sh FOLDER COMPILER…: the two files of FOLDER compile without a flag but the two that unwinding needs, show no name that
# is not the library's, and make a program that cleans up, waits and reports.
set -euo pipefail
folder=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$folder/lifoguard.h" "$folder/lifoguard.c" .
flags=(-fexceptions -fasynchronous-unwind-tables)
[[ $("$@" --version) != *clang* ]] || flags+=(-fdefer-ts)

"$@" -c "${flags[@]}" lifoguard.c -o lifoguard.o
others=$(nm -g --defined-only lifoguard.o | awk '{ print $3 }' | grep -vE '^(lgi?_|DW\.ref\.|_)' || true)
[[ -z $others ]] || { echo "FAIL: names of the program are taken: $others" && exit 1; }

cat >program.c <<'END'
#include "lifoguard.h"

static lg_error *worker(int number)
{
    lg_defer(lg_yield);
    return number == 2 ? lg_error_new("two") : NULL;
}

static lg_error *work(void)
{
    lg_func (lg_error *, err) {
        lg_defer(puts, "deferred");
        lg_group_scope(group, &err);
        for (int i = 0; i < 3; i++)
            lg_group_go(&group, worker, i);
        lg_return(NULL);
    }
}

int main(void)
{
    lg_error *err = work();
    lg_error_print(err, stdout);
    lg_error_free(err);
    lg_panic("the end");
}
END
"$@" -g -Wall -Wextra -Werror "${flags[@]}" program.c lifoguard.o -pthread -o program
status=0
./program >out 2>&1 || status=$?
((status == 2)) || { echo "FAIL: status $status" && cat out && exit 1; }
printf '%s\n' deferred two 'panic: the end' '        at program.c:25' >wanted
head -n 4 out | diff wanted - || exit 1
# No place of the library's own sources is shown (rules.md, E8).
! grep -n 'src/' out
