// A once that keeps a result of no type.
// gcc: the type of the result is missing: write lg_once_of(type)
// clang: the type of the result is missing: write lg_once_of(type)
#include <lifoguard/lifoguard.h>

typedef lg_once_of() once_of_nothing;
