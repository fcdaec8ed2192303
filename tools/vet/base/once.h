/* Questions about a name that are asked for again at every step of a simulation: the answer is remembered. */
#ifndef VET_ONCE_H
#define VET_ONCE_H

#include <stdbool.h>

/* The answer may depend on nothing but the text of the name, and stay as it is while the program runs. */
typedef bool ask_fn(const char *name);
typedef const void *find_fn(const char *name);

bool ask_once(ask_fn *ask, const char *name);
const void *find_once(find_fn *find, const char *name);

#endif
