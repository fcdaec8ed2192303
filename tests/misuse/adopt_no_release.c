// Nothing says how the value is released.
// gcc: the release function is missing
// clang: the release function is missing
#include <lifoguard/lifoguard.h>

void f(const char *path)
{
    lg_scope(scope);
    lg_adopt(&scope, fopen(path, "r"));
}
