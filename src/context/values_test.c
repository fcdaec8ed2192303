/* Tests of the values of contexts, and of merged contexts. Rules are those of docs/rules.md. */
#include "testing/context_values.h"

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

RUN_TESTS("values", C1_values_are_found_from_below_by_their_keys_address,
          values_are_destroyed_after_the_last_descendant, C1_without_cancel_keeps_only_the_values,
          merged_contexts_are_done_when_either_is,
          merged_contexts_have_the_values_and_the_earlier_deadline,
          merging_one_with_itself_or_its_ancestor)
