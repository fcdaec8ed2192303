// A compound literal, whose comma ends an argument.
// gcc: a compound literal with commas stands in parentheses
// clang: a compound literal with commas stands in parentheses
// gcc errors: 12
// gcc lines: 50
#include <lifoguard/lifoguard.h>

struct pair {
    int a, b;
};
void work(void *at);

void f(void)
{
    lg_go(work, &(struct pair){1, 2});
}
