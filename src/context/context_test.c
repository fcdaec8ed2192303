/* The tree: C1 to C4, C6, ownership, values, causes, waiting. Deadlines, functions and signals have files of their own. */
#include "testing/context_values.h"

#include <fcntl.h>

#include <lifoguard/group.h>
#include <lifoguard/mutex.h>

/* ---- C1: the kinds ---- */

static void look_at_background(void)
{
    const lg_context *root = lg_context_background();
    lg_time when = 7;
    ck_assert_ptr_eq(root, lg_context_background());
    expect_not_done(root);
    ck_assert(!lg_context_deadline(root, &when));
    ck_assert_int_eq(when, 7);
    ck_assert_ptr_null(lg_context_value(root, &colour_key));
    lg_context_free((lg_context *)(uintptr_t)root); /* nothing happens */
    expect_not_done(root);
}

START_TEST(C1_the_background_is_never_done)
{
    on_both(look_at_background);
}
END_TEST

static void cancel_one(void)
{
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_time when;
    expect_not_done(ctx);
    ck_assert(!lg_context_deadline(ctx, &when));
    lg_context_cancel(ctx);
    expect_cancelled(ctx);
    lg_context_cancel(ctx); /* idempotent */
    expect_cancelled(ctx);
}

START_TEST(C1_C2_cancelling_is_idempotent)
{
    on_both(cancel_one);
}
END_TEST

static lg_context *(*const makers[])(const lg_context *) = {lg_context_with_cancel,
                                                            lg_context_without_cancel};

START_TEST(C1_every_kind_can_be_cancelled_and_ended)
{
    lg_context *all[] = {
        makers[0](lg_context_background()),
        makers[1](lg_context_background()),
        lg_context_with_timeout(lg_context_background(), LG_HOUR),
        lg_context_with_deadline(lg_context_background(), lg_now() + LG_HOUR, .name = "name"),
        lg_context_with_value(lg_context_background(), &colour_key, red),
        lg_context_for_cleanup(lg_context_background(), LG_HOUR),
        lg_context_merge(lg_context_background(), lg_context_background()),
    };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        lg_context *child = lg_context_with_cancel(all[i]);
        expect_not_done(all[i]);
        lg_context_cancel(all[i]);
        expect_cancelled(all[i]);
        expect_cancelled(child);
        lg_context_free(all[i]);
        expect_cancelled(child);
        lg_context_free(child);
    }
}
END_TEST

/* ---- C2 ---- */

/* root → a → (aa → aaa, ab), b */
struct tree {
    lg_context *root, *a, *aa, *aaa, *ab, *b;
};

static struct tree tree_new(void)
{
    struct tree tree;
    tree.root = lg_context_with_cancel(lg_context_background());
    tree.a = lg_context_with_value(tree.root, &colour_key, red);
    tree.aa = lg_context_with_cancel(tree.a);
    tree.aaa = lg_context_with_timeout(tree.aa, LG_HOUR);
    tree.ab = lg_context_with_cancel(tree.a);
    tree.b = lg_context_with_cancel(tree.root);
    return tree;
}

static void tree_end(struct tree *tree)
{
    lg_context_free(tree->root);
    lg_context_free(tree->a);
    lg_context_free(tree->aa);
    lg_context_free(tree->aaa);
    lg_context_free(tree->ab);
    lg_context_free(tree->b);
}

static void cancel_subtree(void)
{
    struct tree tree __attribute__((cleanup(tree_end))) = tree_new();
    lg_context_cancel(tree.a);
    expect_cancelled(tree.a);
    expect_cancelled(tree.aa);
    expect_cancelled(tree.aaa);
    expect_cancelled(tree.ab);
    expect_not_done(tree.root);
    expect_not_done(tree.b);
    lg_context_cancel(tree.root);
    expect_cancelled(tree.root);
    expect_cancelled(tree.b);
}

START_TEST(C2_a_parent_cancels_its_descendants_never_the_reverse)
{
    on_both(cancel_subtree);
}
END_TEST

