/* Random programs in virtual time, compared with a simulation (V1, V3, V5): a queue of events, in the order of their times. A
 * program is a tree of goroutines, each with a list of steps. What several goroutines do at the same time does not depend on
 * the order: each channel has one sender and one receiver, and times are so fine that nothing else meets by chance. */
#include "testing/virtual.h"

enum { GOROUTINES = 12, STEPS = 12, CHANNELS = 6, TICKS = 3 };

enum kind {
    SLEEP,      /* for `time` */
    START,      /* the goroutine `value` */
    SEND,       /* to the channel `value` */
    RECEIVE,    /* from the channel `value` */
    RECEIVE_IN, /* from the channel `value`, or gives up after `time` */
    TICK,       /* waits for `value` ticks of a ticker with the period `time` */
    AFTER,      /* a timer starts the goroutine `value` after `time` */
    CONTEXT,    /* waits for a context with the timeout `time` */
    KINDS
};

struct step {
    enum kind kind;
    int value;
    lg_duration time;
};

struct program {
    struct step step[GOROUTINES][STEPS];
    int count[GOROUTINES];
};

/* When each step ended, from the start; -1: never. And whether a value went through a channel. */
struct history {
    lg_duration ended[GOROUTINES][STEPS];
    bool got[GOROUTINES][STEPS];
    bool deadlock;
};

/* ---- making programs ---- */

static uint64_t state;

static int below(int limit)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (int)((state >> 33) % (uint64_t)limit);
}

static lg_duration some_time(void)
{
    return 1 + (lg_duration)below(1000000) * 1000000 + below(1000000);
}

/* Which goroutine is at which end of a channel; -1: none yet. */
struct ends {
    int sender[CHANNELS], receiver[CHANNELS];
};

static bool take_end(int *end, const int *other, int goroutine)
{
    if ((*end >= 0 && *end != goroutine) || *other == goroutine)
        return false;
    *end = goroutine;
    return true;
}

static bool may_be(enum kind kind, int channel, int goroutine, int next, struct ends *ends)
{
    int *sender = &ends->sender[channel], *receiver = &ends->receiver[channel];
    switch (kind) {
    case START:
    case AFTER: return next < GOROUTINES;
    case SEND: return take_end(sender, receiver, goroutine);
    case RECEIVE:
    case RECEIVE_IN: return take_end(receiver, sender, goroutine);
    default: return true;
    }
}

/* Waits without a limit are rare: most of those end in a deadlock. */
static enum kind random_kind(void)
{
    enum kind kind = (enum kind)below(KINDS);
    if ((kind == SEND || kind == RECEIVE) && below(4) > 0)
        return RECEIVE_IN;
    return kind;
}

static struct step random_step(int goroutine, int *next, struct ends *ends)
{
    int channel = below(CHANNELS);
    struct step step = {random_kind(), channel, some_time()};
    if (!may_be(step.kind, channel, goroutine, *next, ends))
        step.kind = SLEEP;
    if (step.kind == START || step.kind == AFTER)
        step.value = (*next)++;
    else if (step.kind == TICK)
        step.value = 1 + below(TICKS);
    return step;
}

static void make_program(struct program *program, int seed)
{
    int next = 1;
    struct ends ends;
    state = (uint64_t)seed;
    memset(&ends, -1, sizeof(ends));
    for (int g = 0; g < GOROUTINES; g++) {
        program->count[g] = 1 + below(STEPS);
        for (int i = 0; i < program->count[g]; i++)
            program->step[g][i] = random_step(g, &next, &ends);
    }
}

/* ---- the simulation ---- */

enum wait { NOT_STARTED, TIMED, WAITS_TO_SEND, WAITS_TO_RECEIVE, ENDED };

struct simulated {
    enum wait wait;
    int at;       /* the step */
    lg_time due;  /* LG_TIME_MAX: never */
    lg_time born; /* when it starts; LG_TIME_MAX: it has, or nobody starts it */
};

struct simulation {
    const struct program *program;
    struct history *history;
    struct simulated g[GOROUTINES];
    lg_time now;
};

static void run_from(struct simulation *s, int g);

