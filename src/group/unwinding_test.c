/* Tests of members that end by a panic, lg_goexit or lg_exit. Rules are those of docs/rules.md. */
#include "testing/group.h"

#include "group/member.h"
#include "sched/lock.h"

/* ---- panics ---- */

static void __attribute__((noinline)) deep_inside(int number)
{
    lg_panic("number %d", number);
}

static lg_error *panic_deep(int number, atomic_int *cleaned)
{
    lg_func (lg_error *, err) {
        lg_defer(add_one, cleaned);
        yield_some((unsigned)number);
        deep_inside(number);
        lg_return(NULL);
    }
}

static char *tree_text(const lg_error *error)
{
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    lg_error_print_tree(error, file);
    fclose(file);
    return text;
}

static void panic_in_member(void)
{
    lg_group group = {0};
    atomic_int cleaned = 0;
    lg_group_go_with(&group, ((lg_go_options){.name = "digger"}), panic_deep, 7, &cleaned);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_int_eq(cleaned, 1);
    ck_assert_ptr_nonnull(errors);
    ck_assert_str_eq(lg_error_message(errors), "panic: number 7");
    ck_assert_ptr_nonnull(lg_error_as(errors, &lg_panic_kind));
    ck_assert_str_eq(strrchr(lg_error_file(errors), '/') + 1, "unwinding_test.c");
    char *text = tree_text(errors);
    ck_assert_ptr_nonnull(strstr(text, "panic: number 7 ("));
    ck_assert_ptr_nonnull(strstr(text, "unwinding_test.c"));
    ck_assert_ptr_nonnull(strstr(text, ", panic)\n    in goroutine "));
    ck_assert_ptr_nonnull(strstr(text, ", digger, started at "));
    ck_assert_ptr_nonnull(strstr(text, "\n    deferred calls that it ran, first to last:\n"
                                       "        add_one(cleaned)  "));
    ck_assert_ptr_nonnull(strstr(text, "\n    stack:\n        "));
    ck_assert_ptr_nonnull(strstr(text, "deep_inside"));
    ck_assert_ptr_nonnull(strstr(text, "panic_deep"));
    free(text);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g3_a_panic_becomes_an_error_with_its_trace)
{
    everywhere(panic_in_member);
}
END_TEST

static lg_error *panic_with_error(lg_error *error)
{
    lg_panic_with_error(error);
}

START_TEST(the_error_of_a_panic_is_its_cause)
{
    lg_group group = {0};
    lg_group_go(&group, panic_with_error, &one_error);
    lg_error *errors = lg_group_wait(&group);
    ck_assert(lg_error_is(errors, &one_error));
    char text[64];
    lg_error_format(errors, text, sizeof(text));
    ck_assert_str_eq(text, "panic: one");
    lg_error_free(errors);
    lg_group_free(&group);
}
END_TEST

static lg_error *abandon_and_replace(void)
{
    lg_func (lg_error *, err) {
        lg_defer(panic_with, "second");
        err = lg_error_new("half done");
        lg_panic("first\x1b[2J");
    }
}

START_TEST(p4_the_trace_has_the_whole_chain_and_what_was_abandoned)
{
    lg_group group = {0};
    lg_group_go(&group, abandon_and_replace);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_str_eq(lg_error_message(errors), "panic: second");
    char *text = tree_text(errors);
    ck_assert_ptr_nonnull(strstr(text, "    panic: first\\x1b[2J\n            at "));
    ck_assert_ptr_nonnull(strstr(text, "        then panic: second\n"));
    ck_assert_ptr_nonnull(strstr(text, "abandoned by it: half done\n"));
    free(text);
    lg_error_free(errors);
    lg_group_free(&group);
}
END_TEST

static void many_panics(void)
{
    enum { MANY = 200 };
    lg_group group = {0};
    atomic_int cleaned = 0;
    for (int i = 0; i < MANY; i++)
        lg_group_go(&group, panic_deep, i, &cleaned);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_int_eq(cleaned, MANY);
    bool seen[MANY] = {false};
    int count = 0;
    lg_error_cursor cursor = lg_error_children(errors);
    for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL; count++) {
        long number = strtol(lg_error_message(child) + strlen("panic: number "), NULL, 10);
        ck_assert(number >= 0 && number < MANY);
        ck_assert(!seen[number]);
        seen[number] = true;
    }
    ck_assert_int_eq(count, MANY);
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(g3_panics_in_many_members_at_once)
{
    everywhere(many_panics);
}
END_TEST

