/* Timing, for the subjects in C and C++. A program has a table of subjects. It times them in turn, a short
 * slice of each, again and again: A B C A B C …; so what disturbs the machine for a while disturbs all of
 * them. Of each the fastest slice counts. One line of JSON is printed for each. timing.go does the
 * same; report.c runs the programs in turn, many times, and takes the least of each subject. */
#ifndef LIFOGUARD_BENCH_BENCH_H
#define LIFOGUARD_BENCH_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

/* Not inlined; and on a line of the cache of its own, so that a subject is not slower only for where it came to
 * stand. */
#define KERNEL __attribute__((noinline, aligned(64)))

struct subject {
    const char *what;
    int (*kernel)(struct resource *resource, int n);
    int n;
    int each; /* operations in a call */
};

enum { BENCH_ROUNDS = 25, BENCH_SLICE = 150 * 1000 /* ns */ };

static inline double bench_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* The nanoseconds that so many calls take. */
static inline double bench_slice(const struct subject *subject, long calls)
{
    struct resource resource = {0, 0};
    double start = bench_now();
    for (long i = 0; i < calls; i++) {
        if (subject->kernel(&resource, subject->n) != 0)
            abort();
    }
    double took = bench_now() - start;
    if (resource.open != 0) {
        fprintf(stderr, "%s: %ld left open\n", subject->what, resource.open);
        exit(1);
    }
    return took;
}

static inline void bench_all(const struct subject *subjects, size_t count)
{
    double *best = (double *)malloc(count * sizeof(*best));
    long *calls = (long *)malloc(count * sizeof(*calls));
    if (!best || !calls)
        abort();
    for (size_t i = 0; i < count; i++) {
        calls[i] = subjects[i].each > 1 ? 1 : 16;
        while (bench_slice(&subjects[i], calls[i]) < BENCH_SLICE / 2.0)
            calls[i] *= 2;
        best[i] = 1e300;
    }
    for (int round = 0; round < BENCH_ROUNDS; round++) {
        for (size_t i = 0; i < count; i++) {
            double each = bench_slice(&subjects[i], calls[i]) / (double)calls[i] / subjects[i].each;
            if (each < best[i])
                best[i] = each;
        }
    }
    for (size_t i = 0; i < count; i++)
        printf("{\"what\": \"%s\", \"ns\": %.4f}\n", subjects[i].what, best[i]);
    free(best);
    free(calls);
}

/* No argument: times all. Two, a subject and a number: calls it so often, for callgrind to count. */
static inline int bench_main(const struct subject *subjects, size_t count, int argc, char **argv)
{
    if (argc == 3) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(subjects[i].what, argv[1]) == 0) {
                bench_slice(&subjects[i], atol(argv[2]));
                return 0;
            }
        }
        fprintf(stderr, "no subject %s\n", argv[1]);
        return 2;
    }
#if defined(__clang__)
    printf("{\"compiler\": \"clang %d.%d.%d\"}\n", __clang_major__, __clang_minor__,
           __clang_patchlevel__);
#else
    printf("{\"compiler\": \"gcc %d.%d.%d\"}\n", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#endif
    bench_all(subjects, count);
    return 0;
}

#endif
