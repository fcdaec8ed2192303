// A descriptor that is taken from its owner and given to nobody.
// flags: -Werror
// gcc: lgi_take_fd
// clang: warn_unused_result
#include <lifoguard/lifoguard.h>

void f(int fd)
{
    lg_take_fd(fd);
}
