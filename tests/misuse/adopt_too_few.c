// A release function that needs an argument more.
// gcc: too few arguments
// clang: too few arguments
#include <lifoguard/lifoguard.h>

void f(int fd)
{
    lg_scope(s);
    lg_adopt(&s, fd, lg_close);
}