START_TEST(C2_the_first_cause_wins)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *child = lg_context_with_cancel(parent);
    lg_auto_context lg_context *grandchild = lg_context_with_cancel(child);
    lg_context_cancel_cause(child, counted_error("first"));
    lg_context_cancel_cause(child, counted_error("second")); /* too late: freed */
    ck_assert_int_eq(errors_freed, 1);
    lg_context_cancel_cause(parent, counted_error("third"));
    ck_assert_int_eq(errors_freed, 1);
    ck_assert_ptr_eq(lg_context_error(child), &lg_error_cancelled);
    ck_assert_str_eq(lg_error_message(lg_context_cause(child)), "first");
    ck_assert_ptr_eq(lg_context_cause(grandchild), lg_context_cause(child));
    ck_assert_str_eq(lg_error_message(lg_context_cause(parent)), "third");
    lg_context_cancel(child);
    ck_assert_str_eq(lg_error_message(lg_context_cause(child)), "first");
}
END_TEST

START_TEST(C2_a_cause_lives_as_long_as_any_descendant)
{
    lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_context *child = lg_context_with_cancel(parent);
    lg_context *grandchild = lg_context_with_cancel(child);
    lg_context_cancel_cause(parent, counted_error("why"));
    lg_context_free(parent);
    lg_context_free(child);
    ck_assert_int_eq(errors_freed, 0);
    ck_assert_str_eq(lg_error_message(lg_context_cause(grandchild)), "why");
    lg_error *copy = lg_context_cause_copy(grandchild);
    lg_context_free(grandchild);
    ck_assert_int_eq(errors_freed, 0);
    ck_assert_str_eq(lg_error_message(copy), "why");
    ck_assert(lg_error_is(copy, &lg_error_cancelled));
    ck_assert(!lg_error_is(copy, &lg_error_deadline_exceeded));
    lg_error *wrapped = lg_error_wrap(copy, "query");
    ck_assert(lg_error_is(wrapped, &lg_error_cancelled));
    lg_error_free(wrapped);
    ck_assert_int_eq(errors_freed, 1);
}
END_TEST

START_TEST(C1_causes_come_out_as_in_go)
{
    /* As the table of Go's TestCause: who was cancelled how, and what its child says. */
    lg_context *parent, *child;

    parent = lg_context_with_cancel(lg_context_background()); /* no cause given */
    lg_context_cancel_cause(parent, NULL);
    expect_cancelled(parent);
    lg_context_free(parent);

    parent = lg_context_with_cancel(lg_context_background());
    lg_context_cancel_cause(parent, &why_first);
    child = lg_context_with_cancel(parent);
    expect_done(parent, &lg_error_cancelled, &why_first);
    expect_done(child, &lg_error_cancelled, &why_first);
    lg_context_cancel_cause(child, &why_second);
    expect_done(child, &lg_error_cancelled, &why_first);
    lg_context_free(parent);
    lg_context_free(child);

    parent = lg_context_with_cancel(lg_context_background());
    child = lg_context_with_cancel(parent);
    lg_context_cancel_cause(child, &why_second);
    lg_context_cancel_cause(parent, &why_first);
    expect_done(parent, &lg_error_cancelled, &why_first);
    expect_done(child, &lg_error_cancelled, &why_second);
    lg_context_free(child);
    lg_context_free(parent);

    parent = lg_context_with_cancel(lg_context_background());
    child = lg_context_with_cancel(parent);
    lg_context_cancel_cause(parent, &why_first);
    lg_context_cancel(child);
    expect_done(child, &lg_error_cancelled, &why_first);
    lg_context_free(child);
    lg_context_free(parent);

    parent = lg_context_with_cancel(
        lg_context_background()); /* through what knows no cancelling of its own */
    lg_context *valued = lg_context_with_value(parent, &colour_key, red);
    child = lg_context_with_cancel(valued);
    lg_context_cancel_cause(parent, &why_first);
    expect_done(valued, &lg_error_cancelled, &why_first);
    expect_done(child, &lg_error_cancelled, &why_first);
    lg_context_free(valued);
    lg_context_free(child);
    lg_context_free(parent);

    parent = lg_context_with_cancel(lg_context_background());
    child = lg_context_without_cancel(parent);
    lg_context_cancel_cause(parent, &why_first);
    expect_not_done(child);
    lg_context_cancel_cause(child, &why_second);
    expect_done(child, &lg_error_cancelled, &why_second);
    lg_context_free(child);
    lg_context_free(parent);
}
END_TEST

