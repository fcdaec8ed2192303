/* Tests of joined errors, and of trees of all shapes. */
#define _GNU_SOURCE
#include "testing/error.h"

#include <pthread.h>

/* ---- E4 ---- */

START_TEST(E4_join_tolerates_null)
{
    lg_error *err = lg_error_new("a");
    ck_assert_ptr_null(lg_error_join(NULL, NULL));
    ck_assert_ptr_eq(lg_error_join(err, NULL), err);
    ck_assert_ptr_eq(lg_error_join(NULL, err), err);
    ck_assert_ptr_eq(lg_error_join(&closed, NULL), &closed);
    lg_error_free(err);
}
END_TEST

START_TEST(E4_join_keeps_order)
{
    lg_error *a = lg_error_new("a");
    lg_error *b = lg_error_new("b");
    lg_error *err = lg_error_join(a, b);
    ck_assert_str_eq(lg_error_message(err), "several errors");
    ck_assert_int_eq(lg_error_line(err), lg_error_line(a));
    ck_assert_str_eq(lg_error_file(err), __FILE__);
    ck_assert_ptr_null(lg_error_cause(err));
    lg_error_cursor cursor = lg_error_children(err);
    ck_assert_ptr_eq(lg_error_next(&cursor), a);
    ck_assert_ptr_eq(lg_error_next(&cursor), b);
    ck_assert_ptr_null(lg_error_next(&cursor));
    ck_assert_ptr_null(lg_error_next(&cursor));
    assert_text(err, "a; b");
    lg_error_free(err);
}
END_TEST

/* Every way in which two groups of up to three, of each sort, can be joined. */
START_TEST(E4_join_of_joins_is_one_list)
{
    lg_error *statics[] = {&not_found, &closed, &third};
    for (unsigned sorts = 0; sorts < 64; sorts++) {
        for (int left = 1; left <= 3; left++) {
            for (int right = 1; right <= 3; right++) {
                lg_error *sides[2] = {NULL, NULL};
                const lg_error *members[6];
                size_t count = 0;
                for (int side = 0; side < 2; side++) {
                    for (int i = 0; i < (side ? right : left); i++) {
                        bool is_static = sorts >> (side * 3 + i) & 1;
                        lg_error *one = is_static ? statics[i] : lg_error_newf("%d.%d", side, i);
                        members[count++] = one;
                        sides[side] = lg_error_join(sides[side], one);
                    }
                }
                lg_error *err = lg_error_join(sides[0], sides[1]);
                if (sides[0] == sides[1]) {
                    ck_assert_ptr_eq(err, sides[0]); /* the same static error: guarded */
                    continue;
                }
                ck_assert_int_eq(lg_error_line(err), lg_error_line(members[0]));
                lg_error_cursor cursor = lg_error_children(err);
                for (size_t i = 0; i < count; i++)
                    ck_assert_ptr_eq(lg_error_next(&cursor), members[i]);
                ck_assert_ptr_null(lg_error_next(&cursor));
                for (size_t i = 0; i < count; i++)
                    ck_assert(lg_error_is(err, members[i]));
                lg_error_free(err);
            }
        }
    }
}
END_TEST

START_TEST(E4_join_below_a_wrap_stays_there)
{
    lg_error *err = lg_error_wrap(lg_error_join(lg_error_new("a"), lg_error_new("b")), "w");
    err = lg_error_join(err, lg_error_new("c"));
    ck_assert_uint_eq(count_children(err), 2);
    assert_text(err, "w: a; b; c");
    lg_error_free(err);
}
END_TEST

START_TEST(E4_join_with_itself_is_guarded)
{
    lg_error *a = lg_error_new("a");
    ck_assert_ptr_eq(lg_error_join(a, a), a);
    ck_assert_ptr_eq(lg_error_join(&closed, &closed), &closed);
    lg_error *err = lg_error_join(a, lg_error_new("b"));
    ck_assert_ptr_eq(lg_error_join(err, err), err);
    /* What a tree holds already. */
    ck_assert_ptr_eq(lg_error_join(err, a), err);
    ck_assert_ptr_eq(lg_error_join(a, err), err);
    err = lg_error_wrap(err, "w");
    ck_assert_ptr_eq(lg_error_join(a, err), err);
    ck_assert_ptr_eq(lg_error_join(err, a), err);
    assert_text(err, "w: a; b");
    lg_error_free(err);
}
END_TEST

START_TEST(E4_same_sentinel_twice_in_a_join)
{
    lg_error *err = lg_error_join(lg_error_join(&closed, &third), &closed);
    assert_text(err, "already closed; third; already closed");
    err = lg_error_join(err, lg_error_join(&closed, &third));
    assert_text(err, "already closed; third; already closed; already closed; third");
    ck_assert_uint_eq(count_children(err), 5);
    lg_error_free(err);
}
END_TEST

/* ---- Trees too deep to recurse in ---- */

enum { DEEP = 100000 };

/* In a thread with a small stack: recursion as deep as these trees would not get far. */
static void *build_deep_trees(void *nothing)
{
    (void)nothing;
    for (int shape = 0; shape < 4; shape++) {
        lg_error *err = lg_error_wrap(&not_found, "bottom");
        for (int i = 0; i < DEEP; i++) {
            if (shape == 0) /* a chain */
                err = lg_error_wrap(err, "w");
            else if (shape == 1) /* a wide join, grown at the end */
                err = lg_error_join(err, lg_error_new("j"));
            else if (shape == 2) /* the same, grown at the front, half of it static */
                err = lg_error_join(i % 2 ? &third : lg_error_new("j"), err);
            else /* joins in wraps in joins, the deep member first or last */
                err = lg_error_wrap(i % 2 ? lg_error_join(err, &third) : lg_error_join(&third, err),
                                    "w");
        }
        ck_assert(lg_error_is(err, &not_found));
        ck_assert(!lg_error_is(err, &closed));
        ck_assert(!lg_error_is_errno(err, EIO));
        size_t length = lg_error_format(err, NULL, 0);
        ck_assert_uint_gt(length, DEEP);
        FILE *file = fopen("/dev/null", "w");
        ck_assert_ptr_nonnull(file);
        lg_error_print(err, file);
        lg_error_print_tree(err, file);
        fclose(file);
        lg_error_free(err);
    }
    return NULL;
}

START_TEST(E1_E3_E5_deep_trees_need_no_stack)
{
    pthread_attr_t attributes;
    pthread_t thread;
    ck_assert_int_eq(pthread_attr_init(&attributes), 0);
    ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 262144), 0);
    ck_assert_int_eq(pthread_create(&thread, &attributes, build_deep_trees, NULL), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    pthread_attr_destroy(&attributes);
}
END_TEST

RUN_TESTS("join", E4_join_tolerates_null, E4_join_keeps_order, E4_join_of_joins_is_one_list,
          E4_join_below_a_wrap_stays_there, E4_join_with_itself_is_guarded,
          E4_same_sentinel_twice_in_a_join, E1_E3_E5_deep_trees_need_no_stack)
