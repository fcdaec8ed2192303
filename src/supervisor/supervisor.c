/* Making supervisors and members, and waiting for them. */
#include <lifoguard/panic.h>

#include <stdlib.h>
#include <string.h>

#include "context/context.h"
#include "group/member.h"
#include "supervisor/internal.h"

LG_ERROR_DEFINE(lg_error_supervisor_ended, "the supervisor is ending or has ended");

enum { REMEMBERED = 32 }; /* restarts, where any number is allowed: so often the wait is doubled */

/* ---- making ---- */

static lg_supervisor_options without_zeros(const lg_supervisor_options *given)
{
    lg_supervisor_options options = given ? *given : (lg_supervisor_options){0};
    if (options.restarts == 0)
        options.restarts = 5;
    if (options.within <= 0)
        options.within = LG_MINUTE;
    if (options.backoff == 0)
        options.backoff = 100 * LG_MILLISECOND;
    if (options.backoff_max == 0)
        options.backoff_max = 30 * LG_SECOND;
    if (options.backoff_max < 0) /* no wait is as short */
        options.backoff = -1;
    return options;
}

static bool make_restarts(struct lgi_restarts *restarts, const lg_supervisor *s)
{
    restarts->size = s->options.restarts >= 0 ? (unsigned)s->options.restarts : REMEMBERED;
    restarts->times = calloc(restarts->size, sizeof(*restarts->times));
    return restarts->times != NULL;
}

/* At most `size` - 1 bytes of the first `length`. */
static void copy_name(char *to, size_t size, const char *name, size_t length)
{
    if (length >= size)
        length = size - 1;
    memcpy(to, name, length);
    to[length] = '\0';
}

static void free_supervisor(lg_supervisor *s)
{
    lg_context_free(s->ctx);
    free(s->restarts.times);
    free(s);
}

static bool fill(lg_supervisor *s, struct lg_context *parent, const lg_supervisor_options *options)
{
    s->options = without_zeros(options);
    const char *name = s->options.name ? s->options.name : "supervisor";
    copy_name(s->name, sizeof(s->name), name, strlen(name));
    s->end = &s->first;
    s->ended_end = &s->ended;
    s->made = lg_now();
    s->random = ((uint64_t)s->made ^ (uintptr_t)s) | 1;
    s->ctx = lgi_context_child(parent);
    return s->ctx && make_restarts(&s->restarts, s);
}

lg_error *lg_supervisor_new(lg_supervisor **supervisor, const lg_context *parent,
                            const lg_supervisor_options *options)
{
    const lg_until now = lg_until_now();
    struct lg_context *up = lgi_context_of(parent, "lg_supervisor_new");
    *supervisor = NULL;
    lg_supervisor *s = calloc(1, sizeof(*s));
    if (!s)
        return &lg_error_out_of_memory;
    lg_error *error = &lg_error_out_of_memory;
    if (fill(s, up, options))
        error = lg_group_go_with(&s->group, ((lg_go_options){.name = "supervisor", .until = &now}),
                                 lgi_supervisor_control, s);
    if (error)
        free_supervisor(s);
    else
        *supervisor = s;
    return error;
}

/* ---- members ---- */

static void free_member(struct lgi_supervised_member *m)
{
    free(m->restarts.times);
    free(m);
}

static struct lgi_supervised_member *make_member(lg_supervisor *s, const struct lgi_site *site,
                                                 const uintptr_t *words,
                                                 const struct lgi_supervised *given)
{
    struct lgi_supervised_member *m = calloc(1, sizeof(*m));
    if (!m || !make_restarts(&m->restarts, s)) {
        free(m);
        return NULL;
    }
    const char *name = given->options.name;
    copy_name(m->name, sizeof(m->name), name ? name : site->text,
              name ? strlen(name) : strcspn(site->text, ", \t\n"));
    m->supervisor = s;
    m->site = site;
    m->function = given->function;
    m->count = given->count + 1;
    memcpy(m->word + 1, words, given->count * sizeof(*words));
    m->reports = given->reports;
    m->restart = given->options.restart;
    m->options = (lg_go_options){.stack_size = given->options.stack_size,
                                 .thread = given->options.thread,
                                 .spread = given->options.spread};
    return m;
}

static void append(lg_supervisor *s, struct lgi_supervised_member *m)
{
    *s->end = m;
    s->end = &m->next;
}

void lgi_supervised_remove_and_free(lg_supervisor *s, struct lgi_supervised_member *m)
{
    struct lgi_supervised_member **at = &s->first;
    while (*at != m)
        at = &(*at)->next;
    *at = m->next;
    if (!m->next)
        s->end = at;
    free_member(m);
}

/* All for one: a member that will be started again with all, or NULL. */
static const struct lgi_supervised_member *waiting_for_all(const lg_supervisor *s)
{
    const struct lgi_supervised_member *m = s->options.all_for_one ? s->first : NULL;
    while (m && m->state != LG_MEMBER_WAITING && !m->for_all)
        m = m->next;
    return m;
}