static void panic_that_exits(void *thread)
{
    lg_group group = {0};
    lg_group_set_panic_policy(&group, LG_GROUP_PANIC_EXITS);
    lg_group_go_with(&group, ((lg_go_options){.thread = thread != NULL}), panic_with, "too much");
    lg_error *errors = lg_group_wait(&group); /* does not return: the report would be cut off */
    (void)errors;
    tell("returned");
    _exit(0);
}

START_TEST(p8_a_panic_ends_the_process_if_asked)
{
    for (int i = 0; i < 20; i++) {
        struct outcome *outcome = in_child(panic_that_exits, i % 2 ? &i : NULL);
        expect_status(outcome, 2);
        expect_in_err(outcome, "panic: too much");
        expect_in_err(outcome, "panic_with");
        expect_out(outcome, "");
    }
}
END_TEST

/* ---- goexit and exit in a member ---- */

static lg_error *goexit_member(atomic_int *cleaned)
{
    lg_func (lg_error *, err) {
        lg_defer(add_one, cleaned);
        lg_goexit();
        lg_return(&one_error);
    }
}

static void panic_in_goexit(atomic_int *cleaned)
{
    lg_defer(add_one, cleaned);
    lg_defer(panic_with, "while leaving");
    lg_goexit();
}

static void goexits(void)
{
    lg_group group = {0};
    atomic_int cleaned = 0;
    for (int how = 0; how < 4; how++) {
        lg_group_set_panic_policy(&group, how % 2 ? LG_GROUP_PANIC_FAILS : LG_GROUP_PANIC_EXITS);
        lg_group_go_with(&group, ((lg_go_options){.thread = how >= 2}), goexit_member, &cleaned);
        ck_assert_ptr_null(lg_group_wait(&group));
        ck_assert_int_eq(cleaned, how + 1);
    }
    lg_group_go(&group, panic_in_goexit, &cleaned);
    lg_error *errors = lg_group_wait(&group);
    ck_assert_str_eq(lg_error_message(errors), "panic: while leaving");
    lg_error_free(errors);
    lg_group_free(&group);
}

START_TEST(p6_a_member_that_ends_by_goexit_has_not_failed)
{
    everywhere(goexits);
}
END_TEST

static void exit_member(atomic_int *cleaned)
{
    lg_defer(tell, "cleaned");
    (void)cleaned;
    lg_exit(7);
}

static void exit_in_member(void *how)
{
    int number = *(int *)how;
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    if (number % 2)
        lg_group_set_panic_policy(&group, LG_GROUP_PANIC_EXITS);
    lg_group_go_with(&group, ((lg_go_options){.thread = number >= 2}), exit_member,
                     (atomic_int *)NULL);
    if (number % 3 == 0)
        err = lg_group_wait(&group);
    else if (number % 3 == 1)
        err = lg_group_wait_until(&group, lg_until_timeout(LG_HOUR));
    else
        return;
    tell("returned");
    exit(0);
}

START_TEST(d10_lg_exit_in_a_member_unwinds_it_and_exits)
{
    for (int how = 0; how < 12; how++) {
        int number = how % 4;
        struct outcome *outcome = in_child(exit_in_member, &number);
        expect_status(outcome, 7);
        expect_out(outcome, "cleaned ");
    }
}
END_TEST

RUN_TESTS("unwinding", g3_a_panic_becomes_an_error_with_its_trace,
          the_error_of_a_panic_is_its_cause,
          p4_the_trace_has_the_whole_chain_and_what_was_abandoned,
          g3_panics_in_many_members_at_once, p8_a_panic_ends_the_process_if_asked,
          p6_a_member_that_ends_by_goexit_has_not_failed,
          d10_lg_exit_in_a_member_unwinds_it_and_exits)
