/* Groups with a context: G3, C2. */
#include "testing/context.h"

static LG_ERROR_DEFINE(out_of_order, "failed");

static lg_error *fail_at_once(void)
{
    return &out_of_order;
}
static lg_error *fail_with_text(void)
{
    return lg_error_wrap(&out_of_order, "member");
}
static lg_error *wait_with(const lg_context *ctx)
{
    return lg_sleep_until(LG_HOUR, lg_until_context(ctx));
}

/* The first failure cancels the rest, with its reason. */
static lg_error *first_fails(lg_error *(*first)(void), const char *why)
{
    lg_func (lg_error *, err) {
        lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
        {
            lg_group_scope(group, &err);
            const lg_context *ctx = lg_group_context(&group, parent);
            lg_auto_context lg_context *child = lg_context_with_cancel(ctx);
            for (int i = 0; i < 10; i++)
                lg_group_go(&group, wait_with, ctx);
            ck_assert(!lg_group_is_cancelled(&group));
            lg_group_go(&group, first);
            lg_context_wait(child);
            ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_cancelled);
            ck_assert_str_eq(lg_error_message(lg_context_cause(ctx)), why);
            ck_assert(lg_group_is_cancelled(&group));
            ck_assert_ptr_null(lg_context_error(parent));
        }
        ck_assert_uint_eq(children_of(parent), 0); /* the group has ended its context */
    }
}

static void fail_first(void)
{
    lg_error *err = first_fails(fail_at_once, "failed");
    ck_assert(lg_error_is(err, &out_of_order));
    ck_assert(!lg_error_is(err, &lg_error_cancelled)); /* that adds nothing */
    lg_error_free(err);
    err = first_fails(fail_with_text, "member: failed");
    ck_assert(lg_error_is(err, &out_of_order));
    lg_error_free(err);
}

START_TEST(G3_the_first_failure_cancels_the_context)
{
    on_both(fail_first);
}
END_TEST

static lg_error *parent_first(lg_context *parent)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        const lg_context *ctx = lg_group_context(&group, parent);
        for (int i = 0; i < 10; i++)
            lg_group_go(&group, wait_with, ctx);
        lg_context_cancel_cause(parent, &out_of_order);
        ck_assert(lg_group_is_cancelled(&group));
        expect_done(ctx, &lg_error_cancelled, &out_of_order);
        ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_group(&group)), &lg_error_cancelled);
    }
}

static void cancel_parent(void)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_error *err = parent_first(parent);
    ck_assert(lg_error_is(err, &lg_error_cancelled)); /* the members' */
    lg_error_free(err);
}

START_TEST(C2_a_parent_cancels_the_group)
{
    on_both(cancel_parent);
}
END_TEST

START_TEST(a_deadline_of_the_parents)
{
    lg_auto_context lg_context *parent = lg_context_with_timeout(lg_context_background(),
                                                                 LG_MILLISECOND);
    lg_group group = {0};
    const lg_context *ctx = lg_group_context(&group, parent);
    lg_group_go(&group, wait_with, ctx);
    lg_error *err = lg_group_wait(&group);
    ck_assert_ptr_eq(err, &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_sleep_until(LG_HOUR, lg_until_group(&group)), &lg_error_deadline_exceeded);
    lg_group_free(&group);
}
END_TEST

START_TEST(a_group_may_be_cancelled_before)
{
    lg_group group = {0};
    lg_group_cancel(&group, NULL);
    const lg_context *ctx = lg_group_context(&group, lg_context_background());
    ck_assert_ptr_eq(lg_context_error(ctx), &lg_error_cancelled);
    lg_group_free(&group);
}
END_TEST

static void a_second_context(void *group)
{
    lg_group_context(group, lg_context_background());
}

START_TEST(misuse_panics)
{
    lg_group group = {0};
    lg_group_context(&group, lg_context_background());
    expect_panic(a_second_context, &group, "a context already");
    lg_group_free(&group);
    lg_group other = {0};
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_group_go(&other, wait_with, ctx);
    expect_panic(a_second_context, &other, "members already");
    lg_context_cancel(ctx);
    lg_group_free(&other);
}
END_TEST

