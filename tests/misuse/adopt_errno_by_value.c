// A variable instead of its address, where errno says what failed.
// gcc: the variable is given by its address: write &variable
// clang: the variable is given by its address: write &variable
#include <lifoguard/lifoguard.h>

lg_error *f(lg_scope *scope, const char *path)
{
    FILE *file = NULL;
    return lg_adopt_errno(scope, file, fopen(path, "r"), fclose, "open %s", path);
}
