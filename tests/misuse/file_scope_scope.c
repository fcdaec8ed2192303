// A scope outside of a function.
// gcc: in a function, and not as the lone body of an if or a loop
// clang: in a function, and not as the lone body of an if or a loop
#include <lifoguard/lifoguard.h>

lg_scope(scope);
