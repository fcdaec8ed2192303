/* What the tests of contexts for signals share. */
#ifndef LGI_TESTING_SIGNALS_H
#define LGI_TESTING_SIGNALS_H

#include "sched/runtime.h"
#include "testing/context.h"
#include <fcntl.h>

__attribute__((unused)) static void expect_signalled(const lg_context *ctx, int number,
                                                     const char *text)
{
    ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_cancelled);
    ck_assert_str_eq(lg_error_message(lg_context_cause(ctx)), text);
    ck_assert_int_eq(lg_error_signal(lg_context_cause(ctx)), number);
}

__attribute__((unused)) static lg_context *signals(const lg_context *parent, int one, int two)
{
    lg_context *ctx;
    lg_error *err = lg_context_with_signals(parent, &ctx, one, two);
    ck_assert_ptr_null(err);
    ck_assert_ptr_nonnull(ctx);
    return ctx;
}

/* Check has handlers of its own for some. */
__attribute__((unused)) static void defaults(void)
{
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
}

__attribute__((unused)) static uint32_t outside(void)
{
    return __atomic_load_n(&lgi_outside, __ATOMIC_SEQ_CST);
}

__attribute__((unused)) static void expect_handler(int number, void (*handler)(int))
{
    struct sigaction now;
    ck_assert_int_eq(sigaction(number, NULL, &now), 0);
    ck_assert(now.sa_handler == handler);
}

#endif
