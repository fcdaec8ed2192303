/* Thousands of goroutines and some threads that do anything at random to a few channels, with panics, goexits,
 * cancellations and closing in the middle: whatever was made is dropped once, and everybody comes to an end. */
#include "testing/test.h"

#include <lifoguard/chan.h>
#include <lifoguard/waitgroup.h>

#include "chan/channel.h"
#include "sched/park.h"

#if defined(HAS_SANITIZER)
enum { GOROUTINES = 1500 };
#else
enum { GOROUTINES = 10000 };
#endif
enum { CHANNELS = 12, CASES = 5, OPERATIONS = 12, DONES = 50 };

struct box {
    long number;
};

static lg_chan(struct box *) channels[CHANNELS];
static struct lgi_done dones[DONES];
static lg_waitgroup everybody;
static long made, dropped, handed; /* atomically */

/* ---- chance ---- */

struct chance {
    uint64_t state;
};

static unsigned below(struct chance *chance, unsigned limit)
{
    chance->state = chance->state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((chance->state >> 33) % limit);
}

static lg_chan(struct box *) any_channel(struct chance *chance)
{
    unsigned number = below(chance, CHANNELS + 1);
    return number == CHANNELS ? NULL : channels[number];
}

static lg_until any_until(struct chance *chance)
{
    lg_until until = lg_until_timeout(below(chance, 200) * LG_MICROSECOND);
    if (below(chance, 2) == 0)
        until.lgi_done = &dones[below(chance, DONES)];
    return until;
}

/* ---- boxes ---- */

static void drop_box(struct box *box)
{
    if (!box)
        return;
    __atomic_add_fetch(&dropped, 1, __ATOMIC_RELAXED);
    ck_assert_int_gt(box->number, 0);
    box->number = 0;
    free(box);
}

/* What a goroutine has in its hands, when it is left in whatever way. */
static void drop_hand(struct box **hand)
{
    drop_box(*hand);
}

static void fill_hand(struct box **hand)
{
    if (*hand)
        return;
    *hand = malloc(sizeof(**hand));
    ck_assert_ptr_nonnull(*hand);
    (*hand)->number = __atomic_add_fetch(&made, 1, __ATOMIC_RELAXED);
}

/* ---- what they do ---- */

static void gave(struct box **hand, bool sent)
{
    if (!sent)
        return;
    *hand = NULL;
    __atomic_add_fetch(&handed, 1, __ATOMIC_RELAXED);
}

static void took(struct box **hand, struct box *const *box, bool done)
{
    if (!done || !*box)
        return;
    drop_box(*hand);
    *hand = *box;
}

static void select_some(struct chance *chance, struct box **hand)
{
    lg_case cases[CASES + 2];
    struct box *got[CASES] = {NULL};
    bool sends[CASES + 2] = {false};
    unsigned count = 1 + below(chance, CASES), all = count;
    for (unsigned i = 0; i < count; i++) {
        lg_chan(struct box *) c = any_channel(chance);
        sends[i] = below(chance, 2) == 0;
        if (sends[i])
            cases[i] = lgi_case(LGI_CASE_SEND, c, hand, NULL);
        else
            cases[i] = lg_case_recv(c, below(chance, 4) == 0 ? NULL : &got[i], NULL);
    }
    if (below(chance, 3) == 0)
        cases[all++] = lgi_case_done(&dones[below(chance, DONES)]);
    /* (There is always a way out.) */
    cases[all++] = below(chance, 3) == 0 ? lg_case_default : lg_case_until(any_until(chance));
    size_t done = lg_select_n(cases, all);
    if (sends[done])
        gave(hand, true);
    else if (done < count)
        took(hand, &got[done], true);
}

static void do_something(struct chance *chance, struct box **hand)
{
    struct box *got = NULL;
    lg_chan(struct box *) c = any_channel(chance), real = channels[below(chance, CHANNELS)];
    fill_hand(hand);
    switch (below(chance, 12)) {
    case 0:
        lg_chan_send(real, *hand);
        gave(hand, true);
        break;
    case 1: took(hand, &got, lg_chan_recv(real, &got)); break;
    case 2: gave(hand, lg_chan_try_send(c, *hand)); break;
    case 3: took(hand, &got, !lg_chan_try_recv(c, &got)); break;
    case 4: gave(hand, !lg_chan_send_until(c, *hand, any_until(chance))); break;
    case 5: took(hand, &got, !lg_chan_recv_until(c, &got, any_until(chance))); break;
    case 6: (void)!lg_chan_try_recv(c, NULL); break;
    case 7: (void)!lg_chan_recv_until(c, NULL, any_until(chance)); break;
    case 8: lg_yield(); break;
    default: select_some(chance, hand);
    }
    if (below(chance, 100) == 0)
        lg_panic("in the middle");
    if (below(chance, 200) == 0)
        lg_goexit();
}

static void quietly(lg_panic_info *panic)
{
    lg_recover(panic);
}

static void one_life(struct chance *chance)
{
    lg_func_recovers_void {
        struct box *hand = NULL;
        lg_defer_recover(quietly);
        lg_defer(drop_hand, &hand);
        for (int i = 0; i < OPERATIONS; i++)
            do_something(chance, &hand);
    }
}

static void live(unsigned number)
{
    struct chance chance = {number};
    lg_defer(lg_waitgroup_done, &everybody);
    one_life(&chance);
}

/* Many end by waiting for ever, if nobody did this. */
static void one_round(unsigned workers)
{
    struct chance chance = {workers * (uint64_t)77};
    lgi_chan_bias_after = 32;
    ck_assert_ptr_null(lg_set_workers(workers));
    made = dropped = handed = 0;
    memset(dones, 0, sizeof(dones));
    for (unsigned i = 0; i < CHANNELS; i++)
        channels[i] = lg_chan_make_owned(struct box *, i % 4, drop_box);
    lg_waitgroup_add(&everybody, GOROUTINES);
    for (unsigned i = 0; i < GOROUTINES; i++) {
        if (i % 500 == 0)
            lg_go_thread(live, i + 1);
        else
            lg_go(live, i + 1);
        if (below(&chance, 1000) == 0)
            lg_sleep(below(&chance, 1000) * LG_MICROSECOND);
        if (i % (GOROUTINES / DONES) == 0)
            lgi_done_set(&dones[i / (GOROUTINES / DONES) % DONES], NULL);
    }
    lg_sleep(100 * LG_MILLISECOND);
    for (unsigned i = 0; i < CHANNELS; i++)
        lg_chan_close(channels[i]);
    lg_waitgroup_wait(&everybody);
    for (unsigned i = 0; i < CHANNELS; i++)
        lg_chan_unref(channels[i]);
    ck_assert_int_eq(made, dropped);
    ck_assert_int_gt(made, GOROUTINES);
    ck_assert_int_gt(handed, GOROUTINES / 100); /* more, if the machine is not busy */
}

START_TEST(D6_whatever_happens_nothing_is_lost_on_one_worker)
{
    one_round(1);
}
END_TEST

START_TEST(D6_whatever_happens_nothing_is_lost_on_two_workers)
{
    one_round(2);
}
END_TEST

START_TEST(D6_whatever_happens_nothing_is_lost_on_eight_workers)
{
    one_round(8);
}
END_TEST

RUN_TESTS("stress", D6_whatever_happens_nothing_is_lost_on_one_worker,
          D6_whatever_happens_nothing_is_lost_on_two_workers,
          D6_whatever_happens_nothing_is_lost_on_eight_workers)