/* ---- what the context tells of the failure ---- */

static const lg_error_kind parse_kind = {.name = "parse"};
static int at_line = 7;
static LG_ERROR_DEFINE(no_such_user, "no such user");

static lg_error *fail_in_full(void)
{
    lg_error *err = lg_error_new_code(ENOENT, "open it");
    err = lg_error_join(err, lg_error_wrap(&no_such_user, "look up"));
    return lg_error_join(err, lg_error_new_kind(&parse_kind, &at_line, "line 7"));
}

static void expect_failure(const lg_error *error)
{
    ck_assert(lg_error_is_errno(error, ENOENT));
    ck_assert_int_eq(lg_error_errno(error), ENOENT);
    ck_assert(lg_error_is(error, &no_such_user));
    ck_assert_ptr_eq(lg_error_as(error, &parse_kind), &at_line);
}

static void keep_identity(void)
{
    lg_error *err = NULL, *cause;
    {
        lg_group_scope(group, &err);
        const lg_context *ctx = lg_group_context(&group, lg_context_background());
        lg_group_go(&group, fail_in_full);
        lg_context_wait(ctx);
        expect_failure(lg_context_cause(ctx));
        cause = lg_context_cause_copy(ctx);
    }
    expect_failure(err);
    expect_failure(cause);
    lg_error_free(err);
    expect_failure(cause); /* it outlives the group's */
    lg_error_free(cause);
}

START_TEST(G9_the_contexts_cause_keeps_errno_identity_and_kind)
{
    on_both(keep_identity);
}
END_TEST

static lg_error *return_why(const lg_context *ctx)
{
    lg_context_wait(ctx);
    return lg_context_cause_copy(ctx);
}

static lg_error *all_return_why(lg_error *(*first)(void), const lg_context *parent)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        const lg_context *ctx = lg_group_context(&group, parent);
        lg_auto_context lg_context *child = lg_context_with_timeout(ctx, LG_HOUR, .name = "child");
        lg_group_go(&group, return_why, ctx);
        if (first)
            lg_group_go(&group, first);
        lg_return(return_why(child));
    }
}

static void say_why_once(void)
{
    lg_error *err = all_return_why(fail_with_text, lg_context_background());
    ck_assert_str_eq(lg_error_message(err), "member: failed");
    ck_assert(lg_error_is(err, &out_of_order));
    lg_error_free(err);
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_context_cancel_cause(parent, lg_error_wrap(&out_of_order, "parent"));
    err = all_return_why(NULL, parent);
    ck_assert_str_eq(lg_error_message(err), "parent: failed");
    ck_assert(lg_error_is(err, &out_of_order));
    lg_error_free(err);
}

/* Go's `return context.Cause(ctx)`. */
START_TEST(G9_a_copy_of_the_cause_that_the_block_or_a_member_returns_adds_nothing)
{
    on_both(say_why_once);
}
END_TEST

static atomic_int begun;

static void work(int i)
{
    (void)i;
    begun++;
}

static lg_error *work_while_not_cancelled(const lg_context *caller)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        const lg_context *ctx = lg_group_context(&group, caller);
        for (int i = 0; i < 10; i++) {
            if (lg_context_error(ctx))
                break;
            lg_group_go(&group, work, i);
        }
        lg_return(NULL);
    }
}

static LG_ERROR_DEFINE(stopping, "stopping");

static void begin_nothing(void)
{
    lg_auto_context lg_context *caller = lg_context_with_cancel(lg_context_background());
    begun = 0;
    ck_assert_ptr_null(work_while_not_cancelled(caller));
    ck_assert_int_eq(begun, 10);
    lg_context_cancel_cause(caller, &stopping);
    lg_error *err = work_while_not_cancelled(caller);
    ck_assert_int_eq(begun, 10);
    ck_assert(lg_error_is(err, &stopping));
    lg_error_free(err);
}

