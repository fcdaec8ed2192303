/* What the tests of contexts share: keys and values. */
#ifndef LGI_TESTING_CONTEXT_VALUES_H
#define LGI_TESTING_CONTEXT_VALUES_H

#include "testing/context.h"
#include <malloc.h>

__attribute__((unused)) static const lg_context_key colour_key = {"colour", NULL};
__attribute__((unused)) static const lg_context_key size_key = {"size", NULL};
__attribute__((unused)) static char red[] = "red", blue[] = "blue", large[] = "large";

__attribute__((unused)) static LG_ERROR_DEFINE(why_first, "first");
__attribute__((unused)) static LG_ERROR_DEFINE(why_second, "second");

#endif
