// Two values of type lg_until.
// gcc: argument 2 is neither a pointer, an integer of int width or more, nor the only lg_until: write lg_defer_block
// clang: argument 2 is neither a pointer, an integer of int width or more, nor the only lg_until: write lg_defer_block
#include <lifoguard/lifoguard.h>

void serve(lg_until one, lg_until other);

void f(lg_until until)
{
    lg_defer(serve, until, until);
}
