/* The tree: C1 to C4, C6, ownership, values, causes, waiting. Deadlines, functions and signals have files of their own. */
#include "testing/context.h"

#include <malloc.h>

/* ---- C1: the kinds ---- */

static const lg_context_key colour_key = {"colour", NULL};
static const lg_context_key size_key = {"size", NULL};
static char red[] = "red", blue[] = "blue", large[] = "large";

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

static LG_ERROR_DEFINE(why_first, "first");
static LG_ERROR_DEFINE(why_second, "second");

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

/* ---- values ---- */

START_TEST(C1_values_are_found_from_below_by_their_keys_address)
{
    static const lg_context_key same_name = {"colour", NULL};
    lg_auto_context lg_context *a = lg_context_with_value(lg_context_background(), &colour_key,
                                                          red);
    lg_auto_context lg_context *b = lg_context_with_value(a, &size_key, large);
    lg_auto_context lg_context *c = lg_context_with_cancel(b);
    lg_auto_context lg_context *d = lg_context_with_value(c, &colour_key, blue);
    lg_auto_context lg_context *e = lg_context_with_value(d, &size_key, NULL);
    ck_assert_ptr_eq(lg_context_value(a, &colour_key), red);
    ck_assert_ptr_null(lg_context_value(a, &size_key));
    ck_assert_ptr_eq(lg_context_value(c, &colour_key), red);
    ck_assert_ptr_eq(lg_context_value(c, &size_key), large);
    ck_assert_ptr_eq(lg_context_value(d, &colour_key), blue);
    ck_assert_ptr_eq(lg_context_value(d, &size_key), large);
    ck_assert_ptr_null(lg_context_value(e, &size_key)); /* hidden by NULL */
    ck_assert_ptr_null(lg_context_value(e, &same_name));
    lg_context_cancel(a);
    ck_assert_ptr_eq(lg_context_value(e, &colour_key), blue); /* cancelling changes no values */
}
END_TEST

static int destroyed;
static void destroy(void *value)
{
    ck_assert_ptr_nonnull(value);
    destroyed++;
}
static const lg_context_key owned_key = {"owned", destroy};

