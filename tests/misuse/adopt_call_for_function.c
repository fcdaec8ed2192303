// A call in the place of the function that releases the value.
// gcc: what releases the value is not a function: write its name
// clang: what releases the value is not a function: write its name
// clang lines: 23
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

int release(void *memory);

void f(void)
{
    lg_scope(s);
    lg_adopt(&s, malloc(10), release(NULL));
}
