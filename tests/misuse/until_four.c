// An lg_until among four arguments: five words.
// gcc: argument 4 of 4 is neither a pointer nor an integer of int width or more: write a function that takes a pointer to the value
// clang: argument 4 of 4 is neither a pointer nor an integer of int width or more: write a function that takes a pointer to the value
#include <lifoguard/lifoguard.h>

void serve(int a, int b, int c, lg_until until);

void f(lg_until until)
{
    lg_go(serve, 1, 2, 3, until);
}
