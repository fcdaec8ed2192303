/* Is this the main thread, in a constructor, before main? Then pthread_exit has nowhere to go to (glibc jumps to what
 * starts main). */
#ifndef LGI_DEFER_BEFORE_MAIN_H
#define LGI_DEFER_BEFORE_MAIN_H

#include <stdbool.h>

bool lgi_is_before_main(void);

/* As pthread_exit(NULL), also there: then the thread stays, does nothing more, and ends the process with status 0 when it
 * is the last one (P14). */
void lgi_end_thread(void) __attribute__((noreturn));

#endif
