// A double for a call with a limit.
// gcc: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until
// clang: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until
#include <lifoguard/lifoguard.h>

void set_rate(double rate);

void f(lg_error **err)
{
    lg_defer_within(LG_SECOND, err, set_rate, 0.5);
}
