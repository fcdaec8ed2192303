/* A tick every 50 ms, five times. The ticker is stopped and freed when main is left, however that happens.
 * (A loop over the channel itself, lg_chan_each, would end when the ticker is stopped.) */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    lg_ticker *ticker = lg_ticker_new(50 * LG_MILLISECOND);
    lg_defer(lg_ticker_free, ticker);
    for (int i = 0; i < 5; i++) {
        lg_chan_recv(lg_ticker_channel(ticker), NULL);
        printf("tick %d\n", i);
    }
    return 0;
}
