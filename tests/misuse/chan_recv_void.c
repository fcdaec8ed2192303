// A void pointer, of which nobody knows where it points, in place of the address of a variable.
// gcc: write the address of a variable of the element type, or NULL
// clang: write the address of a variable of the element type, or NULL
#include <lifoguard/lifoguard.h>

void *f(lg_chan(int) numbers)
{
    void *number = NULL;
    return lg_chan_recv(numbers, number) ? number : NULL;
}
