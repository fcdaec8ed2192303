/* Is this the main thread, in a constructor, before main? Then pthread_exit has nowhere to go to (glibc jumps to what
 * starts main). */
#ifndef LGI_DEFER_BEFORE_MAIN_H
#define LGI_DEFER_BEFORE_MAIN_H

#include <stdbool.h>

bool lgi_is_before_main(void);

#endif
