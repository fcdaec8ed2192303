// A variable instead of its address.
// gcc: the variable is given by its address: write &variable
// clang: the variable is given by its address: write &variable
#include <lifoguard/lifoguard.h>

void open_one(int *fd);

void f(void)
{
    int fd;
    lg_scope(scope);
    lg_adopt_out(&scope, fd, open_one(&fd), lg_close, NULL);
}