static bool is_ending(lg_supervisor *s)
{
    return s->stopping || lg_context_error(s->ctx);
}

/* All for one: a member that is added before the others are started again is started with them. */
static lg_error *begin(struct lgi_supervised_member *m, const struct lgi_supervised_member *with)
{
    if (!with)
        return lgi_supervised_start(m);
    m->state = LG_MEMBER_WAITING;
    m->due = with->due;
    return NULL;
}

static lg_error *add(lg_supervisor *s, struct lgi_supervised_member *m)
{
    lg_error *error = is_ending(s) ? &lg_error_supervisor_ended : begin(m, waiting_for_all(s));
    if (error)
        free_member(m);
    else
        append(s, m);
    return error;
}

static void check(const struct lgi_site *site, const struct lgi_supervised *given)
{
    const lg_go_options options = {.stack_size = given->options.stack_size};
    const char *wrong = lgi_task_misuse(given->function, &options);
    if (wrong)
        lgi_panic(site->file, site->line, "%s", wrong);
}

lg_error *lgi_supervisor_go(lg_supervisor *supervisor, const struct lgi_site *site,
                            const uintptr_t *words, const struct lgi_supervised *member)
{
    check(site, member);
    struct lgi_supervised_member *m = make_member(supervisor, site, words, member);
    if (!m)
        return &lg_error_out_of_memory;
    lgi_own_mutex_lock(&supervisor->lock);
    lg_error *error = add(supervisor, m);
    lgi_own_mutex_unlock(&supervisor->lock);
    return error;
}

/* ---- starting until ready ---- */

static void give_up(void *data)
{
    struct lgi_supervised_member *m = data;
    lgi_own_mutex_lock(&m->supervisor->lock);
    lgi_supervised_cancel(m);
    lgi_own_mutex_unlock(&m->supervisor->lock);
}

static lg_error *add_starting(lg_supervisor *s, struct lgi_supervised_member *m)
{
    lgi_own_mutex_lock(&s->lock);
    bool ending = is_ending(s);
    m->starting = true;
    m->starts = 1;
    if (!ending)
        append(s, m);
    lgi_own_mutex_unlock(&s->lock);
    if (!ending)
        return NULL;
    free_member(m);
    return &lg_error_supervisor_ended;
}

/* lg_exit may end the caller here; then nothing is freed any more. */
static lg_error *start_until_ready(lg_supervisor *s, struct lgi_supervised_member *m,
                                   const lg_until *until)
{
    const uintptr_t word = (uintptr_t)m;
    struct lgi_member member = {m->options, &s->group, true};
    struct lgi_starting starting = {.give_up = give_up, .data = m};
    member.options.until = until;
    return lgi_start_member(m->site, (lgi_function)lgi_supervised_run, &word, &member, &starting);
}

lg_error *lgi_supervisor_start(lg_supervisor *supervisor, const struct lgi_site *site,
                               const uintptr_t *words, const struct lgi_supervised *member)
{
    lg_supervisor *s = supervisor;
    check(site, member);
    struct lgi_supervised_member *m = make_member(s, site, words, member);
    lg_error *error = m ? add_starting(s, m) : &lg_error_out_of_memory;
    if (error)
        return error;
    error = start_until_ready(s, m, member->options.until);
    lgi_own_mutex_lock(&s->lock);
    m->starting = false;
    if (error)
        lgi_supervised_remove_and_free(s, m);
    lg_cond_broadcast(&s->changed);
    lgi_own_mutex_unlock(&s->lock);
    return error;
}

/* ---- waiting ---- */

static void add_waits(lg_supervisor *s, int count)
{
    lgi_own_mutex_lock(&s->lock);
    s->waits += (size_t)count;
    lg_cond_broadcast(&s->changed);
    lgi_own_mutex_unlock(&s->lock);
}

lg_error *lg_supervisor_wait_until(lg_supervisor *supervisor, lg_until until)
{
    lg_func (lg_error *, err) {
        add_waits(supervisor, 1);
        lg_defer(add_waits, supervisor, -1);
        lg_return(lg_group_wait_until(&supervisor->group, until));
    }
}

lg_error *lg_supervisor_wait(lg_supervisor *supervisor)
{
    lg_func (lg_error *, err) {
        add_waits(supervisor, 1);
        lg_defer(add_waits, supervisor, -1);
        lg_return(lg_group_wait(&supervisor->group));
    }
}

void lg_supervisor_close(lg_supervisor *supervisor, lg_error **result)
{
    lg_supervisor *s = supervisor;
    if (!s)
        return;
    lg_context_cancel(s->ctx);
    lg_error *error = lg_group_wait(&s->group);
    if (error != &lg_error_group_failed)
        lg_error_join_into(result, error);
    lg_group_free(&s->group);
    while (s->first) {
        struct lgi_supervised_member *m = s->first;
        s->first = m->next;
        free_member(m);
    }
    free_supervisor(s);
}