/* ---- C6 ---- */

struct holder {
    lg_mutex mutex;
    int ends[2];
    lg_context *holds, *ctx, *saw_it, *let_go;
};

static void hold(struct holder *holder)
{
    lg_mutex_lock(&holder->mutex);
    lg_defer(lg_mutex_unlock, &holder->mutex);
    lg_defer(close, holder->ends[1]);
    lg_context_cancel(holder->holds);
    lg_context_wait(holder->ctx);
    lg_context_cancel(holder->saw_it);
    lg_context_wait(holder->let_go);
}

static void cancel_holder(struct holder *holder)
{
    char byte;
    lg_group_scope(group, NULL);
    lg_group_go(&group, hold, holder);
    lg_context_wait(holder->holds);
    lg_context_cancel(holder->ctx);
    lg_context_wait(holder->saw_it);
    ck_assert(!lg_mutex_try_lock(&holder->mutex));
    ck_assert_int_eq(read(holder->ends[0], &byte, 1), -1); /* the other end is open */
    ck_assert_int_eq(errno, EAGAIN);
    lg_context_cancel(holder->let_go);
}

START_TEST(C6_cancelling_releases_nothing_and_deferred_calls_do)
{
    char byte;
    lg_auto_context lg_context *holds = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *ctx = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *saw_it = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *let_go = lg_context_with_cancel(lg_context_background());
    struct holder holder = {.holds = holds, .ctx = ctx, .saw_it = saw_it, .let_go = let_go};
    ck_assert_int_eq(pipe2(holder.ends, O_CLOEXEC | O_NONBLOCK), 0);
    cancel_holder(&holder);
    ck_assert(lg_mutex_try_lock(&holder.mutex));
    lg_mutex_unlock(&holder.mutex);
    ck_assert_int_eq(read(holder.ends[0], &byte, 1), 0);
    close(holder.ends[0]);
}
END_TEST

/* ---- C3, C4 ---- */

START_TEST(C3_a_child_of_a_cancelled_parent_is_born_cancelled)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_context_cancel_cause(parent, &why_first);
    lg_auto_context lg_context *a = lg_context_with_cancel(parent);
    lg_auto_context lg_context *b = lg_context_with_timeout(parent, LG_HOUR);
    lg_auto_context lg_context *c = lg_context_with_value(parent, &colour_key, red);
    lg_auto_context lg_context *d = lg_context_with_timeout(parent, -LG_SECOND, .name = "too late");
    lg_auto_context lg_context *e = lg_context_merge(lg_context_background(), parent);
    lg_auto_context lg_context *f = lg_context_merge(parent, lg_context_background());
    lg_auto_context lg_context *g = lg_context_with_cancel(a);
    lg_context *all[] = {a, b, c, d, e, f, g};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        expect_done(all[i], &lg_error_cancelled, &why_first);
    ck_assert_uint_eq(children_of(parent), 0);
}
END_TEST

static size_t memory_in_use(void)
{
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

enum { MANY = 2000000, DEEP = 1000000, WIDE = 100000 };

START_TEST(C4_ended_or_cancelled_children_leave_nothing)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *other = lg_context_with_cancel(lg_context_background());
    size_t before = 0;
    int many = some_of(MANY);
    for (int i = 0; i < many; i++) {
        if (i == many / 10)
            before = memory_in_use();
        lg_context *child;
        switch (i % 4) {
        case 0: child = lg_context_with_cancel(parent); break;
        case 1: child = lg_context_with_timeout(parent, LG_HOUR); break;
        case 2: child = lg_context_with_value(parent, &colour_key, red); break;
        default: child = lg_context_merge(parent, other); break;
        }
        lg_context *grandchild = lg_context_with_cancel(child);
        if (i % 3 == 0) {
            lg_context_cancel(child);
            must(!parent->children.first);
            must(!other->children.first);
        }
        lg_context_free(i % 2 ? child : grandchild);
        lg_context_free(i % 2 ? grandchild : child);
    }
    ck_assert_uint_eq(children_of(parent), 0);
    ck_assert_uint_eq(children_of(other), 0);
    if (many == MANY) /* a sanitizer has an allocator of its own */
        ck_assert_uint_le(memory_in_use(), before + 65536);
}
END_TEST

