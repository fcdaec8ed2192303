/* Tests of rule E7: what is left of errors when memory runs out; and of random trees, with memory
 * and without. */
#define _GNU_SOURCE
#include "error_internal.h"
#include "testing/error.h"
#include "testing/failing_malloc.h"

#include <stdint.h>

/* ---- Without memory ---- */

START_TEST(E4_join_needs_no_memory)
{
    lg_error *e[8];
    for (int i = 0; i < 8; i++)
        e[i] = lg_error_newf("%d", i);
    memory_watch(1, true);
    lg_error *left = lg_error_join(e[0], e[1]);
    left = lg_error_join(left, &closed);
    left = lg_error_join(&third, left);
    left = lg_error_join(left, e[2]);
    lg_error *right = lg_error_join(e[3], &third);
    lg_error *more = lg_error_join(&closed, e[4]);
    right = lg_error_join(right, more);
    right = lg_error_join(e[5], right);
    right = lg_error_join(right, lg_error_join(e[6], e[7]));
    right = lg_error_join(&not_found, right);
    lg_error *err = lg_error_join(left, right);
    err = lg_error_join(err, &not_found);
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
    assert_text(err,
                "third; 0; 1; already closed; 2; not found; 5; 3; third; already closed; 4; 6; 7; "
                "not found");
    lg_error_free(err);
}
END_TEST

START_TEST(E5_format_needs_no_memory)
{
    lg_error *err = lg_error_wrap(lg_error_new_code(EIO, "b"), "a");
    char buffer[64];
    memory_watch(1, true);
    lg_error_format(err, buffer, sizeof(buffer));
    char *text = lg_error_text(err);
    memory_ignore();
    ck_assert_int_eq(memory.failed, 1); /* lg_error_text's only */
    ck_assert_ptr_null(text);
    ck_assert_str_eq(buffer, "a: b: Input/output error");
    lg_error_free(err);
}
END_TEST

START_TEST(E1_abandoned_errors_are_listed_without_memory)
{
    lg_error *a = lg_error_new("a");
    lg_error *b = lg_error_join(lg_error_new("b"), lg_error_new("c"));
    lg_error *c = lg_error_wrap(&closed, "w");
    lg_error *list = NULL;
    memory_watch(1, true);
    require(!lgi_error_link(&list, NULL));
    require(!lgi_error_link(&list, &closed));
    require(lgi_error_link(&list, a));
    require(lgi_error_link(&list, b));
    require(lgi_error_link(&list, c));
    memory_ignore();
    ck_assert_int_eq(memory.made, 0);
    ck_assert_ptr_eq(list, c);
    ck_assert_ptr_eq(lgi_error_linked(c), b);
    ck_assert_ptr_eq(lgi_error_linked(b), a);
    ck_assert_ptr_null(lgi_error_linked(a));
    ck_assert_ptr_eq(lgi_error_unlink(&list), c);
    ck_assert_ptr_eq(lgi_error_unlink(&list), b);
    ck_assert_ptr_eq(lgi_error_unlink(&list), a);
    ck_assert_ptr_null(lgi_error_unlink(&list));
    ck_assert_ptr_null(list);
    lg_error *err = lg_error_join(a, lg_error_join(b, c));
    assert_text(err, "a; b; c; w: already closed");
    lg_error_free(err);
}
END_TEST

/* ---- E7 ---- */

START_TEST(E7_out_of_memory_is_a_static_error)
{
    payloads_destroyed = 0;
    int *payload = number(1);
    errno = EINTR;
    memory_watch(1, true);
    lg_error *made[] = {lg_error_new("x"), lg_error_newf("%d", 1), lg_error_new_code(EIO, "x"),
                        lg_error_new_kind(&number_kind, payload, "x")};
    int errno_after = errno;
    memory_ignore();
    ck_assert_int_eq(errno_after, EINTR);
    ck_assert_int_eq(payloads_destroyed, 1);
    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        ck_assert_ptr_eq(made[i], &lg_error_out_of_memory);
        ck_assert(lg_error_is(made[i], &lg_error_out_of_memory));
        lg_error_free(made[i]);
    }
    ck_assert(lg_error_is_errno(&lg_error_out_of_memory, ENOMEM));
    assert_text(&lg_error_out_of_memory, "out of memory");
}
END_TEST

