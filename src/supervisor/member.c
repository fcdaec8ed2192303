/* One start of a member, in its goroutine. */
#include <lifoguard/panic.h>

#include "defer/call.h"
#include "group/member.h"
#include "supervisor/internal.h"

static lg_error *make_call(struct lgi_supervised_member *m)
{
    if (m->reports)
        return lgi_make_call_reporting(m->function, m->word, m->count);
    lgi_make_call(m->function, m->word, m->count);
    return NULL;
}

/* Out of memory, making the context panics: the start has failed, as any other. */
static lg_error *call(struct lgi_supervised_member *m)
{
    lg_supervisor *s = m->supervisor;
    lg_context *ctx = lg_context_with_cancel(s->ctx);
    lgi_own_mutex_lock(&s->lock);
    m->ctx = ctx;
    m->word[0] = (uintptr_t)ctx;
    bool cancelled = m->cancelled;
    lgi_own_mutex_unlock(&s->lock);
    if (cancelled)
        lg_context_cancel(ctx);
    return make_call(m);
}

/* Of a member that its starter still waits for. */
static bool was_never_ready(void)
{
    const struct lgi_task *task = lgi_self()->start;
    const struct lgi_started *started = lgi_member_started(task);
    return started && started->starting;
}

/* However the goroutine is left. */
static void leave(struct lgi_supervised_member *m, lg_error **error)
{
    lg_supervisor *s = m->supervisor;
    lgi_own_mutex_lock(&s->lock);
    lg_context *ctx = m->ctx;
    m->ctx = NULL;
    if (!was_never_ready()) {
        lgi_supervised_ended(m, *error);
        *error = NULL;
    }
    lgi_own_mutex_unlock(&s->lock);
    lg_context_free(ctx);
}

lg_error *lgi_supervised_run(struct lgi_supervised_member *m)
{
    lg_func (lg_error *, err) {
        lg_defer(leave, m, &err);
        err = lg_call_contained(call, m);
    }
}

void lgi_supervised_ended(struct lgi_supervised_member *m, lg_error *error)
{
    lg_supervisor *s = m->supervisor;
    m->error = error;
    m->next_end = NULL;
    *s->ended_end = m;
    s->ended_end = &m->next_end;
    lg_cond_broadcast(&s->changed);
}

void lgi_supervised_cancel(struct lgi_supervised_member *m)
{
    m->cancelled = true;
    if (m->ctx)
        lg_context_cancel(m->ctx);
}

lg_error *lgi_supervised_start(struct lgi_supervised_member *m)
{
    static const lg_until now = {LG_DURATION_MIN, NULL};
    const uintptr_t word = (uintptr_t)m;
    struct lgi_member member = {m->options, &m->supervisor->group, true};
    member.options.until = &now;
    m->state = LG_MEMBER_RUNNING;
    m->cancelled = m->for_all = false;
    m->starts++;
    return lgi_group_go_with(m->site, (lgi_function)lgi_supervised_run, &word, &member);
}
