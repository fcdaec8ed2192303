/* What the tests of forked children share. */
#ifndef LGI_TESTING_FORK_H
#define LGI_TESTING_FORK_H

#include "testing/sched.h"

#include <pthread.h>
#include <time.h>

/* Long enough for everything; for waits that are to succeed. */
#define WITHIN_LIMIT lg_until_timeout(100 * LG_SECOND)
/* For waits that are to fail. */
#define AT_LAST lg_until_timeout(LG_MILLISECOND)

UNUSED static void pause_shortly(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

UNUSED static pthread_t start_thread(void *(*work)(void *), void *data)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, work, data), 0);
    return thread;
}

static inline void *take_memory(void *unused)
{
    char large[64 << 10];
    memset(large, 0x55, sizeof(large));
    __asm__ volatile("" : : "r"(large) : "memory");
    return unused;
}

/* The C library uses the stacks of the parent's threads for the child's, and gives those back that are too many. */
UNUSED static void replace_threads(void)
{
    enum { THREADS = 20 };
    pthread_t threads[THREADS];
    int count = 0;
    while (count < THREADS && pthread_create(&threads[count], NULL, take_memory, NULL) == 0)
        count++;
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* In a child: ends it at once if it hangs, or if what must hold does not. */
UNUSED static void begin_child(void)
{
    alarm(200);
    replace_threads();
}

#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            tell(#condition);                                                                      \
            _exit(1);                                                                              \
        }                                                                                          \
    } while (0)

static inline void begin_worker(void) {}

/* From here on a child is one of a process with goroutines. */
UNUSED static void use_goroutines(void)
{
    lg_go(begin_worker);
    while (lgi_worker_count() == 0)
        pause_shortly();
}

/* Calls it where a child has never had goroutines, and where it has. */
UNUSED static void before_and_after_goroutines(void (*fork_a_child)(void))
{
    if (!can_fork_with_threads())
        return;
    fork_a_child();
    use_goroutines();
    fork_a_child();
}

#endif
