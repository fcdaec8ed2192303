/* The library's threads, and what a child process has of the thread that started it (G7).
 *
 * A child inherits its starter's signal mask, also through exec, posix_spawn, system and popen; and the kernel takes the
 * end of the starting thread for the end of the parent (PR_SET_PDEATHSIG). So threads that run the program's code have
 * the mask that its own threads have, and do not end before the children that they have started.
 *
 * Every thread begins with all signals blocked, and takes the mask by itself: its maker must not be interrupted by what it
 * has blocked meanwhile. Threads that run no code of the program's leave it so. */
#ifndef LGI_SCHED_MAKE_THREAD_H
#define LGI_SCHED_MAKE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* As pthread_create: the thread begins with all signals blocked. `thread` NULL: it is detached. `stack_size` 0: that of other
 * threads, or less where there are no addresses for so much (RLIMIT_AS). */
int lgi_make_thread(pthread_t *thread, size_t stack_size, void *(*function)(void *),
                    void *argument);

/* What to add to "out of memory or threads": why the kernel refused the last thread, or nothing if the reason was that
 * lack. */
const char *lgi_thread_refusal(void);

/* From here on, lgi_take_mask takes the mask that the first caller of this has. */
void lgi_note_mask(void);

/* The calling thread runs the program's code: it has the noted mask, without faults, which a thread causes itself. */
void lgi_take_mask(void);

/* Has the calling thread started a process that is still there, alive or to be waited for? */
bool lgi_has_children(void);

/* Returns when it has none. */
void lgi_outlive_children(void);

#endif
