/* Tests of the ownership of contexts, of misuse, and of waiting for contexts. Rules are those of docs/rules.md. */
#include "testing/context_values.h"

/* ---- ownership ---- */

START_TEST(ending_cancels_and_children_stay_usable)
{
    lg_context *parent = lg_context_with_value(lg_context_background(), &colour_key, red);
    lg_context *child = lg_context_with_cancel(parent);
    lg_context_free(parent);
    expect_cancelled(child);
    ck_assert_ptr_eq(lg_context_value(child, &colour_key), red);
    lg_context *late = lg_context_with_cancel(child);
    expect_cancelled(late);
    lg_context_free(late);
    lg_context_free(child);
    lg_context_free(NULL);
}
END_TEST

static void end_deferred(bool panics)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_context *ctx = lg_context_with_cancel(lg_context_background());
        lg_defer(lg_context_free, ctx);
        lg_auto_context lg_context *other = lg_context_with_cancel(ctx);
        lg_auto_context lg_context *none = NULL;
        ck_assert_ptr_nonnull(other);
        if (panics)
            lg_panic("on the way");
    }
}

START_TEST(ending_can_be_deferred_and_left_to_the_block)
{
    end_deferred(false);
    end_deferred(true);
    expect_trace("stopped: on the way");
}
END_TEST

/* The goroutine waits with what its starter ends. It may not look at it any more, but its wait comes to a proper end. */
static _Atomic int waiting, ended_well;

static void wait_with(const lg_context *ctx)
{
    atomic_fetch_add(&waiting, 1);
    lg_error *err = lg_sleep_until(LG_HOUR, lg_until_context(ctx));
    ck_assert_ptr_eq(err, &lg_error_cancelled);
    atomic_fetch_add(&ended_well, 1);
}

static void wait_for(const lg_context *ctx)
{
    atomic_fetch_add(&waiting, 1);
    lg_context_wait(ctx);
    atomic_fetch_add(&ended_well, 1);
}

static void end_under_waits(void)
{
    enum { WAITERS = 40 };
    atomic_store(&waiting, 0);
    atomic_store(&ended_well, 0);
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < WAITERS; i++) {
        if (i % 4 == 0)
            lg_go_thread(wait_with, ctx);
        else if (i % 2 == 0)
            lg_go(wait_with, ctx);
        else
            lg_go(wait_for, ctx);
    }
    eventually(atomic_load(&waiting) == WAITERS);
    lg_sleep(2 * LG_MILLISECOND); /* they are about to wait */
    lg_context_free(ctx);
    eventually(atomic_load(&ended_well) == WAITERS);
}

START_TEST(ending_under_those_who_wait)
{
    on_both(end_under_waits);
}
END_TEST

static void outlive(lg_context *mine)
{
    lg_defer(lg_context_free, mine);
    wait_for(mine);
    ck_assert_ptr_eq(lg_context_cause(mine), &why_first);
}

START_TEST(who_outlives_the_owner_has_a_child)
{
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < 10; i++)
        lg_go_owned(outlive, lg_context_with_cancel(ctx), lg_context_free);
    lg_context_cancel_cause(ctx, &why_first);
    lg_context_free(ctx);
    eventually(atomic_load(&ended_well) == 10);
}
END_TEST

/* ---- misuse ---- */

static void null_parent(void *data)
{
    (void)data;
    lg_context_free(lg_context_with_cancel(NULL));
}

static void null_with(void *data)
{
    (void)data;
    (void)lg_until_context(NULL);
}

static void null_key(void *data)
{
    (void)data;
    lg_context_free(lg_context_with_value(lg_context_background(), NULL, red));
}

static void cancel_background(void *data)
{
    (void)data;
    lg_context_cancel((lg_context *)(uintptr_t)lg_context_background());
}

static void end_it(void *ctx)
{
    lg_context_free(ctx);
}

#if !defined(HAS_ASAN)
static void look_at(void *ctx)
{
    (void)lg_context_error(ctx);
}
static void derive_from(void *ctx)
{
    lg_context_free(lg_context_with_cancel(ctx));
}
#endif

START_TEST(misuse_panics_and_says_what_to_do)
{
    expect_panic(null_parent, NULL,
                 "lg_context_with_cancel of a NULL context: the root is lg_context_background()");
    expect_panic(null_with, NULL, "lg_until_context of a NULL context");
    expect_panic(null_key, NULL, "NULL key");
    expect_panic(cancel_background, NULL, "background");
    lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_context *child = lg_context_with_cancel(parent);
    lg_context_free(parent);
    expect_panic(end_it, parent, "was freed: only the owner frees a context, and once");
    lg_context_free(child);
#if !defined(HAS_ASAN) /* which reports it itself */
    expect_panic(end_it, child, "lg_context_free of a context that was freed");
    expect_panic(look_at, parent, "make a child context");
    expect_panic(derive_from, child, "make a child context");
#endif
}
END_TEST

