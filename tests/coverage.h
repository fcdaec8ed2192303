/* Included before all that `./dev coverage` compiles: what has been reached is written at exit, and a program that ends
 * by _exit, as one does that a panic ends, or by abort would not tell. */
#if !defined(LG_COVERAGE_H) && !defined(__ASSEMBLER__)
#define LG_COVERAGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdlib.h>
#include <unistd.h>

void __gcov_dump(void);

/* A function, since the status may be what a call returns that is to be counted too. */
static inline __attribute__((noreturn)) void lg_coverage_exit(int status)
{
    __gcov_dump();
    _exit(status);
}

static inline __attribute__((noreturn)) void lg_coverage_abort(void)
{
    __gcov_dump();
    abort();
}

/* gcc replaces a call of fork by a function of its own, which forgets in the child what has been counted: also what the
 * handlers of pthread_atfork have just reached. This name is that of the C library's. */
pid_t lg_coverage_fork(void) __asm__("fork");

#define _exit(status) lg_coverage_exit(status)
#define abort() lg_coverage_abort()
#define fork() lg_coverage_fork()

#endif
