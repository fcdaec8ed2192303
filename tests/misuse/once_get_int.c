// A once-value of a function that returns no pointer.
// gcc: an lg_once_value keeps a pointer, and this function returns none
// clang: an lg_once_value keeps a pointer, and this function returns none
#include <lifoguard/lifoguard.h>

int count(void);

void f(lg_once_value *value)
{
    lg_once_get(value, count);
}
