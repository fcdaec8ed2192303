/* What the tests of supervisors share. */
#ifndef LGI_TESTING_SUPERVISOR_H
#define LGI_TESTING_SUPERVISOR_H

#include "testing/group.h"

#include <lifoguard/supervisor.h>

/* Without a wait before restarts, and no restart is ever forgotten. */
UNUSED static lg_supervisor_options at_once(int restarts)
{
    return (lg_supervisor_options){
        .name = "test", .restarts = restarts, .within = 1000 * LG_HOUR, .backoff = -1};
}

UNUSED static lg_supervisor *make(const lg_context *parent, lg_supervisor_options options)
{
    lg_supervisor *s;
    ck_assert_ptr_null(lg_supervisor_new(&s, parent, &options));
    return s;
}

UNUSED static lg_supervisor *make_alone(lg_supervisor_options options)
{
    return make(lg_context_background(), options);
}

UNUSED static lg_member_report member_of(lg_supervisor *s, size_t index)
{
    lg_member_report report;
    ck_assert(lg_supervisor_member(s, index, &report));
    return report;
}

UNUSED static lg_restart_report restart_of(lg_supervisor *s, size_t index)
{
    lg_restart_report report;
    ck_assert(lg_supervisor_restart(s, index, &report));
    return report;
}

UNUSED static void wait_for_starts(lg_supervisor *s, size_t index, unsigned starts)
{
    while (member_of(s, index).starts < starts)
        lg_sleep(50 * LG_MICROSECOND);
}

UNUSED static void wait_for_state(lg_supervisor *s, size_t index, lg_member_state state)
{
    while (member_of(s, index).state != state)
        lg_sleep(50 * LG_MICROSECOND);
}

UNUSED static void expect_text(lg_error *error, const char *text)
{
    char buffer[256];
    lg_error_format(error, buffer, sizeof(buffer));
    ck_assert_str_eq(buffer, text);
    lg_error_free(error);
}

/* (Check's own macros repeat what a macro expands to, as text.) */
UNUSED static void expect_same(const lg_error *error, const lg_error *expected)
{
    ck_assert_ptr_eq(error, expected);
}

UNUSED static void expect_none(const lg_error *error)
{
    ck_assert_ptr_null(error);
}

/* ---- members ---- */

UNUSED static lg_error *until_cancelled(const lg_context *ctx)
{
    lg_context_wait(ctx);
    return &lg_error_cancelled;
}

UNUSED static lg_error *fail_at_once(const lg_context *ctx)
{
    (void)ctx;
    return &one_error;
}

UNUSED static void end_quietly(const lg_context *ctx)
{
    (void)ctx;
}

#endif
