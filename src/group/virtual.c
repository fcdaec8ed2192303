/* Tests in virtual time: what the goroutine that runs such a test does meanwhile. The bubble itself is in sched/bubble.c. */
#include <lifoguard/testing.h>

#include <stdio.h>
#include <stdlib.h>

#include <lifoguard/go.h>
#include <lifoguard/panic.h>

#include "group/testing.h"
#include "report/print.h"
#include "report/report.h"
#include "sched/bubble.h"
#include "sched/identity.h"

lg_duration lgi_standstill_patience = 10 * LG_SECOND;

/* In memory of its own, since goroutines that cannot be ended may still use it after the test. */
struct virtual_test {
    lg_test test;
    struct lgi_bubble *bubble;
    char name[64];
};

/* ---- in the bubble ---- */

static void call(lg_test *t)
{
    lg_error *panic = lg_call_contained(lgi_test_call, t);
    if (panic)
        lgi_test_error(t, panic);
}

/* The first goroutine of the bubble. */
static void run(struct virtual_test *v)
{
    lg_defer(lgi_bubble_halt, v->bubble);
    call(&v->test);
}

static bool start(struct virtual_test *v)
{
    static const struct lgi_site site = {(lgi_function)run, "run",     __FILE__, __func__,
                                         __LINE__,          LGI_ENTRY, 1,        0};
    const uintptr_t word = (uintptr_t)v;
    struct lgi_task *task = lgi_task_new(&site, (lgi_function)run, &word);
    if (!task)
        return false;
    lgi_bubble_adopt(task, v->bubble);
    task->name = v->name;
    bool started = lgi_task_enqueue(task);
    if (!started)
        lgi_task_free(task);
    return started;
}

/* ---- reports ---- */

enum { SHOWN = 100 };

/* What is said of goroutines that are in one of two states; filled under the bubble's lock. */
struct list {
    enum lgi_member_state state;
    size_t count;
    char (*line)[256]; /* of the first few; NULL: out of memory */
};

static void add(const struct lgi_g *g, enum lgi_member_state state, void *data)
{
    struct list *list = data;
    if (state != list->state)
        return;
    if (list->line && list->count < SHOWN) {
        char *line = list->line[list->count];
        size_t size = sizeof(list->line[0]), length = lgi_g_describe(g, line, size);
        if (length < size)
            snprintf(line + length, size - length, ", waits for %s", lgi_waits_for(g));
    }
    list->count++;
}

/* The caller frees list.line. */
static struct list list_members(struct lgi_bubble *bubble, enum lgi_member_state state)
{
    struct list list = {.state = state, .line = calloc(SHOWN, sizeof(list.line[0]))};
    lgi_bubble_visit(bubble, add, &list);
    return list;
}

static lg_error *name_those_blocked(struct lgi_bubble *bubble, lg_error *error)
{
    struct list list = list_members(bubble, LGI_MEMBER_BLOCKED);
    for (size_t i = 0; list.line && i < list.count && i < SHOWN; i++)
        error = lg_error_join(error, lg_error_newf("blocked: %s", list.line[i]));
    if (list.count > SHOWN)
        error = lg_error_join(error, lg_error_newf("and %zu more", list.count - SHOWN));
    free(list.line);
    return error;
}

static lg_error *describe_stuck(struct lgi_bubble *bubble, bool after_end)
{
    char passed[LG_DURATION_TEXT_SIZE];
    lg_duration_format(bubble->blocked_at - LGI_BUBBLE_BEGINS, passed, sizeof(passed));
    lg_error *error = after_end
                          ? lg_error_newf("goroutines are left, %s after the test began", passed)
                          : lg_error_newf("deadlock, %s after the test began: all goroutines are "
                                          "blocked, and no timer is left",
                                          passed);
    return name_those_blocked(bubble, error);
}

/* Returns whether there was something to be noted. */
static bool note_standstill(const struct virtual_test *v)
{
    struct list list = list_members(v->bubble, LGI_MEMBER_OUTSIDE);
    if (list.count > 0)
        lgi_print(
            &lgi_to_stderr,
            "lifoguard: the time of the test %s stands still, since these goroutines wait for "
            "something outside of the test:\n",
            v->name);
    for (size_t i = 0; list.line && i < list.count && i < SHOWN; i++)
        lgi_print(&lgi_to_stderr, "    %s\n", list.line[i]);
    free(list.line);
    return list.count > 0;
}

/* ---- around the bubble ---- */

static enum lgi_bubble_state await_noting(const struct virtual_test *v)
{
    enum lgi_bubble_state state;
    do
        state = lgi_bubble_await(v->bubble, lgi_time_in(lgi_standstill_patience));
    while (state == LGI_BUBBLE_RUNS && !note_standstill(v));
    return state == LGI_BUBBLE_RUNS ? lgi_bubble_await(v->bubble, LG_TIME_MAX) : state;
}

/* Ends the goroutines that are blocked. False: not all of them can be ended. */
static bool end_those_blocked(struct lgi_bubble *bubble)
{
    enum lgi_bubble_state state = LGI_BUBBLE_STUCK;
    lgi_bubble_resume(bubble); /* for what is deferred */
    while (state == LGI_BUBBLE_STUCK && lgi_bubble_stop(bubble) > 0)
        state = lgi_bubble_await(bubble, LG_TIME_MAX);
    return state == LGI_BUBBLE_ENDED;
}

static void release(struct virtual_test *v)
{
    lgi_bubble_free(v->bubble);
    free(v);
}

static lg_error *finish(struct virtual_test *v)
{
    if (await_noting(v) == LGI_BUBBLE_STUCK) {
        lg_error *stuck = describe_stuck(v->bubble,
                                         __atomic_load_n(&v->bubble->halted, __ATOMIC_RELAXED));
        bool ended = end_those_blocked(v->bubble);
        lgi_test_error(&v->test, stuck);
        if (!ended) {
            lg_error *left = lg_error_new("these goroutines cannot be ended, and stay for ever");
            lgi_test_error(&v->test, name_those_blocked(v->bubble, left));
            return v->test.failures;
        }
    }
    lg_error *failures = v->test.failures;
    release(v);
    return failures;
}

static struct virtual_test *make(const char *name, void (*test)(lg_test *t, void *data), void *data)
{
    struct virtual_test *v = calloc(1, sizeof(*v));
    if (!v)
        return NULL;
    v->test.test = test;
    v->test.data = data;
    snprintf(v->name, sizeof(v->name), "%s", name);
    v->bubble = lgi_bubble_new();
    if (v->bubble && start(v))
        return v;
    if (v->bubble)
        lgi_bubble_free(v->bubble);
    free(v);
    return NULL;
}

lg_error *lg_test_run_virtual(const char *name, void (*test)(lg_test *t, void *data), void *data)
{
    if (lg_test_is_virtual())
        lg_panic("lg_test_run_virtual in a test in virtual time");
    struct virtual_test *v = make(name, test, data);
    if (!v)
        lg_panic("lg_test_run_virtual: out of memory or threads");
    return lg_error_wrap(finish(v), "%s", name);
}

bool lg_test_is_virtual(void)
{
    return lgi_bubble_of_caller() != NULL;
}

void lg_test_wait(void)
{
    struct lgi_bubble *bubble = lgi_bubble_of_caller();
    if (!bubble)
        lg_panic("lg_test_wait outside of a test in virtual time");
    if (!lgi_bubble_wait(bubble))
        lg_panic("lg_test_wait, while another goroutine of the test is in lg_test_wait");
}
