/* What the tests of contexts share. */
#ifndef LGI_TESTING_CONTEXT_H
#define LGI_TESTING_CONTEXT_H

#include "testing/test.h"

#include <stdatomic.h>

#include <lifoguard/context.h>

#include "context/context.h"

/* Runs work() on this thread, and then in a goroutine. */
static inline void call_and_tell(void (*work)(void), lg_context *told)
{
    lg_defer(lg_context_cancel, told);
    work();
}

static inline void in_goroutine(void (*work)(void))
{
    lg_auto_context lg_context *told = lg_context_with_cancel(lg_context_background());
    lg_go(call_and_tell, work, told);
    lg_context_wait(told);
}

static inline void on_both(void (*work)(void))
{
    work();
    in_goroutine(work);
}

/* How much slower everything is said to be: in Valgrind. */
static inline int slowness(void)
{
    const char *text = getenv("CK_TIMEOUT_MULTIPLIER");
    long factor = text ? strtol(text, NULL, 10) : 1;
    return factor > 1 ? (int)factor : 1;
}

/* Of so many, some: as many as a slow machine does in good time. */
static inline int some_of(int many)
{
#if defined(HAS_SANITIZER)
    return many / 50;
#else
    return slowness() > 1 ? many / 50 : many;
#endif
}

static inline lg_duration patience(void)
{
    return 300 * LG_SECOND * slowness();
}

/* Waits for what some other goroutine or thread is about to do. */

#define eventually(condition)                                                                      \
    do {                                                                                           \
        lg_time give_up_ = lg_now() + patience();                                                  \
        while (!(condition)) {                                                                     \
            ck_assert_msg(lg_now() < give_up_, "not for long: %s", #condition);                    \
            lg_sleep(LG_MILLISECOND / 5);                                                          \
        }                                                                                          \
    } while (0)

/* Check's own write a line to a file each time. */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s", #condition);                                                        \
    } while (0)

#define expect_not_done(ctx)                                                                       \
    do {                                                                                           \
        ck_assert_ptr_null(lg_context_error(ctx));                                                 \
        ck_assert_ptr_null(lg_context_cause(ctx));                                                 \
        ck_assert_ptr_null(lg_context_cause_copy(ctx));                                            \
        ck_assert_ptr_eq(lg_context_wait_until(ctx, lg_until_timeout(0)),                          \
                         &lg_error_deadline_exceeded);                                             \
    } while (0)

#define expect_done(ctx, error, why)                                                               \
    do {                                                                                           \
        ck_assert_ptr_eq(lg_context_error(ctx), error);                                            \
        ck_assert_ptr_eq(lg_context_cause(ctx), why);                                              \
        ck_assert_ptr_null(lg_context_wait_until(ctx, lg_until_timeout(0)));                       \
        lg_error *copy_ = lg_context_cause_copy(ctx);                                              \
        ck_assert(lg_error_is(copy_, error));                                                      \
        ck_assert(lg_error_is(copy_, why));                                                        \
        ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_context(ctx)), error);                   \
        lg_error_free(copy_);                                                                      \
    } while (0)

#define expect_cancelled(ctx) expect_done(ctx, &lg_error_cancelled, &lg_error_cancelled)

/* How many children a context has. */
static inline size_t children_of(const lg_context *ctx)
{
    size_t count = 0;
    struct lgi_done *done = (struct lgi_done *)(uintptr_t)&ctx->done;
    lgi_done_lock(done);
    for (const struct lgi_link *link = ctx->children.first; link; link = link->next)
        count++;
    lgi_done_unlock(done);
    return count;
}

/* Calls work(data), which panics; returns the message. */
static char panic_text[256];

static inline void keep_message(lg_panic_info *panic)
{
    if (lg_recover(panic))
        snprintf(panic_text, sizeof(panic_text), "%s", lg_panic_message(panic));
}

static inline const char *panic_of(void (*work)(void *), void *data)
{
    lg_func_recovers (const char *, message) {
        lg_defer_recover(keep_message);
        panic_text[0] = '\0';
        message = panic_text;
        work(data);
        ck_abort_msg("it did not panic");
    }
}

#define expect_panic(work, data, part)                                                             \
    do {                                                                                           \
        const char *message_ = panic_of(work, data);                                               \
        ck_assert_msg(strstr(message_, part) != NULL, "the panic says \"%s\", not \"%s\"",         \
                      message_, part);                                                             \
    } while (0)

/* An error that tells when it is freed. */
static int errors_freed __attribute__((unused));
static inline void count_freed(void *payload)
{
    (void)payload;
    __atomic_add_fetch(&errors_freed, 1, __ATOMIC_RELAXED);
}
static const lg_error_kind counted_kind
    __attribute__((unused)) = {.name = "counted", .free = count_freed};
static inline lg_error *counted_error(const char *text)
{
    return lg_error_new_kind(&counted_kind, &errors_freed, "%s", text);
}

#endif
