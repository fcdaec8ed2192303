/* C10: everything at once, on one, two and eight workers, with random yields. What holds in the end is what Go's tests of
 * simultaneous and interlocked cancels and of layers look at. */
#include "testing/context.h"

enum { ROUNDS = 200, ACTORS = 30 };

static uint64_t random_of(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state >> 11;
}

static void perhaps_yield(uint64_t *state)
{
    if (random_of(state) % 3 == 0)
        lg_yield();
}

/* ---- a tree that everybody works on ---- */

static LG_ERROR_DEFINE(why_0, "0");
static LG_ERROR_DEFINE(why_1, "1");
static LG_ERROR_DEFINE(why_2, "2");
static lg_error *const whys[] = {&why_0, &why_1, &why_2};

static _Atomic int called, stopped, registered, running;

static void be_called(void)
{
    atomic_fetch_add(&called, 1);
}

static bool is_known(const lg_error *cause)
{
    return cause == &why_0 || cause == &why_1 || cause == &why_2 || cause == &lg_error_cancelled ||
           cause == &lg_error_deadline_exceeded;
}

/* Makes a random subtree below `parent`, looks at it, cancels some, ends all. */
static void act_on(const lg_context *parent, const lg_context *other, uint64_t *state)
{
    enum { LAYERS = 12 };
    lg_context *layers[LAYERS];
    lg_context_func funcs[LAYERS];
    const lg_context *at = parent;
    for (int i = 0; i < LAYERS; i++) {
        switch (random_of(state) % 5) {
        case 0:
            layers[i] =
                lg_context_with_timeout(at, (lg_duration)(random_of(state) % 200) * LG_MICROSECOND);
            break;
        case 1: layers[i] = lg_context_merge(at, other); break;
        case 2: layers[i] = lg_context_merge(other, at); break;
        default: layers[i] = lg_context_with_cancel(at); break;
        }
        if (random_of(state) % 2)
            at = layers[i];
        funcs[i] = lg_context_on_done(layers[i], be_called);
        atomic_fetch_add(&registered, 1);
        perhaps_yield(state);
    }
    lg_context *victim = layers[random_of(state) % LAYERS];
    lg_context_cancel_cause(victim, whys[random_of(state) % 3]);
    ck_assert(is_known(lg_context_cause(victim)));
    for (int i = 0; i < LAYERS; i++) {
        /* A parent that is done has children that are. */
        if (!lgi_context_is_root(layers[i]->parent) && lg_context_error(layers[i]) == NULL)
            ck_assert(layers[i]->parent != victim);
        if (random_of(state) % 2)
            stopped += lg_context_func_stop(&funcs[i]);
        perhaps_yield(state);
    }
    for (int i = 0; i < LAYERS; i++) {
        int which = (i * 5 + 3) % LAYERS;
        if (random_of(state) % 4 == 0) {
            lg_error *err = lg_context_wait_until(layers[which],
                                                  lg_until_timeout(20 * LG_MICROSECOND));
            ck_assert(err == NULL || err == &lg_error_deadline_exceeded);
            ck_assert((err == NULL) <= (lg_context_error(layers[which]) != NULL));
        }
        lg_context_free(layers[which]);
    }
}

static void actor(lg_context *parent, lg_context *other, uint64_t seed)
{
    lg_defer(lg_context_free, parent);
    lg_defer(lg_context_free, other);
    uint64_t state = seed * 0x9e3779b97f4a7c15 + 1;
    for (int i = 0; i < 6; i++)
        act_on(parent, other, &state);
    atomic_fetch_sub(&running, 1);
}

