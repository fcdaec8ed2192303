/* The kernel's data about a thread of the process. */
#ifndef LGI_SCHED_THREAD_STAT_H
#define LGI_SCHED_THREAD_STAT_H

#include <sys/types.h>

struct lgi_thread_stat {
    char
        state; /* as the kernel names it: 'R' if the thread runs or waits for a processor; '?': not known */
    unsigned long ticks; /* how long it has run, in hundredths of a second */
};

struct lgi_thread_stat lgi_thread_stat(pid_t thread);

#endif
