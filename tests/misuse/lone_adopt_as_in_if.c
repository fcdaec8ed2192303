// lg_adopt_as as the lone body of an if.
// gcc: expected expression
// gcc: not as the lone body of an if or a loop: write { } around it
// clang: expected expression
// clang: not as the lone body of an if or a loop: write { } around it
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

void f(int n)
{
    if (n)
        lg_adopt_as(memory, malloc(10), free);
}
