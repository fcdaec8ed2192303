/* What every subject acquires, works on and releases. The functions are opaque: they stand in a file of
 * their own, the same for all the subjects written in C and C++, so that nothing is optimised away and
 * nothing is paid in one subject that is not paid in the others. */
#ifndef LIFOGUARD_BENCH_CLEANUP_H
#define LIFOGUARD_BENCH_CLEANUP_H

#ifdef __cplusplus
extern "C" {
#endif

struct resource {
    long uses;
    long open;
};

void bench_open(struct resource *resource);
void bench_release(struct resource *resource);

/* 0, or -1 for an error, which never comes. */
int bench_work(struct resource *resource);

#ifdef __cplusplus
}
#endif
#endif
