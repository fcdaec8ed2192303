// A version of C without what the headers are written in.
// gcc: lifoguard: compile as C11 or newer, as with -std=gnu17
// clang: lifoguard: compile as C11 or newer, as with -std=gnu17
// flags: -std=gnu89
#include <lifoguard/lifoguard.h>

void work(void);

void f(void)
{
    lg_defer(work);
}
