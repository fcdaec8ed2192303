/* Included before all that `./dev coverage` compiles: what has been reached is written at exit, and a program that ends
 * by _exit, as one does that a panic ends, would not tell. */
#if !defined(LG_COVERAGE_H) && !defined(__ASSEMBLER__)
#define LG_COVERAGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <unistd.h>

void __gcov_dump(void);

/* A function, since the status may be what a call returns that is to be counted too. */
static inline __attribute__((noreturn)) void lg_coverage_exit(int status)
{
    __gcov_dump();
    _exit(status);
}

#define _exit(status) lg_coverage_exit(status)

#endif
