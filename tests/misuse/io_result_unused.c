// An error that nobody looks at.
// flags: -Werror=unused-result
// gcc: warn_unused_result
// clang: unused-result
#include <lifoguard/lifoguard.h>

void f(int fd, char *buffer)
{
    size_t count;
    lg_read(fd, buffer, 1, lg_until_forever(), &count);
}
