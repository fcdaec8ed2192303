// An argument that does not travel in a register.
// gcc: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until: write a function that takes a pointer to the value
// clang: argument 1 is neither a pointer, an integer of int width or more, nor the only lg_until: write a function that takes a pointer to the value
#include <lifoguard/lifoguard.h>

struct large {
    long word[4];
};
void take(struct large large);

void f(void)
{
    struct large large = {{0}};
    lg_go(take, large);
}