/* ---- waiting ---- */

static void wait_in_every_way(void)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *other = lg_context_with_cancel(lg_context_background());
    ck_assert_ptr_eq(lg_context_wait_until(ctx, lg_until_timeout(LG_MILLISECOND)),
                     &lg_error_deadline_exceeded);
    lg_context_cancel(other);
    ck_assert_ptr_eq(lg_context_wait_until(ctx, lg_until_context(other)), &lg_error_cancelled);
    ck_assert_ptr_eq(lg_context_wait_until(lg_context_background(), lg_until_context(other)),
                     &lg_error_cancelled);
    ck_assert_ptr_null(lg_context_wait_until(other, lg_until_context(ctx)));
    lg_context_cancel(ctx);
    /* What can be done at once is done, whatever the other says. */
    ck_assert_ptr_null(lg_context_wait_until(ctx, lg_until_context(other)));
    lg_context_wait(ctx);
    ck_assert_ptr_null(lg_sleep_until(1, lg_until_context(lg_context_background())));
}

START_TEST(C9_waiting_for_a_context_with_a_context)
{
    on_both(wait_in_every_way);
}
END_TEST

static void cancel_soon(lg_context *ctx)
{
    lg_sleep(2 * LG_MILLISECOND);
    lg_context_cancel(ctx);
}

static void be_woken(void)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *child = lg_context_with_cancel(ctx);
    lg_go(cancel_soon, ctx);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_context(child)), &lg_error_cancelled);
    ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_cancelled); /* parents first */
    lg_auto_context lg_context *other = lg_context_with_cancel(lg_context_background());
    lg_go(cancel_soon, other);
    lg_context_wait(other);
    expect_cancelled(other);
}

START_TEST(C9_a_cancel_wakes_who_waits)
{
    on_both(be_woken);
}
END_TEST

START_TEST(errno_is_left_alone)
{
    errno = 4711;
    lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_context *timed = lg_context_with_timeout(ctx, LG_HOUR, .name = "x");
    lg_context_cancel(ctx);
    lg_context_free(timed);
    lg_context_free(ctx);
    ck_assert_int_eq(errno, 4711);
}
END_TEST

START_TEST(a_context_describes_where_it_comes_from)
{
    char text[200], small[12];
    lg_auto_context lg_context *a = lg_context_with_value(lg_context_background(), &colour_key,
                                                          red);
    lg_auto_context lg_context *b = lg_context_with_timeout(a, 2 * LG_SECOND, .name = "query");
    lg_auto_context lg_context *c = lg_context_without_cancel(b);
    lg_auto_context lg_context *d = lg_context_for_cleanup(c, LG_SECOND);
    lg_auto_context lg_context *e = lg_context_with_cancel(d);
    lg_auto_context lg_context *f = lg_context_with_timeout(e, LG_MILLISECOND);
    const char *expected =
        "background, with value colour, with deadline query, 2s, without cancel, "
        "with deadline cleanup, 1s, with cancel, with deadline";
    ck_assert_uint_eq(lg_context_describe(f, text, sizeof(text)), strlen(expected));
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(lg_context_describe(f, small, sizeof(small)), strlen(expected));
    ck_assert_str_eq(small, "background,");
    ck_assert_uint_eq(lg_context_describe(f, NULL, 0), strlen(expected));
    ck_assert_uint_eq(lg_context_describe(lg_context_background(), text, sizeof(text)), 10);
    ck_assert_str_eq(text, "background");
}
END_TEST

START_TEST(E8_a_description_names_signals_and_escapes_names)
{
    static const lg_context_key odd_key = {.name = "odd\n\x1b[31m"};
    char text[200];
    lg_context *signals;
    ck_assert_ptr_null(lg_context_with_signals(lg_context_background(), &signals, SIGTERM, SIGINT));
    lg_context *value = lg_context_with_value(signals, &odd_key, NULL);
    lg_context *timeout = lg_context_with_timeout(value, LG_SECOND, .name = "a\nb");
    lg_context_describe(timeout, text, sizeof(text));
    ck_assert_str_eq(text, "background, with signals SIGINT, SIGTERM, "
                           "with value odd\\n\\x1b[31m, with deadline a\\nb, 1s");
    lg_context_free(timeout);
    lg_context_free(value);
    lg_context_free(signals);
}
END_TEST

RUN_TESTS("lifetime", ending_cancels_and_children_stay_usable,
          ending_can_be_deferred_and_left_to_the_block, ending_under_those_who_wait,
          who_outlives_the_owner_has_a_child, misuse_panics_and_says_what_to_do,
          C9_waiting_for_a_context_with_a_context, C9_a_cancel_wakes_who_waits, errno_is_left_alone,
          a_context_describes_where_it_comes_from, E8_a_description_names_signals_and_escapes_names)
