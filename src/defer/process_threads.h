/* The number of threads of the process, including those that the library has not started. */
#ifndef LGI_DEFER_PROCESS_THREADS_H
#define LGI_DEFER_PROCESS_THREADS_H

#include <stddef.h>
#include <sys/stat.h>

/* 0: not known, because /proc is not mounted. Needs neither memory nor a descriptor, so that the answer is right when a
 * process has used up either. (A folder has a link for itself, one in its parent, and one for each folder in it.) */
static inline size_t lgi_count_threads(void)
{
    struct stat tasks;
    return stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2 ? (size_t)tasks.st_nlink - 2
                                                                      : 0;
}

#endif
