// A group's block form as the lone body of if.
// gcc: expected expression
// gcc: not as the lone body of an if or a loop: write { } around it
// clang: expected expression
// clang: not as the lone body of an if or a loop: write { } around it
#include <lifoguard/lifoguard.h>

void f(int n)
{
    if (n)
        lg_group_scope(group, NULL);
}
