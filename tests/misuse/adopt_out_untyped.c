// An untyped pointer instead of its address.
// gcc: the variable is given by its address: write &variable
// clang: the variable is given by its address: write &variable
#include <lifoguard/lifoguard.h>

#include <stdlib.h>

void f(void)
{
    void *memory;
    lg_scope(scope);
    lg_adopt_out(&scope, memory, posix_memalign(&memory, 64, 64), free);
}
