/* Scopes whose calls run at once. */
#include <lifoguard/at_once.h>
#include <lifoguard/panic.h>

#include <stdlib.h>

#include "group/member.h"

void lgi_at_once_open(struct lg_at_once *scope, lg_error **result)
{
    scope->lgi_result = result;
    scope->lgi_last = NULL;
    scope->lgi_used = 0;
}

static bool is_allocated(const struct lg_at_once *scope, const struct lgi_at_once_call *call)
{
    return call < scope->lgi_first || call > &scope->lgi_spare;
}

struct lgi_at_once_call *lgi_at_once_add(struct lg_at_once *scope)
{
    struct lgi_at_once_call *call = scope->lgi_used < LGI_SCOPE_FIRST
                                        ? &scope->lgi_first[scope->lgi_used++]
                                        : malloc(sizeof(*call));
    if (!call)
        call = &scope->lgi_spare;
    call->error = NULL;
    call->called = false;
    call->call.result = &call->error;
    return call;
}

/* ---- the calls ---- */

static void make(struct lgi_at_once_call *call)
{
    call->called = true;
    lg_error *panic = lg_call_contained(lgi_limited_run, &call->call);
    call->error = lg_error_join(panic, call->error); /* an overrun stands behind the call's own */
}

void lgi_at_once_added(struct lg_at_once *scope, struct lgi_at_once_call *call)
{
    if (call != &scope->lgi_spare) {
        call->previous = scope->lgi_last;
        scope->lgi_last = call;
        return;
    }
    make(call);
    lg_error_join_into(scope->lgi_result, call->error);
    lgi_panic(call->call.site->file, call->call.site->line,
              "out of memory for a deferred call, which was made at once");
}

static void start(lg_group *group, struct lgi_at_once_call *call)
{
    static const lg_until now = {LG_DURATION_MIN, NULL};
    const struct lgi_member member = {{.until = &now}, group, false};
    const uintptr_t word = (uintptr_t)call;
    lg_error_free(lgi_group_go_with(call->call.site, (lgi_function)make, &word, &member));
}

/* What cannot be started is made afterwards, when memory may be there again. */
static void start_all(lg_group *group, struct lgi_at_once_call *last)
{
    for (struct lgi_at_once_call *call = last; call; call = call->previous)
        start(group, call);
}

static void make_all_that_were_not_started(struct lgi_at_once_call *last)
{
    for (struct lgi_at_once_call *call = last; call; call = call->previous)
        if (!call->called)
            make(call);
}

static void free_all(struct lg_at_once *scope)
{
    struct lgi_at_once_call *call;
    while ((call = scope->lgi_last)) {
        scope->lgi_last = call->previous;
        lg_error_join_into(scope->lgi_result, call->error);
        if (is_allocated(scope, call))
            free(call);
    }
}

void lgi_at_once_run(struct lg_at_once *scope)
{
    if (!scope->lgi_last)
        return;
    lg_group group = {0};
    start_all(&group, scope->lgi_last);
    lg_group_free(&group); /* waits, and nothing interrupts it */
    make_all_that_were_not_started(scope->lgi_last);
    free_all(scope);
}
