/* S1–S4 with everything at random: graphs, behaviour, threads that add, ask and stop at the same time. */
#include "testing/shutdown.h"

#include <lifoguard/go.h>
#include <lifoguard/waitgroup.h>

#include "sched/runtime.h"

enum { MOST = 16 };

static struct node {
    char name[8];
    const char *needs[MOST + 1];
    bool is_after[MOST];
    enum behaviour behaviour;
    lg_duration nap;
} nodes[MOST];

static int running, most_running; /* atomic */
static char ended[MOST], stopped[MOST];
static int wrong; /* atomic */

static lg_error *random_stop(void *argument, const lg_context *context)
{
    struct node *node = argument;
    size_t i = (size_t)(node - nodes);
    (void)context;
    int now = __atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST);
    int most = __atomic_load_n(&most_running, __ATOMIC_SEQ_CST);
    while (now > most && !__atomic_compare_exchange_n(&most_running, &most, now, false,
                                                      __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        ;
    for (size_t k = 0; k < MOST; k++) {
        if (nodes[k].is_after[i] && !__atomic_load_n(&ended[k], __ATOMIC_SEQ_CST))
            __atomic_store_n(&wrong, 1, __ATOMIC_SEQ_CST);
    }
    if (__atomic_exchange_n(&stopped[i], 1, __ATOMIC_SEQ_CST))
        __atomic_store_n(&wrong, 2, __ATOMIC_SEQ_CST);
    if (node->nap)
        nap(node->nap);
    /* This is seen before the next one's stop begins. */
    __atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&ended[i], 1, __ATOMIC_SEQ_CST);
    switch (node->behaviour) {
    case FAILS: return lg_error_new("failed");
    case PANICS: lg_panic("panicked");
    case GOES: lg_goexit();
    default: return NULL;
    }
}

/* Only earlier ones are named, so there is no cycle. */
static void make_node(size_t i)
{
    static const enum behaviour ways[] = {QUICK, QUICK, QUICK, FAILS, PANICS, GOES};
    struct node *node = &nodes[i];
    size_t used = 0;
    bool all = random_below(4) == 0;
    memset(node, 0, sizeof(*node));
    snprintf(node->name, sizeof(node->name), "s%zu", i);
    for (size_t j = 0; j < i; j++) {
        if (all || random_below(5) == 0) {
            node->is_after[j] = true;
            node->needs[used++] = nodes[j].name;
        }
    }
    node->behaviour = ways[random_below(6)];
    node->nap = random_below(3) ? 0 : random_below(2000) * LG_MICROSECOND;
}

START_TEST(S1_S4_random_graphs_with_real_threads)
{
    for (unsigned round = 0; round < 150; round++) {
        random_seed(round);
        unsigned at_once = (unsigned)random_below(4) + 1;
        size_t count = (size_t)random_below(MOST) + 1;
        int bad = 0;
        lg_shutdown *s =
            new_shutdown((lg_shutdown_options){.no_signals = true, .at_once = at_once});
        memset(nodes, 0, sizeof(nodes));
        memset(ended, 0, sizeof(ended));
        memset(stopped, 0, sizeof(stopped));
        most_running = wrong = 0;
        for (size_t i = 0; i < count; i++) {
            make_node(i);
            bad += nodes[i].behaviour != QUICK;
            ok(lg_shutdown_add(s, &(lg_stage){.name = nodes[i].name,
                                              .stop = random_stop,
                                              .argument = &nodes[i],
                                              .needs = nodes[i].needs}));
        }
        ck_assert_int_eq(occurrences(stop_text(s), "stop s"), bad);
        ck_assert_int_eq(wrong, 0);
        ck_assert_int_le(most_running, (int)at_once);
        for (size_t i = 0; i < count; i++)
            ck_assert(stopped[i]);
        lg_shutdown_close(s, NULL);
    }
}
END_TEST

/* ---- many who start, while others ask and stop ---- */

enum { STARTERS = 6, EACH = 8 };

static int balance, starts; /* atomic */

