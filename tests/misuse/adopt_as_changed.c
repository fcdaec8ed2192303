// What is adopted for a block is a constant: another value would not be released.
// gcc: read-only variable
// clang: cannot assign to variable 'memory' with const-qualified type
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

void f(void)
{
    lg_adopt_as(memory, malloc(10), free);
    memory = malloc(20);
}
