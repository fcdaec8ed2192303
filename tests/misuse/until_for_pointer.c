// An lg_until where the function takes its address.
// gcc: incompatible type
// clang: to parameter of incompatible type
#include <lifoguard/lifoguard.h>

void serve(const lg_until *until);

void f(lg_until until)
{
    lg_go(serve, until);
}
