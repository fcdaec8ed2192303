/* Adding stages, and starting what they stop. */
#include <lifoguard/defer.h>
#include <lifoguard/panic.h>

#include <stdlib.h>
#include <string.h>

#include "shutdown/internal.h"

static size_t strings_size(const lg_stage *stage, size_t *names)
{
    size_t size = strlen(stage->name) + 1;
    *names = 0;
    if (!stage->needs)
        return size;
    for (; stage->needs[*names]; ++*names)
        size += strlen(stage->needs[*names]) + 1;
    return size;
}

static char *copy_string(char **at, const char *text)
{
    char *copy = *at;
    size_t size = strlen(text) + 1;
    memcpy(copy, text, size);
    *at += size;
    return copy;
}

/* A negative limit is a time that is over: the shortest limit, and not none. */
static lg_duration limit_of(const lg_stage *stage)
{
    return stage->limit < 0 ? LG_NANOSECOND : stage->limit;
}

/* NULL: out of memory. */
static struct lgi_stage *new_stage(lg_shutdown *s, const lg_stage *stage)
{
    size_t names, size = strings_size(stage, &names);
    struct lgi_stage *new = malloc(sizeof(*new) + (names + 1) * sizeof(new->names[0]) + size);
    if (!new)
        return NULL;
    *new = (struct lgi_stage){
        .owner = s, .stop = stage->stop, .argument = stage->argument, .limit = limit_of(stage)};
    char *at = (char *)&new->names[names + 1];
    new->name = copy_string(&at, stage->name);
    for (size_t i = 0; i < names; i++)
        new->names[i] = copy_string(&at, stage->needs[i]);
    new->names[names] = NULL;
    if (stage->needs)
        new->needs = new->names;
    return new;
}

/* Could it be added? Under the lock. */
static lg_error *check(lg_shutdown *s, const lg_stage *stage)
{
    char cycle[512];
    if (!lgi_order_reserve(&s->order, s->starting + 1))
        return &lg_error_out_of_memory;
    lgi_order_add(&s->order, NULL, stage->name, stage->needs, limit_of(stage));
    size_t length = lgi_order_cycle(&s->order, cycle, sizeof(cycle));
    lgi_order_drop_last(&s->order);
    return length > 0 ? lg_error_newf("a cycle: %s", cycle) : NULL;
}

/* Adds it, or returns why not. Under the lock. */
static lg_error *add(lg_shutdown *s, struct lgi_stage *new, const lg_stage *stage)
{
    if (s->phase >= LGI_PHASE_STOPPING)
        return &lg_error_shutting_down;
    lg_error *error = check(s, stage);
    if (!error)
        lgi_order_add(&s->order, new, new->name, new->needs, new->limit);
    return error;
}

static void check_use(const lg_shutdown *s, const lg_stage *stage)
{
    if (!s || !stage || !stage->name || !stage->stop)
        lg_panic("a stage of a shutdown needs a name and a stop");
}

lg_error *lg_shutdown_add(lg_shutdown *s, const lg_stage *stage)
{
    check_use(s, stage);
    lg_error *error = &lg_error_out_of_memory;
    struct lgi_stage *new = new_stage(s, stage);
    if (new) {
        pthread_mutex_lock(&s->lock);
        error = add(s, new, stage);
        pthread_mutex_unlock(&s->lock);
    }
    if (!error)
        return NULL;
    free(new);
    error = lg_error_wrap(error, "stage %s", stage->name);
    return lg_error_join(error, lgi_stage_stop_here(s, stage));
}

struct starting {
    lg_shutdown *s;
    struct lgi_stage *new;
};

static void end_start(struct starting *starting)
{
    pthread_mutex_lock(&starting->s->lock);
    starting->s->starting--;
    pthread_mutex_unlock(&starting->s->lock);
    free(starting->new);
}

lg_error *lg_shutdown_start(lg_shutdown *s, const lg_stage *stage)
{
    check_use(s, stage);
    lg_func (lg_error *, err) {
        struct starting starting = {s, new_stage(s, stage)};
        if (!starting.new)
            lg_return(lg_error_wrap(&lg_error_out_of_memory, "start %s", stage->name));
        pthread_mutex_lock(&s->lock);
        err = s->phase != LGI_PHASE_UP || s->request_wanted || s->stop_wanted
                  ? &lg_error_shutting_down
                  : check(s, stage);
        s->starting++;
        pthread_mutex_unlock(&s->lock);
        lg_defer(end_start, &starting);
        if (!err && stage->start)
            err = stage->start(stage->argument, s->context);
        if (err)
            lg_return(lg_error_wrap(err, "start %s", stage->name));

        pthread_mutex_lock(&s->lock);
        err = add(s, starting.new, stage);
        if (!err)
            starting.new = NULL;
        pthread_mutex_unlock(&s->lock);
        if (err) {
            err = lg_error_wrap(err, "stage %s", stage->name);
            err = lg_error_join(err, lgi_stage_stop_here(s, stage));
        }
        lg_return(err);
    }
}
