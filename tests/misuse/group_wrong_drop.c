// A function that cannot drop the argument.
// gcc: incompatible
// clang: incompatible
// flags: -Werror=incompatible-pointer-types
#include <lifoguard/lifoguard.h>

struct one;
struct other;
void use(struct one *one);
void drop(struct other *other);

void f(lg_group *group, struct one *one)
{
    lg_group_go_owned(group, use, one, drop);
}
