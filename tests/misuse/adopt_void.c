// A call that acquires nothing is adopted.
// gcc: argument 1 is neither a pointer nor an integer
// clang: argument 1 is neither a pointer nor an integer
#include <lifoguard/lifoguard.h>

void put(int a);

void f(int a)
{
    lg_scope(scope);
    lg_adopt(&scope, put(a), put);
}
