#include "sched/stop.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "sched/runtime.h"

static void *exit_main(void *status)
{
    exit((int)(intptr_t)status);
}

/* What is registered with atexit may need more stack than a goroutine has. */
static void exit_elsewhere(struct lgi_g *g, int status)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, exit_main, (void *)(intptr_t)status) != 0)
        exit(status);
    lgi_wait_begin(g, "exit");
    lgi_park_through(g);
}

static void stack_ended(enum lgi_leaving leaving, int status)
{
    struct lgi_g *g = lgi_current;
    if (!g)
        return;
    if (leaving == LGI_EXIT && lgi_on_fiber(g))
        exit_elsewhere(g, status);
    if (leaving == LGI_GOEXIT && lgi_on_fiber(g))
        lgi_worker_end(g);
}

static size_t describe(char *buffer, size_t size)
{
    return lgi_g_describe(lgi_self(), buffer, size);
}

void lgi_stop_begin(void)
{
    lgi_above.stack_ended = stack_ended;
    lgi_above.describe = describe;
}
