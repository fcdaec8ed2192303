/* Tests of finding errors in a tree. Rules are those of docs/rules.md. */
#define _GNU_SOURCE
#include "testing/error.h"
#include <lifoguard/time.h>
#include <pthread.h>
#include <stddef.h>

/* ---- E3 ---- */

LG_ERROR_DECLARE(declared);
enum { declared_line = __LINE__ + 1 };
LG_ERROR_DEFINE(declared, "announced, then defined");

START_TEST(E3_sentinel_is_a_value)
{
    lg_error *err = &not_found;
    ck_assert(lg_error_is(err, &not_found));
    ck_assert(!lg_error_is(err, &closed));
    ck_assert_str_eq(lg_error_message(err), "not found");
    ck_assert_str_eq(lg_error_file(&declared), __FILE__);
    ck_assert_int_eq(lg_error_line(&declared), declared_line);
    lg_error_free(err);
    lg_error_free(err);
    ck_assert_str_eq(lg_error_message(err), "not found");
    ck_assert_int_eq(lg_error_errno(&no_room), ENOSPC);
    ck_assert(lg_error_is_errno(&no_room, ENOSPC));
}
END_TEST

START_TEST(E3_is_compares_as_go)
{
    lg_error *one = lg_error_new("same");
    lg_error *two = lg_error_new("same");
    ck_assert(lg_error_is(one, one));
    ck_assert(!lg_error_is(one, two));
    ck_assert(!lg_error_is(one, NULL));
    ck_assert(!lg_error_is(NULL, one));
    ck_assert(lg_error_is(NULL, NULL));
    ck_assert(!lg_error_is_errno(one, 0));
    lg_error_free(one);
    lg_error_free(two);
}
END_TEST

/* wrap(join(wrap(join(a, not_found)), b, join-of-kinds)): looked through to the last corner. */
START_TEST(E3_is_searches_the_whole_tree)
{
    lg_error *a = lg_error_new_code(EIO, "a");
    lg_error *inner = lg_error_wrap(lg_error_join(a, &not_found), "inner");
    lg_error *b = lg_error_new_code(EPIPE, "b");
    lg_error *last = lg_error_wrap(lg_error_wrap(&no_room, "z"), "y");
    lg_error *err = lg_error_join(lg_error_join(inner, b), lg_error_join(last, lg_error_new("c")));
    err = lg_error_wrap(err, "top");
    assert_text(err,
                "top: inner: a: Input/output error; not found; b: Broken pipe; y: z: no room; c");

    const lg_error *inside[] = {err, a, inner, b, last, &not_found, &no_room, lg_error_cause(err)};
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        ck_assert_msg(lg_error_is(err, inside[i]), "number %zu", i);
    ck_assert(!lg_error_is(err, &closed));
    ck_assert(lg_error_is_errno(err, EIO));
    ck_assert(lg_error_is_errno(err, EPIPE));
    ck_assert(lg_error_is_errno(err, ENOSPC));
    ck_assert(!lg_error_is_errno(err, ENOENT));
    ck_assert_int_eq(lg_error_errno(err), EIO);

    /* A search that begins inside a tree stays below where it began. */
    ck_assert(lg_error_is(inner, &not_found));
    ck_assert(!lg_error_is(inner, b));
    ck_assert(!lg_error_is(a, &not_found));
    ck_assert(!lg_error_is(last, inner));
    ck_assert_int_eq(lg_error_errno(last), ENOSPC);
    lg_error_free(err);
}
END_TEST

START_TEST(E3_as_gives_the_first_payload_in_depth_first_order)
{
    payloads_destroyed = 0;
    lg_error *deep = lg_error_new_kind(&number_kind, number(1), "deep %d", 1);
    lg_error *left = lg_error_wrap(lg_error_join(&closed, lg_error_wrap(deep, "w")), "left");
    lg_error *right = lg_error_new_kind(&number_kind, number(2), "right");
    lg_error *err = lg_error_join(left, right);

    const int *found = lg_error_as(err, &number_kind);
    ck_assert_ptr_nonnull(found);
    ck_assert_int_eq(*found, 1);
    ck_assert_ptr_eq(lg_error_find(err, &number_kind), deep);
    ck_assert_int_eq(*(const int *)lg_error_as(right, &number_kind), 2);
    ck_assert_ptr_null(lg_error_as(err, &plain_kind));
    ck_assert_ptr_null(lg_error_as(err, NULL));
    ck_assert_ptr_null(lg_error_find(err, NULL));
    ck_assert_int_eq(payloads_destroyed, 0);

    /* An error stands before its causes. */
    err = lg_error_wrap_kind(err, &number_kind, number(3), "outermost");
    ck_assert_int_eq(*(const int *)lg_error_as(err, &number_kind), 3);
    lg_error_free(err);
    ck_assert_int_eq(payloads_destroyed, 3);
}
END_TEST

START_TEST(E3_find_tells_a_kind_without_payload)
{
    payloads_destroyed = 0;
    lg_error *err = lg_error_wrap(lg_error_new_kind(&number_kind, NULL, "none"), "w");
    ck_assert_ptr_null(lg_error_as(err, &number_kind));
    ck_assert_ptr_eq(lg_error_find(err, &number_kind), lg_error_cause(err));
    lg_error_free(err);
    ck_assert_int_eq(payloads_destroyed, 0);
}
END_TEST

/* Counts as `not_found`, whatever its payload, and as `closed` if it is a closed thing's. */
static bool is_like(const void *payload, const lg_error *target)
{
    return target == &not_found || (target == &closed && strcmp(payload, "closed") == 0);
}

static const lg_error_kind like_kind = {.name = "like", .is = is_like};

START_TEST(E3_kind_may_count_as_a_sentinel)
{
    char open_thing[] = "open", closed_thing[] = "closed";
    lg_error *err = lg_error_wrap(lg_error_new_kind(&like_kind, open_thing, "x"), "w");
    ck_assert(lg_error_is(err, &not_found));
    ck_assert(!lg_error_is(err, &closed));
    err = lg_error_join(err, lg_error_new_kind(&like_kind, closed_thing, "y"));
    ck_assert(lg_error_is(err, &closed));
    ck_assert(!lg_error_is(err, &third));
    lg_error_free(err);
}
END_TEST

static int order[3];
static int order_length;

static void note(void *payload)
{
    order[order_length++] = *(const int *)payload;
}

START_TEST(E3_payloads_are_destroyed_from_the_outside_in)
{
    static const lg_error_kind kind = {.free = note};
    int numbers[] = {0, 1, 2};
    lg_error *err = lg_error_new_kind(&kind, &numbers[0], "x");
    err = lg_error_wrap_kind(err, &kind, &numbers[1], "y");
    err = lg_error_wrap_kind(lg_error_join(&third, err), &kind, &numbers[2], "z");
    order_length = 0;
    lg_error_free(err);
    ck_assert_int_eq(order_length, 3);
    ck_assert_int_eq(order[0], 2);
    ck_assert_int_eq(order[1], 1);
    ck_assert_int_eq(order[2], 0);
}
END_TEST

RUN_TESTS("query", E3_sentinel_is_a_value, E3_is_compares_as_go, E3_is_searches_the_whole_tree,
          E3_as_gives_the_first_payload_in_depth_first_order, E3_find_tells_a_kind_without_payload,
          E3_kind_may_count_as_a_sentinel, E3_payloads_are_destroyed_from_the_outside_in)
