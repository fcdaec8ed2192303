/* Random supervisors, compared after every step with a plain model of them: who runs, how often each was started, which restarts
 * there were and why, and what is said in the end. U1 to U3, U5, U6. Members do what they are told; nothing depends on time. */
#include "testing/supervisor.h"

enum { RUNS = 150, MEMBERS = 5, STEPS = 20 };

enum order { FAIL, PANIC, END, GOEXIT, ORDERS };

static uint64_t state;

static unsigned below(unsigned limit)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(state >> 33) % limit;
}

static int orders_taken;

/* ---- the members ---- */

static lg_error *obey(const lg_context *ctx, lg_chan(int) orders)
{
    int order = END;
    if (lg_chan_recv_until(orders, &order, lg_until_context(ctx)))
        return &lg_error_cancelled;
    switch (order) {
    case FAIL: return lg_error_new("told to");
    case PANIC: lg_panic("told to");
    case GOEXIT: lg_goexit();
    default: return NULL;
    }
}

/* ---- the model ---- */

struct model_member {
    char name[8];
    lg_restart_when restart;
    lg_member_state state;
    unsigned starts, restarts;
    lg_chan(int) orders;
};

static struct {
    struct model_member member[MEMBERS];
    unsigned members, limit, restarts;
    bool all, over;
    struct {
        unsigned member, count;
        lg_restart_cause cause;
    } log[STEPS];
    unsigned logged;
} model;

static void stop_all(void)
{
    for (unsigned i = 0; i < model.members; i++)
        if (model.member[i].state == LG_MEMBER_RUNNING)
            model.member[i].state = LG_MEMBER_STOPPED;
    model.over = true;
}

static void restart_all_but(unsigned self)
{
    for (unsigned i = 0; i < model.members; i++) {
        struct model_member *m = &model.member[i];
        if (i == self || m->state != LG_MEMBER_RUNNING)
            continue;
        if (m->restart == LG_RESTART_NEVER)
            m->state = LG_MEMBER_STOPPED;
        else
            m->starts++;
    }
}

static void restart(unsigned self, enum order order)
{
    struct model_member *m = &model.member[self];
    unsigned *count = model.all ? &model.restarts : &m->restarts;
    if (*count == model.limit) {
        m->state = LG_MEMBER_GAVE_UP;
        stop_all();
        return;
    }
    ++*count;
    model.log[model.logged].member = self;
    model.log[model.logged].count = *count;
    model.log[model.logged++].cause = order == PANIC  ? LG_RESTART_PANICKED
                                      : order == FAIL ? LG_RESTART_FAILED
                                                      : LG_RESTART_ENDED;
    m->starts++;
    if (model.all)
        restart_all_but(self);
}

static void tell_model(unsigned self, enum order order)
{
    struct model_member *m = &model.member[self];
    bool failed = order == FAIL || order == PANIC;
    if (m->restart == LG_RESTART_ALWAYS || (failed && m->restart == LG_RESTART_ON_FAILURE))
        restart(self, order);
    else
        m->state = failed ? LG_MEMBER_FAILED : LG_MEMBER_ENDED;
}

/* ---- comparing ---- */

static bool members_agree(lg_supervisor *s)
{
    lg_member_report report;
    for (unsigned i = 0; i < model.members; i++)
        if (!lg_supervisor_member(s, i, &report) || report.state != model.member[i].state ||
            report.starts != model.member[i].starts)
            return false;
    return true;
}

static void compare_restarts(lg_supervisor *s)
{
    ck_assert_uint_eq(lg_supervisor_restart_count(s), model.logged);
    for (unsigned i = 0; i < model.logged; i++) {
        lg_restart_report report = restart_of(s, i);
        ck_assert_str_eq(report.member, model.member[model.log[i].member].name);
        ck_assert_int_eq(report.cause, model.log[i].cause);
        ck_assert_uint_eq(report.count, model.log[i].count);
        ck_assert(report.all == model.all);
    }
}

/* What is to come has come, and nothing else has. */
static void compare(lg_supervisor *s)
{
    while (!members_agree(s))
        lg_sleep(20 * LG_MICROSECOND);
    compare_restarts(s);
}

/* ---- a run ---- */

static void add_member(lg_supervisor *s)
{
    struct model_member *m = &model.member[model.members];
    snprintf(m->name, sizeof(m->name), "m%u", model.members);
    m->restart = (lg_restart_when)below(3);
    m->state = LG_MEMBER_RUNNING;
    m->starts = 1;
    m->restarts = 0;
    m->orders = lg_chan_make(int, 0);
    const lg_member_options options = {.name = m->name, .restart = m->restart};
    expect_none(lg_supervisor_go_with(s, options, obey, m->orders));
    model.members++;
}

/* Some member that runs; MEMBERS: none does. */
static unsigned pick(void)
{
    unsigned first = below(model.members);
    for (unsigned i = 0; i < model.members; i++) {
        unsigned at = (first + i) % model.members;
        if (model.member[at].state == LG_MEMBER_RUNNING)
            return at;
    }
    return MEMBERS;
}

static void step(lg_supervisor *s)
{
    if (model.members < MEMBERS && below(6) == 0) {
        add_member(s);
    } else {
        unsigned self = pick();
        int order = (int)below(ORDERS);
        if (self == MEMBERS)
            return;
        lg_chan_send(model.member[self].orders, order);
        tell_model(self, (enum order)order);
        orders_taken++;
    }
    compare(s);
}

static void expect_end(lg_error *error)
{
    char expected[128] = "no error", text[256];
    for (unsigned i = 0; i < model.members; i++)
        if (model.member[i].state == LG_MEMBER_GAVE_UP)
            snprintf(expected, sizeof(expected), "test: m%u gave up after %u restart%s in ", i,
                     model.limit, model.limit == 1 ? "" : "s");
    lg_error_format(error, text, sizeof(text));
    ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0, "%s, not %s", text, expected);
    lg_error_free(error);
}

static void run(uint64_t seed)
{
    memset(&model, 0, sizeof(model));
    state = seed * 0x9e3779b97f4a7c15U;
    model.all = below(2) == 0;
    model.limit = 1 + below(4);
    lg_auto_context lg_context *caller = lg_context_with_cancel(lg_context_background());
    lg_supervisor_options options = at_once((int)model.limit);
    options.all_for_one = model.all;
    lg_supervisor *s = make(caller, options);
    for (unsigned i = 1 + below(MEMBERS - 1); i > 0; i--)
        add_member(s);
    for (unsigned i = 0; i < STEPS && !model.over; i++)
        step(s);
    lg_context_cancel(caller);
    if (!model.over)
        stop_all();
    expect_end(lg_supervisor_wait(s));
    ck_assert(members_agree(s));
    compare_restarts(s);
    lg_supervisor_close(s, NULL);
    for (unsigned i = 0; i < model.members; i++)
        lg_chan_unref(model.member[i].orders);
}

START_TEST(u1_u2_u3_random_supervisors_do_what_the_model_does)
{
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        ck_assert_ptr_null(lg_set_workers(workers));
        for (uint64_t seed = 1; seed <= RUNS; seed++)
            run(seed * 10 + workers);
    }
    ck_assert_int_gt(orders_taken, RUNS * 3);
}
END_TEST

RUN_TESTS("supervisor-model", u1_u2_u3_random_supervisors_do_what_the_model_does)
