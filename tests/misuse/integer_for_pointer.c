// An integer for a pointer.
// gcc: without a cast
// clang: integer to pointer conversion
// flags: -Werror=int-conversion
#include <lifoguard/lifoguard.h>

static void take(const char *text)
{
    (void)text;
}

void f(int number)
{
    lg_defer(take, number);
}
