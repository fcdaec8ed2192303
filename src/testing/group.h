/* What the tests of groups share. */
#ifndef LGI_TESTING_GROUP_H
#define LGI_TESTING_GROUP_H

#include "testing/test.h"

#include <stdatomic.h>

#include <lifoguard/group.h>

#define UNUSED __attribute__((unused))

static LG_ERROR_DEFINE(one_error UNUSED, "one");
static LG_ERROR_DEFINE(other_error UNUSED, "other");

/* ---- where a test runs ---- */

static lg_group running_everywhere;

/* On main, on a thread of the program's, in a goroutine and on a goroutine's own thread; with 1, 2 and 8 workers. */
UNUSED static void call_work(void *work)
{
    (*(void (**)(void))work)();
}

UNUSED static void call_directly(void (*work)(void))
{
    work();
}

UNUSED static void everywhere(void (*work)(void))
{
    work();
    ck_assert(on_thread(call_work, &work));
    for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {
        ck_assert_ptr_null(lg_set_workers(workers));
        lg_group_go(&running_everywhere, call_directly, work);
        ck_assert_ptr_null(lg_group_wait(&running_everywhere));
        lg_group_go_with(&running_everywhere, ((lg_go_options){.spread = true}), call_directly,
                         work);
        ck_assert_ptr_null(lg_group_wait(&running_everywhere));
        lg_group_go_with(&running_everywhere, ((lg_go_options){.thread = true}), call_directly,
                         work);
        ck_assert_ptr_null(lg_group_wait(&running_everywhere));
    }
}

/* ---- what members do ---- */

UNUSED static lg_error *fail_with(lg_error *error)
{
    return error;
}

UNUSED static lg_error *wait_for_cancel(lg_group *group)
{
    return lg_sleep_until(LG_HOUR, lg_until_group(group));
}

UNUSED static void wait_silently(lg_group *group)
{
    lg_error_free(lg_sleep_until(LG_HOUR, lg_until_group(group)));
}

UNUSED static void add_one(atomic_int *count)
{
    atomic_fetch_add(count, 1);
}

UNUSED static void yield_some(unsigned seed)
{
    for (unsigned i = 0; i < seed * 2654435761U >> 29; i++)
        lg_yield();
}

UNUSED static void yield_and_add(unsigned seed, atomic_int *count)
{
    yield_some(seed);
    atomic_fetch_add(count, 1);
}

UNUSED static void wait_until_set(atomic_int *flag)
{
    while (atomic_load(flag) == 0)
        lg_sleep(50 * LG_MICROSECOND);
}

/* The options, for a wait that ends. */
#define bounded(options, until_)                                                                   \
    ((lg_go_options){.name = (options).name,                                                       \
                     .stack_size = (options).stack_size,                                           \
                     .free = (options).free,                                                       \
                     .thread = (options).thread,                                                   \
                     .spread = (options).spread,                                                   \
                     .until = (const lg_until[]){until_}})

#endif
