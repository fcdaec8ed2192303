// A guard as the lone body of an if, which would give the lock back at once.
// gcc: expected expression
// gcc: not as the lone body of an if or a loop: write { } around it
// clang: expected expression
// clang: not as the lone body of an if or a loop: write { } around it
#include <lifoguard/lifoguard.h>

void f(lg_mutex *mutex, int n)
{
    if (n)
        lg_guard(lg_mutex)(mutex);
}
