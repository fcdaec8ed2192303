// A registration as the lone body of for.
// gcc: expected expression
// gcc: not as the lone body of an if or a loop: write { } around it
// clang: expected expression
// clang: not as the lone body of an if or a loop: write { } around it
#include <lifoguard/lifoguard.h>

void take(void);

void f(int n)
{
    for (int i = 0; i < n; i++)
        lg_scope(s);
}
