#define _GNU_SOURCE
#include "news.h"

#include "ending.h"
#include "failed.h"
#include "signal_fd.h"
#include "signals.h"

#include <lifoguard/lifoguard.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

lg_error *news_open(struct news *news, const struct birth *birth,
                    void (*on_signal)(void *data, int number), void *data)
{
    sigset_t set;
    birth_taken(birth, &set);
    sigaddset(&set, SIGWINCH);
    *news = (struct news){.on_signal = on_signal, .data = data, .signals = signal_fd_open(&set)};
    return news->signals < 0 ? lg_error_new_errno("a descriptor for signals") : NULL;
}

void news_close(struct news *news)
{
    if (news->signals >= 0)
        close(news->signals);
    news->signals = -1;
}

/* timeout(1) signals its child and then the group, npm and terminals do so too: the same signal in quick succession is one request. */
static bool is_repetition(struct news *news, int number)
{
    lg_time now = lg_now();
    if (number == news->last && now - news->last_at < SIGNALS_SAME)
        return true;
    news->last = number;
    news->last_at = now;
    return false;
}

static bool is_request(int number)
{
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

static void take(struct news *news, int number)
{
    if (number == SIGCHLD)
        ending_reap();
    bool request = is_request(number);
    if (request && is_repetition(news, number))
        return;
    news->requests += request;
    if (request || number == SIGWINCH)
        news->on_signal(news->data, number);
}

void news_tell(struct news *news)
{
    news->changes++;
    lg_cond_broadcast(&news->changed);
}

/* All goroutines that wait are woken: the child that has ended may belong to a job of any of them. */
bool news_take(struct news *news)
{
    size_t before = news->requests;
    struct signalfd_siginfo info;
    while (read(news->signals, &info, sizeof(info)) == sizeof(info)) {
        take(news, (int)info.ssi_signo);
        news_tell(news);
    }
    return news->requests != before;
}

static void listen_to_signals(struct news *news)
{
    for (;;) {
        lg_error *err = lg_poll(news->signals, POLLIN, lg_until_forever(), NULL);
        lg_error_free(err);
        if (err)
            return;
        failed_leave(lg_call_contained(news_take, news));
    }
}

void news_listen(struct news *news)
{
    news->listens = true;
    lg_go(listen_to_signals, news);
}

/* The mutex may have to be waited for: what changes meanwhile is not waited for again. */
static void wait_for_change(struct news *news, lg_time deadline)
{
    size_t changes = news->changes;
    lg_mutex_lock(&news->mutex);
    lg_defer(lg_mutex_unlock, &news->mutex);
    if (news->changes == changes)
        lg_error_free(
            lg_cond_wait_until(&news->changed, &news->mutex, lg_until_deadline(deadline)));
}

/* Not for ever: if ever a signal were lost, it would cost a second. */
void news_wait(struct news *news, lg_time deadline)
{
    lg_time limit = lg_now() + LG_SECOND;
    if (deadline != 0 && deadline < limit)
        limit = deadline;
    if (news->listens)
        wait_for_change(news, limit);
    else
        lg_error_free(lg_poll(news->signals, POLLIN, lg_until_deadline(limit), NULL));
    news_take(news);
}
