/* Included before all that `./dev coverage` compiles: what has been reached is written at exit, and a program that ends
 * by _exit, as one does that a panic ends, would not tell. */
#if !defined(LG_COVERAGE_H) && !defined(__ASSEMBLER__)
#define LG_COVERAGE_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <unistd.h>

void __gcov_dump(void);

#define _exit(status) (__gcov_dump(), (_exit)(status))

#endif
