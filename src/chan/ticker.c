#include <lifoguard/timer.h>

#include <lifoguard/panic.h>

#include "chan/timed.h"

struct lg_ticker {
    struct lgi_timed timed;
};

lg_ticker *lg_ticker_new(lg_duration period)
{
    if (period <= 0)
        lg_panic("lg_ticker_new: the period must be more than 0");
    struct lgi_timed *timed = lgi_timed_new();
    timed->period = period;
    lgi_timed_start(timed, period);
    return (lg_ticker *)timed;
}

lgi_chan_of_times lg_ticker_channel(const lg_ticker *ticker)
{
    if (!ticker)
        lg_panic("lg_ticker_channel: no ticker (NULL)");
    return (lgi_chan_of_times)ticker->timed.channel;
}

void lg_ticker_stop(lg_ticker *ticker)
{
    if (!ticker)
        return;
    struct lgi_timed *timed = &ticker->timed;
    lgi_timed_check(timed);
    lgi_lock(&timed->lock);
    lgi_timed_stop(timed);
    (void)lgi_chan_shut(timed->channel);
    lgi_unlock(&timed->lock);
}

void lg_ticker_reset(lg_ticker *ticker, lg_duration period)
{
    if (!ticker)
        lg_panic("lg_ticker_reset: no ticker (NULL)");
    if (period <= 0)
        lg_panic("lg_ticker_reset: the period must be more than 0");
    struct lgi_timed *timed = &ticker->timed;
    lgi_timed_check(timed);
    lgi_lock(&timed->lock);
    lgi_timed_stop(timed);
    lgi_chan_reopen(timed->channel);
    timed->period = period;
    lgi_timed_start(timed, period);
    lgi_unlock(&timed->lock);
}

void lg_ticker_free(lg_ticker *ticker)
{
    if (ticker)
        lgi_timed_free(&ticker->timed);
}