static void everything_at_once(unsigned workers)
{
    ck_assert_ptr_null(lg_set_workers(workers));
    uint64_t seed = 1;
    int rounds = some_of(ROUNDS) + 10;
    for (int round = 0; round < rounds; round++) {
        lg_context *root = lg_context_with_cancel(lg_context_background());
        lg_context *other = lg_context_with_timeout(lg_context_background(),
                                                    LG_MILLISECOND * (round % 7));
        atomic_store(&running, ACTORS);
        for (int i = 0; i < ACTORS; i++) {
            lg_context *mine = lg_context_with_cancel(root),
                       *second = lg_context_with_cancel(other);
            if (i % 10 == 0)
                lg_go_thread(actor, mine, second, seed++);
            else
                lg_go(actor, mine, second, seed++);
        }
        lg_sleep(LG_MICROSECOND * (round % 50) * 20);
        lg_context_cancel_cause(root, &why_0);
        lg_context_free(round % 2 ? root : other);
        lg_context_free(round % 2 ? other : root);
        eventually(atomic_load(&running) == 0);
    }
    eventually(atomic_load(&called) + atomic_load(&stopped) == atomic_load(&registered));
}

START_TEST(C10_everything_at_once_on_one_worker)
{
    everything_at_once(1);
}
END_TEST

START_TEST(C10_everything_at_once_on_two_workers)
{
    everything_at_once(2);
}
END_TEST

START_TEST(C10_everything_at_once_on_eight_workers)
{
    everything_at_once(8);
}
END_TEST

/* ---- simultaneous cancels ---- */

static _Atomic int cancelled;

static void cancel_and_look(lg_context *ctx, lg_context **below, int count)
{
    lg_context_cancel(ctx);
    ck_assert_ptr_nonnull(lg_context_error(ctx));
    for (int i = 0; i < count; i++) /* whoever was first, and however far it has come */
        ck_assert_ptr_nonnull(lg_context_error(below[i]));
    atomic_fetch_add(&cancelled, 1);
}

START_TEST(C2_who_returns_from_a_cancel_finds_all_descendants_done)
{
    enum { CHAIN = 200, CANCELLERS = 8 };
    for (int round = 0; round < 60; round++) {
        lg_context *chain[CHAIN];
        const lg_context *parent = lg_context_background();
        for (int i = 0; i < CHAIN; i++)
            parent = chain[i] = lg_context_with_cancel(parent);
        atomic_store(&cancelled, 0);
        for (int i = 0; i < CANCELLERS; i++) {
            int at = round % 3 ? i * CHAIN / CANCELLERS : (CANCELLERS - 1 - i) * 10;
            if (i % 2)
                lg_go(cancel_and_look, chain[at], chain + at, CHAIN - at);
            else
                lg_go_thread(cancel_and_look, chain[at], chain + at, CHAIN - at);
        }
        eventually(atomic_load(&cancelled) == CANCELLERS);
        for (int i = 0; i < CHAIN; i++)
            lg_context_free(chain[i]);
    }
}
END_TEST

/* ---- a cancel that finds another under way ---- */

enum { LEAVES = 20000 };

/* Cancels `slow`, whose LEAVES children take a while. */
static void cancel_slowly(lg_context *slow)
{
    lg_context_cancel(slow);
    atomic_fetch_add(&cancelled, 1);
}

static void cancel(lg_context *ctx)
{
    lg_context_cancel(ctx);
    atomic_fetch_add(&cancelled, 1);
}

/* `below` is being cancelled by another thread while `above` is being cancelled by a third one. `between` is on the way
 * from `above` to `below`, and this thread cancels it: when that call returns, everything under `below` is done. */
static void cancel_between(lg_context *above, lg_context *between, lg_context *below)
{
    static lg_context *leaves[LEAVES];
    for (int i = 0; i < LEAVES; i++)
        leaves[i] = lg_context_with_cancel(below);
    atomic_store(&cancelled, 0);
    lg_go_thread(cancel_slowly, below);
    while (!lg_context_error(below))
        lg_yield();
    lg_go_thread(cancel, above);
    while (!lg_context_error(between))
        lg_yield();
    lg_context_cancel(between);
    for (int i = 0; i < LEAVES; i++)
        ck_assert_ptr_nonnull(lg_context_error(leaves[i]));
    eventually(atomic_load(&cancelled) == 2);
    for (int i = 0; i < LEAVES; i++)
        lg_context_free(leaves[i]);
}

