/* Tests of many tickers at once. Rules are those of docs/rules.md. */
#include "testing/timer.h"
#include "testing/virtual.h"

/* ---- ticks ---- */

/* One for several goroutines: each tick goes to one of them. */
static lg_ticker *common;

/* ---- stress ---- */

/* Many are made, and freed at any moment. */
static void make_and_free(void)
{
    for (int i = 0; i < 300; i++) {
        lg_ticker *ticker = lg_ticker_new(10 * US * (i % 5) + 1);
        lg_defer(lg_ticker_free, ticker);
        if (i % 2 == 0)
            hold(lg_chan_recv(lg_ticker_channel(ticker), NULL));
        if (i % 3 == 0)
            lg_ticker_stop(ticker);
        if (i % 6 == 0)
            lg_ticker_reset(ticker, 50 * US);
        if (i % 7 == 0)
            lg_yield();
    }
}

static atomic_int ended;

/* Everybody stops, resets and receives from one. */
static void share(void)
{
    uint64_t random = lg_goroutine_id() + 1;
    lg_chan(lg_time) channel = lg_ticker_channel(common);
    lg_duration last = 0, time;
    lg_error *error;
    for (int i = 0; i < 2000; i++) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        bool ok = false;
        switch (random >> 60) {
        case 0: lg_ticker_stop(common); break;
        case 1: lg_yield(); break;
        case 2:
        case 3:
        case 4: lg_ticker_reset(common, (lg_duration)(random >> 40 & 0x7fff) + 1); break;
        case 5:
        case 6:
        case 7: ok = !lg_chan_try_recv(channel, &time); break;
        default:
            error = lg_chan_recv_until(channel, &time, lg_until_timeout(20 * US));
            ok = !error;
            atomic_fetch_add(&ended, error == &lg_error_chan_closed);
        }
        if (ok) {
            hold(time > last || time == last);
            last = time;
        }
    }
}

static void stress_with(unsigned workers)
{
    all_at_once(workers, 8, make_and_free);
    common = lg_ticker_new(1);
    all_at_once(workers, 16, share);
    lg_ticker_free(common);
    ck_assert_int_gt(atomic_load(&ended), 0);
}

START_TEST(stress_on_one_worker)
{
    stress_with(1);
}
END_TEST

START_TEST(stress_on_two_workers)
{
    stress_with(2);
}
END_TEST

START_TEST(stress_on_eight_workers)
{
    stress_with(8);
}
END_TEST

RUN_TESTS("ticker_stress", stress_on_one_worker, stress_on_two_workers, stress_on_eight_workers)