static void end_step(struct simulation *s, int g, bool got)
{
    s->history->ended[g][s->g[g].at] = s->now;
    s->history->got[g][s->g[g].at] = got;
    s->g[g].at++;
    s->g[g].due = LG_TIME_MAX;
    run_from(s, g);
}

/* Who waits at the other end of the channel; -1: nobody does. */
static int partner(const struct simulation *s, enum wait wait, int channel)
{
    for (int g = 0; g < GOROUTINES; g++)
        if (s->g[g].wait == wait && s->program->step[g][s->g[g].at].value == channel)
            return g;
    return -1;
}

static void begin_wait(struct simulation *s, int g, enum wait wait, lg_time due)
{
    s->g[g].wait = wait;
    s->g[g].due = due;
}

static void meet(struct simulation *s, int g, const struct step *step)
{
    bool sends = step->kind == SEND;
    int other = partner(s, sends ? WAITS_TO_RECEIVE : WAITS_TO_SEND, step->value);
    if (other < 0) {
        begin_wait(s, g, sends ? WAITS_TO_SEND : WAITS_TO_RECEIVE,
                   step->kind == RECEIVE_IN ? s->now + step->time : LG_TIME_MAX);
        return;
    }
    end_step(s, other, true);
    end_step(s, g, true);
}

static void run_from(struct simulation *s, int g)
{
    struct simulated *self = &s->g[g];
    if (self->at == s->program->count[g]) {
        begin_wait(s, g, ENDED, LG_TIME_MAX);
        return;
    }
    const struct step *step = &s->program->step[g][self->at];
    self->wait = TIMED;
    switch (step->kind) {
    case SLEEP:
    case CONTEXT: self->due = s->now + step->time; return;
    case TICK: self->due = s->now + step->value * step->time; return;
    case SEND:
    case RECEIVE:
    case RECEIVE_IN: meet(s, g, step); return;
    case START: s->g[step->value].born = s->now; break;
    default: s->g[step->value].born = s->now + step->time; break;
    }
    end_step(s, g, false);
}

/* The goroutine whose event comes next. */
static int next_of(const struct simulation *s, lg_time *when)
{
    int next = 0;
    *when = LG_TIME_MAX;
    for (int g = 0; g < GOROUTINES; g++) {
        lg_time due = s->g[g].wait == NOT_STARTED ? s->g[g].born : s->g[g].due;
        if (due < *when) {
            *when = due;
            next = g;
        }
    }
    return next;
}

static void simulate(const struct program *program, struct history *history)
{
    struct simulation s = {.program = program, .history = history};
    memset(history->ended, -1, sizeof(history->ended));
    for (int g = 0; g < GOROUTINES; g++)
        s.g[g] = (struct simulated){.due = LG_TIME_MAX, .born = g == 0 ? 0 : LG_TIME_MAX};
    lg_time when;
    for (int g; g = next_of(&s, &when), when != LG_TIME_MAX;) {
        s.now = when;
        if (s.g[g].wait == NOT_STARTED)
            run_from(&s, g);
        else
            end_step(&s, g, false);
    }
    for (int g = 0; g < GOROUTINES; g++)
        history->deadlock |= s.g[g].wait == WAITS_TO_SEND || s.g[g].wait == WAITS_TO_RECEIVE;
}

/* ---- the real thing ---- */

struct run {
    const struct program *program;
    struct history history;
    lg_chan(int) channel[CHANNELS];
    lg_timer *timer[GOROUTINES]; /* that starts it */
    lg_waitgroup all;
    lg_time start;
    bool threads; /* some goroutines have one of their own */
};

static void perform(struct run *run, int g);

static void begin_one(struct run *run, int g)
{
    lg_defer(lg_waitgroup_done, &run->all);
    perform(run, g);
}

static void await_ticks(lg_duration period, int ticks)
{
    lg_ticker *ticker = lg_ticker_new(period);
    lg_defer(lg_ticker_free, ticker);
    while (ticks-- > 0)
        lg_chan_recv(lg_ticker_channel(ticker), NULL);
}

static void await_context(lg_duration timeout)
{
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(), timeout);
    lg_context_wait(ctx);
}