START_TEST(C2_a_context_between_two_cancels_waits_for_the_lower_one)
{
    for (int round = 0; round < 20; round++) {
        lg_auto_context lg_context *above = lg_context_with_cancel(lg_context_background());
        lg_auto_context lg_context *between = lg_context_with_cancel(above);
        lg_auto_context lg_context *below = lg_context_with_cancel(between);
        cancel_between(above, between, below);
    }
}
END_TEST

/* `below` has two parents. It is cancelled by way of `first`; who cancels `second` waits for it as well. */
START_TEST(C2_the_second_parent_of_a_context_waits_for_the_first_ones_cancel)
{
    for (int round = 0; round < 20; round++) {
        lg_auto_context lg_context *first = lg_context_with_cancel(lg_context_background());
        lg_auto_context lg_context *second = lg_context_with_cancel(lg_context_background());
        lg_auto_context lg_context *below = lg_context_merge(first, second);
        static lg_context *leaves[LEAVES];
        for (int i = 0; i < LEAVES; i++)
            leaves[i] = lg_context_with_cancel(below);
        atomic_store(&cancelled, 0);
        lg_go_thread(cancel_slowly, first);
        while (!lg_context_error(below))
            lg_yield();
        lg_context_cancel(second);
        for (int i = 0; i < LEAVES; i++)
            ck_assert_ptr_nonnull(lg_context_error(leaves[i]));
        eventually(atomic_load(&cancelled) == 1);
        for (int i = 0; i < LEAVES; i++)
            lg_context_free(leaves[i]);
    }
}
END_TEST

/* As Go's: the parent is cancelled while the child is, each by the other's function. */
START_TEST(interlocked_cancels)
{
    lg_auto_context lg_context *parent = lg_context_with_cancel(lg_context_background());
    lg_auto_context lg_context *child = lg_context_with_cancel(parent);
    lg_context_func one = lg_context_on_done(parent, lg_context_cancel, child);
    lg_defer(lg_context_func_stop_and_wait, &one);
    lg_context_func two = lg_context_on_done(child, lg_context_cancel, parent);
    lg_defer(lg_context_func_stop_and_wait, &two);
    lg_context_cancel(child);
    ck_assert_ptr_null(lg_context_wait_until(parent, lg_until_timeout(patience())));
    lg_context_wait(child);
}
END_TEST

/* A parent that is cancelled just while children are made: none is missed. */
static void cancel_at_some_time(lg_context *parent, lg_context *told)
{
    lg_yield();
    lg_context_cancel(parent);
    lg_context_cancel(told);
}

START_TEST(C3_no_child_is_missed)
{
    enum { CHILDREN = 8 };
    for (int round = 0; round < 2000; round++) {
        lg_context *children[CHILDREN];
        lg_context *parent = lg_context_with_cancel(lg_context_background());
        lg_context *told = lg_context_with_cancel(lg_context_background());
        if (round % 8 == 0)
            lg_go_thread(cancel_at_some_time, parent, told);
        else
            lg_go(cancel_at_some_time, parent, told);
        for (int i = 0; i < CHILDREN; i++)
            children[i] = i % 2 ? lg_context_with_cancel(parent)
                                : lg_context_with_timeout(parent, LG_HOUR);
        for (int i = 0; i < CHILDREN; i++) {
            ck_assert_ptr_null(lg_context_wait_until(children[i], lg_until_timeout(patience())));
            lg_context_free(children[i]);
        }
        lg_context_wait(told);
        lg_context_free(told);
        ck_assert_ptr_null(parent->children.first);
        lg_context_free(parent);
    }
}
END_TEST

RUN_TESTS("stress", C10_everything_at_once_on_one_worker, C10_everything_at_once_on_two_workers,
          C10_everything_at_once_on_eight_workers,
          C2_who_returns_from_a_cancel_finds_all_descendants_done,
          C2_a_context_between_two_cancels_waits_for_the_lower_one,
          C2_the_second_parent_of_a_context_waits_for_the_first_ones_cancel, interlocked_cancels,
          C3_no_child_is_missed)
