// Nothing says how the goroutine's argument is freed.
// gcc: what frees the argument is missing: write it as the last argument
// clang: what frees the argument is missing: write it as the last argument
#include <lifoguard/lifoguard.h>

void take(void *value);

void f(void *value)
{
    lg_go_owned(take, value);
}
