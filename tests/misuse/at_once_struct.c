// A struct for a call that runs in a goroutine.
// gcc: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until
// clang: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until
#include <lifoguard/lifoguard.h>

struct big {
    long a, b, c;
};
void stop(struct big big);

void f(lg_at_once *scope, struct big big)
{
    lg_defer_at_once(scope, stop, big);
}
