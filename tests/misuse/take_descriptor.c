// lg_take leaves NULL, which is a descriptor.
// gcc: lg_take takes a variable that holds a pointer: for a descriptor write lg_take_fd(variable)
// clang: lg_take takes a variable that holds a pointer: for a descriptor write lg_take_fd(variable)
#include <lifoguard/lifoguard.h>

int f(int fd)
{
    return lg_take(fd);
}
