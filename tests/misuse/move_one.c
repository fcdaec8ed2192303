// A move to nowhere.
// gcc: write lg_move(&from, &to)
// clang: write lg_move(&from, &to)
#include <lifoguard/lifoguard.h>

void f(lg_cleanups *cleanups)
{
    lg_move(cleanups);
}