static void start_one(struct run *run, const struct step *step)
{
    int g = step->value;
    lg_waitgroup_add(&run->all, 1);
    if (step->kind == AFTER)
        run->timer[g] = lg_timer_new_func(step->time, begin_one, run, g);
    else if (run->threads && g % 3 == 0)
        lg_go_thread(begin_one, run, g);
    else
        lg_go(begin_one, run, g);
}

/* Returns whether a value went through a channel. */
static bool do_step(struct run *run, const struct step *step)
{
    switch (step->kind) {
    case SLEEP: lg_sleep(step->time); return false;
    case TICK: await_ticks(step->time, step->value); return false;
    case CONTEXT: await_context(step->time); return false;
    case SEND: lg_chan_send(run->channel[step->value], 1); return true;
    case RECEIVE: return lg_chan_recv(run->channel[step->value], NULL);
    case RECEIVE_IN:
        return lg_chan_recv_until(run->channel[step->value], NULL, lg_until_timeout(step->time)) ==
               NULL;
    default: start_one(run, step); return false;
    }
}

static void perform(struct run *run, int g)
{
    for (int i = 0; i < run->program->count[g]; i++) {
        run->history.got[g][i] = do_step(run, &run->program->step[g][i]);
        run->history.ended[g][i] = lg_since(run->start);
    }
}

static void run_program(lg_test *t, void *data)
{
    struct run *run = data;
    (void)t;
    run->start = lg_now();
    for (int i = 0; i < CHANNELS; i++)
        run->channel[i] = lg_chan_make(int, 0);
    lg_waitgroup_add(&run->all, 1);
    begin_one(run, 0);
    lg_waitgroup_wait(&run->all);
}

static void run_really(struct run *run)
{
    char text[256] = "";
    memset(run->history.ended, -1, sizeof(run->history.ended));
    lg_error *err = lg_test_run_virtual("program", run_program, run);
    if (err)
        lg_error_format(err, text, sizeof(text));
    lg_error_free(err);
    run->history.deadlock = strstr(text, "deadlock") != NULL;
    ck_assert_msg(!*text || run->history.deadlock, "%s", text);
    for (int i = 0; i < CHANNELS; i++)
        lg_chan_unref(run->channel[i]);
    for (int g = 0; g < GOROUTINES; g++)
        lg_timer_free(run->timer[g]);
}

/* ---- comparing ---- */

static void compare(const struct history *real, const struct history *model, int seed)
{
    ck_assert_msg(real->deadlock == model->deadlock, "program %d: deadlock %d, not %d", seed,
                  real->deadlock, model->deadlock);
    for (int i = 0; i < GOROUTINES * STEPS; i++) {
        int g = i / STEPS, step = i % STEPS;
        lg_duration at = real->ended[g][step], expected = model->ended[g][step];
        bool got = real->got[g][step];
        if (at != expected || got != model->got[g][step])
            ck_abort_msg("program %d, goroutine %d, step %d: at %jd, not %jd; value %d", seed, g,
                         step, (intmax_t)at, (intmax_t)expected, got);
    }
}

/* Returns whether it was a deadlock. */
static bool try_program(int seed)
{
    struct program program;
    struct history model = {0};
    struct run run = {.program = &program, .threads = seed % 8 == 0};
    make_program(&program, seed);
    simulate(&program, &model);
    run_really(&run);
    compare(&run.history, &model, seed);
    return model.deadlock;
}

START_TEST(V1_V3_V5_random_programs_do_what_the_model_says)
{
    enum { PROGRAMS = 1000 };
    int deadlocks = 0;
    for (int seed = 1; seed <= PROGRAMS; seed++) {
        ck_assert_ptr_null(lg_set_workers(1 + (unsigned)seed % 4));
        deadlocks += try_program(seed);
    }
    ck_assert_int_gt(deadlocks, PROGRAMS / 10);
    ck_assert_int_lt(deadlocks, PROGRAMS * 9 / 10);
}
END_TEST

RUN_TESTS("virtual model", V1_V3_V5_random_programs_do_what_the_model_says)
