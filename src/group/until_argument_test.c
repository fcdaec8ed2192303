/* C9: a limit for waits can be handed to every kind of call: as one of at most three arguments, in any place. */
#include "testing/group.h"

#include <lifoguard/lifoguard.h>

static int calls; /* that were given what they should be given */

static const char name[] = "name";

static void check_middle(const char *text, lg_until until, int number)
{
    calls += text == name && number == -7 && until.lgi_deadline == 99 &&
             (uintptr_t)until.lgi_done == 8;
}

static void check_first(lg_until until, const char *text, int number)
{
    check_middle(text, until, number);
}

static void check_last(const char *text, int number, lg_until until)
{
    check_middle(text, until, number);
}

static void check_only(lg_until until)
{
    check_middle(name, until, -7);
}

static void check_panic(lg_panic_info *panic, const char *text, lg_until until, int number)
{
    check_middle(text, until, number);
    if (panic)
        lg_recover(panic);
}

/* (An lg_until that no wait uses: what matters is both words.) */
static lg_until marked(void)
{
    lg_until until = lg_until_deadline(99);
    until.lgi_done = (struct lgi_done *)8;
    return until;
}

static lg_error *all_forms(bool panics)
{
    lg_func_recovers (lg_error *, err) {
        void (*const pointer)(lg_until until) = check_only;
        lg_defer_recover(check_panic, name, marked(), -7);
        lg_defer(check_first, marked(), name, -7);
        lg_defer(check_middle, name, marked(), -7);
        lg_defer(check_last, name, -7, marked());
        lg_defer(pointer, marked());
        lg_defer_as(named, check_middle, name, marked(), -7);
        lg_defer_on_error(check_middle, name, marked(), -7);
        lg_defer_on_success(check_last, name, -7, marked());
        lg_defer_contained(check_first, marked(), name, -7);
        lg_scope(scope);
        lg_defer_in(&scope, check_middle, name, marked(), -7);
        if (panics)
            lg_panic("all of them run while it unwinds");
        lg_return(NULL);
    }
}

enum { FORMS = 9 }; /* either lg_defer_on_error or lg_defer_on_success */

START_TEST(C9_a_deferred_call_takes_an_until)
{
    calls = 0;
    ck_assert_ptr_null(all_forms(false));
    ck_assert_int_eq(calls, FORMS);
}
END_TEST

START_TEST(C9_a_deferred_call_takes_an_until_while_a_panic_unwinds)
{
    calls = 0;
    ck_assert_ptr_null(all_forms(true));
    ck_assert_int_eq(calls, FORMS);
}
END_TEST

static lg_error *member(const char *text, int number, lg_until until)
{
    check_middle(text, until, number);
    return NULL;
}

START_TEST(C9_goroutines_members_and_helpers_take_an_until)
{
    calls = 0;
    lg_waitgroup waitgroup = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&waitgroup, check_first, marked(), name, -7);
    lg_waitgroup_wait(&waitgroup);
    lg_group group;
    lg_group_init(&group);
    lg_group_go(&group, member, name, -7, marked());
    ck_assert_ptr_null(lg_group_wait(&group));
    lg_group_free(&group);
    lg_blocking(check_middle, name, marked(), -7);
    ck_assert_int_eq(calls, 3);
}
END_TEST

RUN_TESTS("until argument", C9_a_deferred_call_takes_an_until,
          C9_a_deferred_call_takes_an_until_while_a_panic_unwinds,
          C9_goroutines_members_and_helpers_take_an_until)
