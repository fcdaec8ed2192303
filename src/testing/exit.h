/* What the tests of the exit of a process share. */
#ifndef LGI_TESTING_EXIT_H
#define LGI_TESTING_EXIT_H

#include "chan/channel.h"
#include "poll/poll.h"
#include "sched/park.h"
#include "sched/runtime.h"
#include "testing/test.h"
#include <fcntl.h>
#include <lifoguard/go.h>
#include <spawn.h>

__attribute__((unused)) static void set_workers(unsigned count)
{
    lg_error *error = lg_set_workers(count);
    ck_assert_ptr_null(error);
}

__attribute__((unused)) static int entered, ran; /* atomic */

__attribute__((unused)) static void count(int *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static void until(int *counter, int value)
{
    while (__atomic_load_n(counter, __ATOMIC_SEQ_CST) < value)
        usleep(100);
}

__attribute__((unused)) static void at_exit(void)
{
    char text[32];
    snprintf(text, sizeof(text), "ran:%d", __atomic_load_n(&ran, __ATOMIC_SEQ_CST));
    tell(text);
}

/* Its deferred call waits, and is not told to stop again. */
__attribute__((unused)) static void slow_cleanup(void)
{
    lg_sleep(5 * LG_MILLISECOND);
    lg_yield();
    lg_sleep(5 * LG_MILLISECOND);
    count(&ran);
}

__attribute__((unused)) static void sleeps(void)
{
    lg_defer(slow_cleanup);
    count(&entered);
    lg_sleep(LG_HOUR);
    tell("woken");
}

__attribute__((unused)) static void calls_exit(int status)
{
    lg_defer(slow_cleanup);
    lg_exit(status);
}

/* The thread comes when the others have been told. In the place of the C library's function, which it calls first. */
__attribute__((unused)) static bool threads_are_late;

int pthread_setname_np(pthread_t thread, const char *name)
{
    (void)thread;
    if (threads_are_late && strcmp(name, "lg-thread") == 0) {
        while (!lgi_is_exiting())
            usleep(100);
        usleep(50000);
    }
    return 0;
}

__attribute__((unused)) static void computes(void)
{
    count(&entered);
    for (;;)
        ;
}

#endif
