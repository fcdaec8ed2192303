// A descriptor where a checked closer takes a pointer.
// gcc: only a pointer can be given
// clang: only a pointer can be given
#include <lifoguard/lifoguard.h>

int end(int fd);

void f(int fd, lg_error **err)
{
    lg_defer_checked(end, fd, err);
}