START_TEST(E7_wrap_without_memory_keeps_the_cause)
{
    payloads_destroyed = 0;
    int *payload = number(1);
    lg_error *err = lg_error_new_code(EIO, "x");
    memory_watch(1, true);
    lg_error *wrapped = lg_error_wrap(err, "w");
    lg_error *of_kind = lg_error_wrap_kind(wrapped, &number_kind, payload, "w");
    lg_error *sentinel = lg_error_wrap(&closed, "w");
    memory_ignore();
    ck_assert_ptr_eq(wrapped, err);
    ck_assert_ptr_eq(of_kind, err);
    ck_assert_ptr_eq(sentinel, &closed);
    ck_assert_int_eq(payloads_destroyed, 1);
    /* As good as new. */
    err = lg_error_join(lg_error_wrap(err, "again"), &closed);
    assert_text(err, "again: x: Input/output error; already closed");
    lg_error_free(err);
}
END_TEST

START_TEST(E7_join_without_memory_keeps_the_earlier)
{
    lg_error *join = lg_error_join(&closed, &third); /* takes a block, and uses it up */
    memory_watch(1, true);
    require(lg_error_join(&not_found, &third) == &not_found);
    require(lg_error_join(join, &no_room) == join);
    memory_ignore();
    ck_assert_int_eq(memory.failed, 2);
    assert_text(join, "already closed; third");

    memory_watch(1, true);
    require(lg_error_join(&no_room, join) == &no_room);
    memory_ignore();
    ck_assert_int_eq(memory.live, -1); /* the join, made before the watch, is freed */
}
END_TEST

/* What a program does with errors, each step checked for what it may not lose. */
static void use_everything(void)
{
    char long_text[600];
    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    int *payloads[2];
    for (int i = 0; i < 2; i++) {
        memory.on = false; /* not what is tested */
        payloads[i] = number(i);
        memory.on = true;
        memory.live++;
    }
    payloads_destroyed = 0;

    lg_error *err = lg_error_new_code(ENOENT, "open %s", long_text);
    bool has_errno = err != &lg_error_out_of_memory;
    require(lg_error_is_errno(err, has_errno ? ENOENT : ENOMEM));
    err = lg_error_wrap_kind(err, &number_kind, payloads[0], "kind %s", long_text);
    require(lg_error_errno(err) == (has_errno ? ENOENT : ENOMEM));
    require(payloads_destroyed || *(const int *)lg_error_as(err, &number_kind) == 0);

    lg_error *sentinels = lg_error_join(&closed, &third);
    require(lg_error_is(sentinels, &closed));
    bool has_third = lg_error_is(sentinels, &third);
    require(has_third || sentinels == &closed);
    sentinels = lg_error_join(sentinels, &not_found);
    require(lg_error_is(sentinels, &closed));
    require(lg_error_is(sentinels, &third) == has_third);
    bool has_not_found = lg_error_is(sentinels, &not_found);
    sentinels = lg_error_wrap(sentinels, "sentinels");
    require(lg_error_is(sentinels, &not_found) == has_not_found);

    lg_error *last = lg_error_new_kind(&number_kind, payloads[1], "number");
    require(lg_error_is(last, &lg_error_out_of_memory) !=
            (lg_error_find(last, &number_kind) != NULL));

    err = lg_error_join(err, sentinels);
    require(lg_error_is_errno(err, has_errno ? ENOENT : ENOMEM));
    err = lg_error_join(err, last);
    require(lg_error_is_errno(err, has_errno ? ENOENT : ENOMEM));
    char *text = lg_error_text(err);
    if (text)
        require(strlen(text) == lg_error_format(err, NULL, 0));
    free(text);
    if (memory.failed == 0) {
        require(lg_error_is(err, &closed) && lg_error_is(err, &third) &&
                lg_error_is(err, &not_found));
        require(payloads_destroyed == 0);
    }
    lg_error_free(err);
    require(payloads_destroyed == 2);
}

START_TEST(E7_every_allocation_fails_once)
{
    bool and_all_after = _i == 1;
    long n = 0;
    do {
        ck_assert_int_lt(++n, 100);
        memory_watch(n, and_all_after);
        use_everything();
        memory_ignore();
        ck_assert_int_eq(memory.live, 0);
    } while (memory.failed > 0);
    /* 4 errors made or wrapped, one block or two for the sentinels, one text: else nothing was put
     * to the test. */
    ck_assert_int_ge(n, 7);
}
END_TEST

/* ---- Random trees, beside a plain model of what they must read ---- */

enum { POOL = 6, MODEL_TEXT = 3000 };

struct model {
    lg_error *error;
    char text[MODEL_TEXT];
    unsigned sentinels; /* a bit for each that is inside */
};

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)((random_state >> 33) % limit);
}