START_TEST(values_are_destroyed_after_the_last_descendant)
{
    lg_context *a = lg_context_with_value(lg_context_background(), &owned_key, red);
    lg_context *b = lg_context_with_cancel(a);
    lg_context *c = lg_context_with_value(b, &owned_key, NULL); /* nothing to destroy */
    lg_context_cancel(a);
    lg_context_free(a);
    lg_context_free(b);
    ck_assert_int_eq(destroyed, 0);
    ck_assert_ptr_eq(lg_context_value(b, &owned_key), red); /* (c keeps it) */
    lg_context_free(c);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(C1_without_cancel_keeps_only_the_values)
{
    lg_auto_context lg_context *a = lg_context_with_value(lg_context_background(), &colour_key,
                                                          red);
    lg_context *b = lg_context_with_timeout(a, LG_HOUR);
    lg_auto_context lg_context *c = lg_context_without_cancel(b);
    lg_auto_context lg_context *d = lg_context_with_cancel(c);
    lg_time when;
    ck_assert(lg_context_deadline(b, &when));
    ck_assert(!lg_context_deadline(c, &when));
    lg_context_cancel(a);
    lg_context_free(b);
    expect_not_done(c);
    expect_not_done(d);
    ck_assert_ptr_eq(lg_context_value(d, &colour_key), red);
    lg_auto_context lg_context *e = lg_context_without_cancel(a); /* of one that is done already */
    expect_not_done(e);
}
END_TEST

/* ---- merging ---- */

static void merge_and_cancel(int which)
{
    lg_auto_context lg_context *one = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *two = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *both = lg_context_merge(one, two);
    lg_auto_context lg_context *child = lg_context_with_cancel(both);
    expect_not_done(both);
    lg_context_cancel_cause(which == 0 ? one : which == 1 ? two : both, &why_first);
    expect_done(both, &lg_error_cancelled, &why_first);
    expect_done(child, &lg_error_cancelled, &why_first);
    ck_assert_ptr_null(one->children.first);
    ck_assert_ptr_null(two->children.first);
    if (which != 0)
        expect_not_done(one);
    if (which != 1)
        expect_not_done(two);
    lg_context_cancel_cause(one, &why_second);
    lg_context_cancel_cause(two, &why_second);
    expect_done(child, &lg_error_cancelled, &why_first);
}

START_TEST(merged_contexts_are_done_when_either_is)
{
    for (int which = 0; which < 3; which++)
        merge_and_cancel(which);
}
END_TEST

START_TEST(merged_contexts_have_the_values_and_the_earlier_deadline)
{
    lg_auto_context lg_context *a = lg_context_with_value(lg_context_background(), &colour_key,
                                                          red);
    lg_auto_context lg_context *b = lg_context_with_value(lg_context_background(), &colour_key,
                                                          blue);
    lg_auto_context lg_context *c = lg_context_with_value(b, &size_key, large);
    lg_auto_context lg_context *d = lg_context_with_deadline(c, lg_now() + LG_HOUR);
    lg_auto_context lg_context *e = lg_context_with_deadline(a, lg_now() + 2 * LG_HOUR);
    lg_auto_context lg_context *ed = lg_context_merge(e, d);
    lg_auto_context lg_context *de = lg_context_merge(d, e);
    lg_auto_context lg_context *nested = lg_context_merge(ed, de);
    lg_time when, earlier;
    ck_assert(lg_context_deadline(d, &earlier));
    ck_assert(lg_context_deadline(ed, &when) && when == earlier);
    ck_assert(lg_context_deadline(de, &when) && when == earlier);
    ck_assert_ptr_eq(lg_context_value(ed, &colour_key), red);
    ck_assert_ptr_eq(lg_context_value(ed, &size_key), large);
    ck_assert_ptr_eq(lg_context_value(de, &colour_key), blue);
    ck_assert_ptr_eq(lg_context_value(nested, &colour_key), red);
    ck_assert_ptr_null(lg_context_value(nested, &owned_key));
}
END_TEST

START_TEST(merging_one_with_itself_or_its_ancestor)
{
    lg_context *a = lg_context_with_cancel(lg_context_background());
    lg_context *b = lg_context_with_cancel(a);
    lg_context *aa = lg_context_merge(a, a), *ab = lg_context_merge(a, b),
               *ba = lg_context_merge(b, a);
    lg_context *all = lg_context_merge(aa, lg_context_merge(ab, ba));
    lg_context_cancel_cause(a, &why_first);
    expect_done(all, &lg_error_cancelled, &why_first);
    lg_context *inner = lgi_second_parent(all);
    lg_context_free(a);
    lg_context_free(b);
    lg_context_free(aa);
    lg_context_free(ab);
    lg_context_free(ba);
    lg_context_free(inner);
    lg_context_free(all);
}
END_TEST

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
    expect_panic(end_it, parent, "was ended: its owner ends it, once");
    lg_context_free(child);
#if !defined(HAS_ASAN) /* which reports it itself */
    expect_panic(end_it, child, "lg_context_free of a context that was ended");
    expect_panic(look_at, parent, "must have a child of its own");
    expect_panic(derive_from, child, "must have a child of its own");
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

RUN_TESTS("context", C1_the_background_is_never_done, C1_C2_cancelling_is_idempotent,
          C1_every_kind_can_be_cancelled_and_ended,
          C2_a_parent_cancels_its_descendants_never_the_reverse, C2_the_first_cause_wins,
          C2_a_cause_lives_as_long_as_any_descendant, C1_causes_come_out_as_in_go,
          C3_a_child_of_a_cancelled_parent_is_born_cancelled,
          C4_ended_or_cancelled_children_leave_nothing,
          C4_a_cancelled_child_is_detached_before_it_is_ended, a_million_levels_need_no_recursion,
          a_hundred_thousand_descendants, C1_values_are_found_from_below_by_their_keys_address,
          values_are_destroyed_after_the_last_descendant, C1_without_cancel_keeps_only_the_values,
          merged_contexts_are_done_when_either_is,
          merged_contexts_have_the_values_and_the_earlier_deadline,
          merging_one_with_itself_or_its_ancestor, ending_cancels_and_children_stay_usable,
          ending_can_be_deferred_and_left_to_the_block, ending_under_those_who_wait,
          who_outlives_the_owner_has_a_child, misuse_panics_and_says_what_to_do,
          C9_waiting_for_a_context_with_a_context, C9_a_cancel_wakes_who_waits, errno_is_left_alone,
          a_context_describes_where_it_comes_from, E8_a_description_names_signals_and_escapes_names)
