#include "sched/ticks.h"

#include "sched/lock.h"
#include "time/clock.h"

uint64_t lgi_ticks_a_us = 1;

void lgi_measure_ticks(void)
{
    lg_time start = lgi_real_now();
    uint64_t first = lgi_ticks();
    while (lgi_real_now() - start < 20 * LG_MICROSECOND)
        lgi_pause();
    uint64_t us = (uint64_t)(lgi_real_now() - start) / 1000;
    lgi_ticks_a_us = (lgi_ticks() - first) / us;
    if (lgi_ticks_a_us == 0)
        lgi_ticks_a_us = 1;
}