static void random_leaf(struct model *model, lg_error **statics, unsigned *serial)
{
    model->sentinels = 0;
    unsigned choice = random_below(6);
    if (choice < 3) {
        model->error = statics[choice];
        model->sentinels = 1u << choice;
    } else {
        model->error = lg_error_newf("e%u", ++*serial);
        if (model->error == &lg_error_out_of_memory)
            model->sentinels = 8;
    }
    snprintf(model->text, MODEL_TEXT, "%s", lg_error_message(model->error));
}

static void random_step(struct model *pool, lg_error **statics, unsigned *serial)
{
    struct model *one = &pool[random_below(POOL)], *two = &pool[random_below(POOL)];
    char text[2 * MODEL_TEXT + 10];
    unsigned action = random_below(8);
    if (!one->error || strlen(one->text) + strlen(two->text) > MODEL_TEXT / 2) {
        lg_error_free(one->error);
        random_leaf(one, statics, serial);
    } else if (action < 2) {
        snprintf(text, sizeof(text), "w: %s", one->text);
        lg_error *wrapped = lg_error_wrap(one->error, "w");
        if (wrapped != one->error)
            strcpy(one->text, text);
        one->error = wrapped;
    } else if (action < 7) {
        if (one == two || !two->error || one->error == two->error)
            return;
        long failed = memory.failed;
        one->error = lg_error_join(one->error, two->error);
        if (memory.failed == failed) {
            snprintf(text, sizeof(text), "%s; %s", one->text, two->text);
            strcpy(one->text, text);
            one->sentinels |= two->sentinels;
        }
        two->error = NULL;
        two->text[0] = '\0';
        two->sentinels = 0;
    } else {
        lg_error_free(one->error);
        one->error = NULL;
        one->text[0] = '\0';
        one->sentinels = 0;
    }
}

START_TEST(E3_E4_E7_random_trees_read_as_the_model)
{
    static struct model pool[POOL];
    lg_error *statics[] = {&not_found, &closed, &third, &lg_error_out_of_memory};
    bool fails = _i == 1;
    long lost = 0;
    for (unsigned seed = 1; seed <= 300; seed++) {
        random_state = seed;
        unsigned serial = 0;
        memset(pool, 0, sizeof(pool));
        long live = 0;
        for (int step = 0; step < 200; step++) {
            memory_watch(fails && random_below(3) == 0 ? 1 : 0, true);
            random_step(pool, statics, &serial);
            memory_ignore();
            live += memory.live;
            lost += memory.failed;
            for (int i = 0; i < POOL; i++) {
                if (!pool[i].error)
                    continue;
                static char text[2 * MODEL_TEXT];
                lg_error_format(pool[i].error, text, sizeof(text));
                bool agrees = strcmp(text, pool[i].text) == 0;
                for (unsigned bit = 0; bit < 4; bit++)
                    agrees &= lg_error_is(pool[i].error, statics[bit]) ==
                              (pool[i].sentinels >> bit & 1);
                /* Not an assertion, which costs a system call even when it holds. */
                if (!agrees)
                    ck_abort_msg("seed %u step %d: sentinels %u in\n%s\nnot\n%s", seed, step,
                                 pool[i].sentinels, pool[i].text, text);
            }
        }
        memory_watch(0, false);
        for (int i = 0; i < POOL; i++)
            lg_error_free(pool[i].error);
        memory_ignore();
        ck_assert_msg(live + memory.live == 0, "seed %u: %ld left", seed, live + memory.live);
    }
    ck_assert_int_eq(lost > 0, fails);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, E3_E4_E7_random_trees_read_as_the_model, 0,
                        can_fail_allocations() ? 2 : 1);
    if (can_fail_allocations()) {
        tcase_add_test(tests, E4_join_needs_no_memory);
        tcase_add_test(tests, E5_format_needs_no_memory);
        tcase_add_test(tests, E1_abandoned_errors_are_listed_without_memory);
        tcase_add_test(tests, E7_out_of_memory_is_a_static_error);
        tcase_add_test(tests, E7_wrap_without_memory_keeps_the_cause);
        tcase_add_test(tests, E7_join_without_memory_keeps_the_earlier);
        tcase_add_loop_test(tests, E7_every_allocation_fails_once, 0, 2);
    } else {
        fputs("allocations cannot be made to fail here: 7 tests are left to plain builds\n",
              stderr);
    }
}

RUN_TESTS_OF("memory", add_tests)
