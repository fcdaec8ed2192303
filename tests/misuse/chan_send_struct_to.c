// A struct in place of the channel.
// gcc: write the channel itself, not its address
// clang: write the channel itself, not its address
#include <lifoguard/lifoguard.h>

struct queue {
    lg_chan(int) c;
};

void f(struct queue queue)
{
    lg_chan_send(queue, 1);
}
