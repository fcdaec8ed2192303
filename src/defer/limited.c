/* Deferred calls with a limit. */
#include <lifoguard/limit.h>

#include <pthread.h>

#include "defer/call.h"
#include "defer/pending.h"
#include "defer/thread.h"
#include "error/list.h"

LG_ERROR_DEFINE_ERRNO(lg_error_overrun, ETIMEDOUT, "a cleanup overran its limit");

/* ---- those that run now ---- */

struct running {
    const struct lgi_limited *call;
    lg_time began;
    lg_error *error;
    bool listed;
    struct lgi_link link; /* in `all` */
};

static struct {
    pthread_mutex_t lock;
    struct lgi_list list;
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct running *running_of(struct lgi_link *link)
{
    return LGI_HOLDER(link, struct running, link);
}

/* In the child, only the call that has forked goes on, if one has. */
void lgi_limited_forked(void)
{
    pthread_mutex_init(&all.lock, NULL);
    for (struct lgi_link *at = all.list.first; at; at = at->next)
        running_of(at)->listed = false;
    all.list = (struct lgi_list){NULL, NULL};
}

static void add_running(struct running *running)
{
    pthread_mutex_lock(&all.lock);
    lgi_list_add(&all.list, &running->link);
    running->listed = true;
    pthread_mutex_unlock(&all.lock);
}

static void remove_running(struct running *running)
{
    pthread_mutex_lock(&all.lock);
    if (running->listed)
        lgi_list_remove(&all.list, &running->link);
    pthread_mutex_unlock(&all.lock);
}

static bool show(const struct running *running, lg_duration took,
                 bool (*visit)(const lg_overrun *overrun, void *data), void *data)
{
    const struct lgi_limited *call = running->call;
    char text[256];
    lgi_call_text(call->site, text, sizeof(text));
    const lg_overrun overrun = {text, call->site->file, call->site->line, took, call->limit};
    return visit(&overrun, data);
}

size_t lg_overrun_visit(bool (*visit)(const lg_overrun *overrun, void *data), void *data)
{
    size_t count = 0;
    bool goes_on = true;
    lg_time now = lg_now();
    pthread_mutex_lock(&all.lock);
    for (struct lgi_link *at = all.list.first; at && goes_on; at = at->next) {
        const struct running *running = running_of(at);
        if (now - running->began <= running->call->limit)
            continue;
        goes_on = show(running, now - running->began, visit, data);
        count++;
    }
    pthread_mutex_unlock(&all.lock);
    return count;
}

/* ---- one call ---- */

static lg_error *overrun_error(const struct lgi_limited *call, lg_duration took)
{
    char text[256], time[LG_DURATION_TEXT_SIZE], limit[LG_DURATION_TEXT_SIZE];
    lgi_call_text(call->site, text, sizeof(text));
    lg_duration_format(lg_duration_round(took, LG_MICROSECOND), time, sizeof(time));
    lg_duration_format(call->limit, limit, sizeof(limit));
    return lgi_error_wrap(call->site->file, (int)call->site->line, &lg_error_overrun,
                          "%s took %s, limit %s", text, time, limit);
}

/* For the report of a panic that is under way (P10: it needs no memory). */
static void tell_panic(const struct lgi_limited *call, lg_duration took)
{
    const struct lgi_unwinding *u = lgi_thread.unwinding;
    lg_panic_info *panic = u ? u->panic : NULL;
    if (panic)
        panic->overran[panic->overran_count++ % LGI_OVERRAN] =
            (struct lgi_overrun){call->site, took, call->limit};
}

static void note_overrun(const struct lgi_limited *call, lg_duration took)
{
    tell_panic(call, took);
    lg_error_join_into(call->result, overrun_error(call, took));
}

/* However the call is left. */
static void ended(struct running *running)
{
    const struct lgi_limited *call = running->call;
    lg_duration took = lg_now() - running->began;
    if (call->limit != 0)
        remove_running(running);
    if (running->error)
        lg_error_join_into(call->result, running->error);
    if (call->limit != 0 && took > call->limit)
        note_overrun(call, took);
}

void lgi_limited_run(const struct lgi_limited *call)
{
    struct running running __attribute__((cleanup(ended))) = {.call = call, .began = lg_now()};
    if (call->limit != 0)
        add_running(&running);
    if (!call->function)
        lgi_null_function(call->site);
    if (call->count > sizeof(call->word) / sizeof(call->word[0]))
        __builtin_unreachable(); /* gcc -O3 warns of a fifth argument, which other calls may have */
    if (call->reports)
        running.error = lgi_make_call_reporting(call->function, call->word, call->count);
    else
        lgi_make_call(call->function, call->word, call->count);
}

void lgi_limited_run_in(lg_duration limit, lg_error **result, const struct lgi_limited_in *call,
                        uintptr_t argument)
{
    const struct lgi_limited limited = {call->site,  call->function, limit,     result,
                                        call->count, call->reports,  {argument}};
    lgi_limited_run(&limited);
}
