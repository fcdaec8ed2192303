// Whether there is something to use is ignored.
// gcc: ignoring return value of
// clang: ignoring return value of
// flags: -Werror
#include <lifoguard/lifoguard.h>

void f(lg_scope *scope, FILE **file)
{
    lg_adopt_errno(scope, file, tmpfile(), fclose, "make a file");
}