START_TEST(G9_a_group_that_its_context_has_kept_from_work_says_so)
{
    on_both(begin_nothing);
}
END_TEST

/* ---- the parent is done a moment before the group's context, which comes last of its many children ---- */

static void cancel_slowly(lg_context *parent)
{
    lg_context_cancel_cause(parent, lg_error_wrap(&stopping, "parent"));
}

static lg_error *leave_after(const lg_context *parent)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_context(&group, parent);
        lg_go_thread(cancel_slowly, (lg_context *)(uintptr_t)parent);
        lg_context_wait(parent);
    }
}

static lg_error *return_the_parents(const lg_context *parent)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_context(&group, parent);
        lg_go_thread(cancel_slowly, (lg_context *)(uintptr_t)parent);
        lg_return(wait_with(parent));
    }
}

static lg_error *let_a_member_return_the_parents(const lg_context *parent)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err);
        lg_group_context(&group, parent);
        lg_group_go(&group, wait_with, parent);
        lg_go_thread(cancel_slowly, (lg_context *)(uintptr_t)parent);
    }
}

/* On both ways up. */
static lg_error *merge_and_leave(const lg_context *parent)
{
    lg_func (lg_error *, err) {
        lg_auto_context lg_context *other = lg_context_with_cancel(lg_context_background());
        lg_auto_context lg_context *merged = lg_context_merge(other, parent);
        lg_auto_context lg_context *child = lg_context_with_timeout(merged, LG_HOUR);
        lg_group_scope(group, &err);
        lg_group_context(&group, child);
        lg_go_thread(cancel_slowly, (lg_context *)(uintptr_t)parent);
        lg_context_wait(parent);
    }
}

static void see_the_parent(lg_error *(*see)(const lg_context *))
{
    const int count = some_of(20000);
    lg_context **earlier = calloc((size_t)count, sizeof(*earlier));
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < count; i++)
        earlier[i] = lg_context_with_cancel(parent);
    lg_error *err = see(parent);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(lg_error_message(err), "parent: stopping");
    ck_assert(lg_error_is(err, &stopping));
    lg_error_free(err);
    for (int i = 0; i < count; i++)
        lg_context_free(earlier[i]);
    free(earlier);
}

START_TEST(G9_an_end_that_is_still_on_its_way_down_is_the_cause)
{
    see_the_parent(leave_after);
    see_the_parent(return_the_parents);
    see_the_parent(let_a_member_return_the_parents);
    see_the_parent(merge_and_leave);
}
END_TEST

static lg_error *panic_in_a_member(void)
{
    lg_panic("out of order");
}

/* The group shares the error with its context; the reader is shown the panic all the same. */
static void show_the_panic(void)
{
    lg_error *err = first_fails(panic_in_a_member, "panic: out of order");
    char *tree = NULL;
    size_t size;
    FILE *file = open_memstream(&tree, &size);
    lg_error_print_tree(err, file);
    fclose(file);
    ck_assert_msg(strncmp(tree, "panic: out of order (", 21) == 0, "%s", tree);
    ck_assert_msg(strstr(tree, ", panic)\n    in goroutine ") && strstr(tree, "\n    stack:\n"),
                  "%s", tree);
    free(tree);
    lg_error_free(err);
}

START_TEST(P5_E5_a_panic_in_a_group_with_a_context_shows_its_stack)
{
    on_both(show_the_panic);
}
END_TEST

RUN_TESTS("group context", G3_the_first_failure_cancels_the_context, C2_a_parent_cancels_the_group,
          a_deadline_of_the_parents, a_group_may_be_cancelled_before, misuse_panics,
          G9_the_contexts_cause_keeps_errno_identity_and_kind,
          G9_a_copy_of_the_cause_that_the_block_or_a_member_returns_adds_nothing,
          G9_a_group_that_its_context_has_kept_from_work_says_so,
          G9_an_end_that_is_still_on_its_way_down_is_the_cause,
          P5_E5_a_panic_in_a_group_with_a_context_shows_its_stack)
