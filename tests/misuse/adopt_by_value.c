// A scope instead of its address.
// gcc: what holds the calls is given by its address, as &scope
// clang: what holds the calls is given by its address, as &scope
#include <lifoguard/lifoguard.h>

void f(const char *path)
{
    lg_scope(scope);
    lg_adopt(scope, fopen(path, "r"), fclose);
}
