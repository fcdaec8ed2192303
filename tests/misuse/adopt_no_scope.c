// The scope is forgotten.
// gcc: what holds the calls is given by its address, as &scope
// clang: what holds the calls is given by its address, as &scope
#include <lifoguard/lifoguard.h>

lg_error *f(int fd)
{
    lg_func (lg_error *, err) {
        lg_adopt(fd, lg_close, &err);
    }
}
