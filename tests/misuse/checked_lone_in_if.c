// A checked closer as the lone body of an if.
// gcc: expected expression before
// clang: expected expression
// gcc: in a function, and not as the lone body of an if or a loop
// clang: in a function, and not as the lone body of an if or a loop
#include <lifoguard/lifoguard.h>

int end(void *at);

void f(void *at, lg_error **err)
{
    if (at)
        lg_defer_checked(end, at, err);
}
