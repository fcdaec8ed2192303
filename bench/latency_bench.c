/* From a wake to running, as quantiles: goroutines wait, each for a channel of its own, and one after the other is sent the
 * time. `latency_bench.go` does the same. "busy": beside goroutines that compute a millisecond at a time, one for each
 * worker. `latency_bench threads`: a thread is woken by another, for comparison. */
#include <lifoguard/lifoguard.h>

#include <pthread.h>

#include "bench.h"

enum { EACH_WORKER = 1000, WAKES = 20000, BUSY_WAKES = 500, PAUSE = 20 * 1000 /* ns */ };

typedef lg_chan(double) mailbox;

static double taken[WAKES];
static _Atomic int woken;
static _Atomic bool over;

static void wait_for_mail(mailbox box, lg_waitgroup *group)
{
    double sent;
    while (lg_chan_recv(box, &sent)) {
        double now = bench_now();
        taken[woken++] = now - sent;
    }
    lg_waitgroup_done(group);
}

static void compute(lg_waitgroup *group)
{
    while (!over) {
        double end = bench_now() + 1e6;
        while (bench_now() < end)
            ;
        lg_yield();
    }
    lg_waitgroup_done(group);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *what)
{
    static const struct {
        const char *name;
        double at;
    } quantiles[] = {{"50", 0.5}, {"99", 0.99}, {"999", 0.999}};
    qsort(taken, (size_t)woken, sizeof(taken[0]), compare);
    for (int i = 0; i < 3; i++)
        printf("{\"what\": \"%s_%s\", \"ns\": %.4f}\n", what, quantiles[i].name,
               taken[(int)(quantiles[i].at * woken)]);
}

static void pause_for(double ns)
{
    double end = bench_now() + ns;
    while (bench_now() < end)
        lg_yield();
}

/* The sender yields between two wakes. */
static void measure(const char *what, int wakes, int computing)
{
    int count = EACH_WORKER * (int)lg_workers();
    mailbox *box = (mailbox *)malloc((size_t)count * sizeof(mailbox));
    lg_waitgroup group = {0};
    if (!box)
        abort();
    woken = 0;
    over = false;
    lg_waitgroup_add(&group, count + computing);
    for (int i = 0; i < count; i++) {
        box[i] = lg_chan_make(double, 1);
        lg_go(wait_for_mail, box[i], &group);
    }
    for (int i = 0; i < computing; i++)
        lg_go(compute, &group);
    lg_sleep(100 * LG_MILLISECOND);
    for (int i = 0; i < wakes; i++) {
        lg_chan_send(box[i * 7 % count], bench_now());
        pause_for(PAUSE);
    }
    for (int i = 0; i < count; i++)
        lg_chan_close(box[i]);
    over = true;
    lg_waitgroup_wait(&group);
    for (int i = 0; i < count; i++)
        lg_chan_unref(box[i]);
    free(box);
    print(what);
}

static void all(void)
{
    measure("wake", WAKES, 0);
    measure("wake_busy", BUSY_WAKES, (int)lg_workers());
}

/* ---- threads ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t came = PTHREAD_COND_INITIALIZER;
static double mail; /* 0: none */

static void *wait_for_mails(void *unused)
{
    for (int i = 0; i < WAKES; i++) {
        pthread_mutex_lock(&lock);
        while (mail == 0)
            pthread_cond_wait(&came, &lock);
        taken[woken++] = bench_now() - mail;
        mail = 0;
        pthread_mutex_unlock(&lock);
    }
    return unused;
}

static void send_mail(void)
{
    pthread_mutex_lock(&lock);
    mail = bench_now();
    pthread_cond_signal(&came);
    pthread_mutex_unlock(&lock);
}

static int measure_threads(void)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_mails, NULL) != 0)
        return 1;
    for (int i = 0; i < WAKES; i++) {
        double end = bench_now() + PAUSE;
        send_mail();
        while (bench_now() < end || woken <= i)
            ;
    }
    pthread_join(thread, NULL);
    print("wake");
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "threads") == 0)
        return measure_threads();
    lg_waitgroup finished = LG_WAITGROUP_INIT;
    lg_waitgroup_go(&finished, all);
    lg_waitgroup_wait(&finished);
    return 0;
}
