/* Included before all that `./dev coverage` compiles: what has been reached is written at exit, and a process that ends
 * by _exit, as one does that a panic ends, or by abort, would not tell. Nor would one that executes another program by
 * execvpe, which gcc does not know as it knows execve. */
#if !defined(LG_COVERAGE_H) && !defined(__ASSEMBLER__)
#define LG_COVERAGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);
void __gcov_reset(void);

/* Defined by programs whose allocations fail on demand: from here on they do not. What writes down what has been reached
 * allocates, and does not expect to fail. */
void lg_coverage_begins(void) __attribute__((weak));

static inline void lg_coverage_dump(void)
{
    if (lg_coverage_begins)
        lg_coverage_begins();
    __gcov_dump();
}

/* A function, since the status may be what a call returns that is to be counted too. */
static inline __attribute__((noreturn)) void lg_coverage_exit(int status)
{
    lg_coverage_dump();
    _exit(status);
}

static inline __attribute__((noreturn)) void lg_coverage_abort(void)
{
    lg_coverage_dump();
    abort();
}

static inline int lg_coverage_execvpe(const char *file, char *const argv[], char *const envp[])
{
    lg_coverage_dump();
    execvpe(file, argv, envp);
    int number = errno;
    __gcov_reset(); /* what was written is not to be added once more */
    errno = number;
    return -1;
}

/* gcc replaces a call of fork by a function of its own, which forgets in the child what has been counted: also what the
 * handlers of pthread_atfork have just reached. This name is that of the C library's. */
pid_t lg_coverage_fork(void) __asm__("fork");

#define _exit(status) lg_coverage_exit(status)
#define abort() lg_coverage_abort()
#define execvpe(file, argv, envp) lg_coverage_execvpe(file, argv, envp)
#define fork() lg_coverage_fork()

#endif
