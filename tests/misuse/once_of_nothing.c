// A once without a function.
// gcc: the function or an argument is missing: write the name of the function
// clang: the function or an argument is missing: write the name of the function
// clang lines: 22
#include <lifoguard/lifoguard.h>

typedef lg_once_of(double) once_of_double;

void f(once_of_double *once)
{
    lg_once_of_get(once);
}
