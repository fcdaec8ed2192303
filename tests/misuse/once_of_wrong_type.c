// A once keeps results of one type.
// gcc: incompatible types when assigning
// clang: from incompatible type
#include <lifoguard/lifoguard.h>

struct limits {
    int most;
};
struct limits read_limits(void);

int f(void)
{
    static lg_once_of(int) once;
    return lg_once_of_get(&once, read_limits);
}
