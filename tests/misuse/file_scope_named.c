// A named deferred call outside of a function.
// gcc: in a function, and not as the lone body of an if or a loop
// clang: in a function, and not as the lone body of an if or a loop
#include <lifoguard/lifoguard.h>

void work(void);

lg_defer_as(call, work);
