/* Once something of the library is left in the process (a thread, a signal handler, a thread-specific key), the code
 * must not be unloaded: dlclose of a plugin that brought the library along would leave all that without its code. The shared
 * library is linked with -z nodelete; a plugin that has the static library in it is pinned here. */
#ifndef LGI_DEFER_PIN_H
#define LGI_DEFER_PIN_H

#include <stdbool.h>

/* May be called often. Does nothing where the library is part of the program. */
void lgi_pin(void);

/* False: the program is linked statically. What it loads would get a C library of its own, and crash in it. */
bool lgi_has_loader(void);

#endif
