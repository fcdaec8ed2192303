/* What the tests of functions for the end of a context share. */
#ifndef LGI_TESTING_AFTER_H
#define LGI_TESTING_AFTER_H

#include "testing/context.h"

__attribute__((unused)) static _Atomic int calls, releases;
__attribute__((unused)) static _Atomic bool hold;
__attribute__((unused)) static _Atomic(const char *) seen;

__attribute__((unused)) static void call(void)
{
    atomic_fetch_add(&calls, 1);
}

__attribute__((unused)) static void reset(void)
{
    atomic_store(&calls, 0);
    atomic_store(&releases, 0);
    atomic_store(&hold, false);
    atomic_store(&seen, NULL);
}

/* Stays for as long as `hold` is true. */
__attribute__((unused)) static void stay(void)
{
    atomic_fetch_add(&calls, 1);
    while (atomic_load(&hold))
        lg_sleep(LG_MILLISECOND / 10);
    atomic_fetch_add(&releases, 1);
}

#endif