static lg_error *count_up(void *argument, const lg_context *context)
{
    (void)argument;
    (void)context;
    __atomic_fetch_add(&starts, 1, __ATOMIC_SEQ_CST);
    __atomic_fetch_add(&balance, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static lg_error *count_down(void *argument, const lg_context *context)
{
    (void)argument;
    (void)context;
    __atomic_fetch_sub(&balance, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

struct starter {
    lg_shutdown *s;
    unsigned seed;
    int *left;
};

static void start_many(struct starter *starter)
{
    const lg_stage stage = {.name = "x", .start = count_up, .stop = count_down};
    for (int i = 0; i < EACH; i++) {
        lg_error *err;
        if (rand_r(&starter->seed) % 2) {
            err = lg_shutdown_start(starter->s, &stage);
        } else {
            (void)count_up(NULL, NULL);
            err = lg_shutdown_add(starter->s, &stage);
        }
        ck_assert(!err || lg_error_is(err, &lg_error_shutting_down));
        lg_error_free(err);
        if (rand_r(&starter->seed) % 3 == 0)
            lg_sleep(rand_r(&starter->seed) % 300 * LG_MICROSECOND);
        if (rand_r(&starter->seed) % 40 == 0)
            lg_shutdown_request(starter->s, "one of them");
        if (rand_r(&starter->seed) % 40 == 0)
            ok(lg_shutdown_stop(starter->s));
        if (rand_r(&starter->seed) % 20 == 0)
            ok(lg_shutdown_ready(starter->s));
    }
    __atomic_sub_fetch(starter->left, 1, __ATOMIC_SEQ_CST);
}

START_TEST(S3_whatever_is_started_is_stopped_once)
{
    for (unsigned round = 0; round < 60; round++) {
        struct starter starters[STARTERS];
        int left = STARTERS;
        ok(lg_set_workers(1U << round % 4));
        lg_shutdown *s =
            new_shutdown((lg_shutdown_options){.no_signals = true, .at_once = round % 3});
        balance = starts = 0;
        for (unsigned i = 0; i < STARTERS; i++) {
            starters[i] = (struct starter){s, round * STARTERS + i, &left};
            if (i % 3 == 0)
                lg_go_thread(start_many, &starters[i]);
            else
                lg_go(start_many, &starters[i]);
        }
        lg_sleep(LG_MICROSECOND * 100 * (round % 7));
        if (round % 2)
            ok(lg_shutdown_stop(s));
        while (__atomic_load_n(&left, __ATOMIC_SEQ_CST) > 0)
            lg_sleep(LG_MILLISECOND / 4);
        ok(lg_shutdown_stop(s));
        ck_assert_int_eq(__atomic_load_n(&balance, __ATOMIC_SEQ_CST), 0);
        lg_shutdown_close(s, NULL);
        ck_assert_int_gt(starts, 0);
    }
}
END_TEST

/* ---- several in one process ---- */

static void two_of_them(void *data)
{
    (void)data;
    lg_shutdown *one = new_shutdown((lg_shutdown_options){.repeat_window = -1});
    lg_shutdown *two = new_shutdown((lg_shutdown_options){.repeat_window = -1});
    raise(SIGTERM);
    lg_shutdown_wait(one);
    lg_shutdown_wait(two);
    tell("both");
    lg_shutdown_close(one, NULL);
    raise(SIGTERM);
    for (;;)
        pause();
}

START_TEST(S5_several_share_signals)
{
    struct outcome *outcome = in_child(two_of_them, NULL);
    expect_status(outcome, 128 + SIGTERM);
    expect_out(outcome, "both ");
}
END_TEST

/* ---- no deadlock ---- */

static void waits_for_context(const lg_context *context, lg_waitgroup *group)
{
    lg_context_wait(context);
    lg_waitgroup_done(group);
}

static void all_wait_for_a_signal(void *data)
{
    (void)data;
    lg_waitgroup group = {0};
    lg_shutdown *s = new_shutdown((lg_shutdown_options){0});
    pid_t killer = fork();
    if (killer == 0) {
        nap(300 * MS);
        kill(getppid(), SIGTERM);
        _exit(0);
    }
    lg_waitgroup_add(&group, 1);
    lg_go(waits_for_context, lg_shutdown_context(s), &group);
    lg_waitgroup_wait(&group);
    tell("woken");
    lg_shutdown_close(s, NULL);
    tell(__atomic_load_n(&lgi_outside, __ATOMIC_SEQ_CST) == 0 ? "counted" : "miscounted");
}

START_TEST(S5_waiting_for_a_signal_is_no_deadlock)
{
    if (SIGNALS_COME_LATE)
        return;
    struct outcome *outcome = in_child(all_wait_for_a_signal, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "woken counted ");
}
END_TEST

RUN_TESTS("random", S1_S4_random_graphs_with_real_threads, S3_whatever_is_started_is_stopped_once,
          S5_several_share_signals, S5_waiting_for_a_signal_is_no_deadlock)
