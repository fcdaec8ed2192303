/* A plugin that has the static library in it, and uses what leaves something in the process: threads, a thread-specific
 * key, a signal handler. */
#include <signal.h>

#include <lifoguard/lifoguard.h>

/* NOLINTNEXTLINE(misc-use-internal-linkage): dlsym finds it */
int plugin_work(void);

static int sum;

static void add(lg_chan(int) from)
{
    for (int value; lg_chan_recv(from, &value);)
        sum += value;
}

static void listen_for_signals(void)
{
    lg_context *context = NULL;
    lg_error_free(lg_context_with_signals(lg_context_background(), &context, SIGUSR1));
    lg_context_free(context);
}

int plugin_work(void)
{
    lg_waitgroup group = {0};
    lg_chan(int) values = lg_chan_make(int, 2);
    sum = 0;
    lg_waitgroup_go(&group, add, values);
    for (int i = 1; i <= 10; i++)
        lg_chan_send(values, i);
    lg_chan_close(values);
    lg_waitgroup_wait(&group);
    lg_chan_unref(values);
    listen_for_signals();
    return sum;
}
