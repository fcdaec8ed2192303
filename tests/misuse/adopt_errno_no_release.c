// The message stands where the release function belongs.
// gcc: what releases the value is not a function: write its name
// clang: what releases the value is not a function: write its name
// clang lines: 36
#include <lifoguard/lifoguard.h>

lg_error *f(lg_scope *scope, const char *path)
{
    FILE *file;
    return lg_adopt_errno(scope, &file, fopen(path, "r"), "open %s", path);
}