START_TEST(C4_a_cancelled_child_is_detached_before_it_is_ended)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_context *children[100];
    for (int i = 0; i < 100; i++)
        children[i] = lg_context_with_cancel(parent);
    ck_assert_uint_eq(children_of(parent), 100);
    for (int i = 99; i >= 0; i -= 2)
        lg_context_cancel(children[i]);
    ck_assert_uint_eq(children_of(parent), 50);
    for (int i = 0; i < 100; i += 2)
        lg_context_free(children[i]);
    ck_assert_uint_eq(children_of(parent), 0);
    for (int i = 1; i < 100; i += 2)
        lg_context_free(children[i]);
}
END_TEST

/* ---- size ---- */

static void deep(bool root_first)
{
    int depth = some_of(DEEP);
    lg_context **chain = malloc((size_t)depth * sizeof(*chain));
    ck_assert_ptr_nonnull(chain);
    const lg_context *parent = lg_context_background();
    for (int i = 0; i < depth; i++)
        parent = chain[i] = i % 7 ? lg_context_with_cancel(parent)
                                  : lg_context_with_value(parent, &size_key, large);
    ck_assert_ptr_eq(lg_context_value(chain[depth - 1], &size_key), large);
    ck_assert_ptr_null(lg_context_value(chain[depth - 1], &colour_key));
    ck_assert_uint_gt(lg_context_describe(chain[depth - 1], NULL, 0), (size_t)depth);
    lg_context_cancel_cause(chain[0], &why_first);
    for (int i = 0; i < depth; i++) {
        must(lg_context_error(chain[i]) == &lg_error_cancelled);
        must(lg_context_cause(chain[i]) == &why_first);
    }
    for (int i = 0; i < depth; i++)
        lg_context_free(chain[root_first ? i : depth - 1 - i]);
    free(chain);
}

START_TEST(a_million_levels_need_no_recursion)
{
    deep(false);
    deep(true);
}
END_TEST

static void wide(void)
{
    int width = some_of(WIDE);
    lg_context **children = malloc((size_t)width * sizeof(*children));
    ck_assert_ptr_nonnull(children);
    lg_context *root = lg_context_with_cancel(lg_context_background());
    for (int i = 0; i < width; i++)
        children[i] = lg_context_with_cancel(i < 100 ? root : children[i / 100]);
    lg_context_cancel(root);
    for (int i = 0; i < width; i++) {
        must(lg_context_error(children[i]) == &lg_error_cancelled);
        lg_context_free(children[i]);
    }
    lg_context_free(root);
    free(children);
}

START_TEST(a_hundred_thousand_descendants)
{
    on_both(wide);
}
END_TEST

RUN_TESTS("context", C1_the_background_is_never_done, C1_C2_cancelling_is_idempotent,
          C1_every_kind_can_be_cancelled_and_ended,
          C2_a_parent_cancels_its_descendants_never_the_reverse, C2_the_first_cause_wins,
          C2_a_cause_lives_as_long_as_any_descendant, C1_causes_come_out_as_in_go,
          C3_a_child_of_a_cancelled_parent_is_born_cancelled,
          C4_ended_or_cancelled_children_leave_nothing,
          C4_a_cancelled_child_is_detached_before_it_is_ended,
          C6_cancelling_releases_nothing_and_deferred_calls_do, a_million_levels_need_no_recursion,
          a_hundred_thousand_descendants)
