/* Does qemu-user run the test? Then the test is some ten times slower, and four things are qemu's: every process has one more thread,
 * so no deadlock is found; a file's absolute name may stand for one below qemu's -L; the program cannot be started
 * again; and a process that was forked from one with threads cannot have threads of its own. */
#ifndef LGI_TESTING_EMULATED_H
#define LGI_TESTING_EMULATED_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "sched/instrument.h"

/* Of the files of /proc, qemu does not imitate this one: the name is that of the program that the kernel has started. */
__attribute__((unused)) static bool is_emulated(void)
{
    static const char qemu[] = "qemu-";
    char name[sizeof(qemu)] = "";
    FILE *file = fopen("/proc/self/comm", "re");
    if (file) {
        (void)!fgets(name, sizeof(name), file);
        fclose(file);
    }
    return strcmp(name, qemu) == 0;
}

/* ThreadSanitizer has a thread of its own for each fork that led here, qemu one in each process: as far as can be seen, they are
 * the program's. */
__attribute__((unused)) static bool deadlocks_are_found(void)
{
    return lgi_instrument_threads() == 0 && !is_emulated();
}

#endif
