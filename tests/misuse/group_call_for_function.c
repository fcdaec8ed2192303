// A call where the function and its arguments are wanted.
// gcc: what is to be called is not a function
// clang: what is to be called is not a function
#include <lifoguard/lifoguard.h>

int work(int n);

void f(lg_group *group, int n)
{
    lg_group_go(group, work(n));
}
