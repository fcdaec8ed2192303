/* Three workers take pieces of work from one channel, and give the results to another. Who closes what: the producer closes the
 * work when there is no more; the worker that ends last closes the results, which ends the loop that adds them. Each wait also
 * ends with the group. */
#include <stdatomic.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

enum { WORKERS = 3, PIECES = 100 };

struct pool {
    lg_chan(int) work;
    lg_chan(long) results;
    atomic_int running;
};

static void last_one_closes(struct pool *pool)
{
    if (atomic_fetch_sub(&pool->running, 1) == 1)
        lg_chan_close(pool->results);
}

static lg_error *worker(lg_group *group, struct pool *pool)
{
    lg_defer(last_one_closes, pool);
    lg_error *err = NULL;
    for (int piece; !err && !(err = lg_chan_recv_until(pool->work, &piece, lg_until_group(group)));)
        err = lg_chan_send_until(pool->results, (long)piece * piece, lg_until_group(group));
    return err == &lg_error_chan_closed ? NULL : err;
}

static lg_error *produce(lg_group *group, struct pool *pool)
{
    lg_defer(lg_chan_close, pool->work);
    lg_error *err = NULL;
    for (int piece = 1; piece <= PIECES && !err; piece++)
        err = lg_chan_send_until(pool->work, piece, lg_until_group(group));
    return err;
}

static lg_error *add_all(long *count, long *sum)
{
    lg_func (lg_error *, err) {
        struct pool pool = {.work = lg_chan_make(int, 8), .running = WORKERS};
        lg_defer(lg_chan_unref, pool.work);
        pool.results = lg_chan_make(long, 8);
        lg_defer(lg_chan_unref, pool.results);
        lg_group_scope(group, &err);
        for (int i = 0; i < WORKERS; i++)
            lg_group_go(&group, worker, &group, &pool);
        lg_group_go(&group, produce, &group, &pool);

        for (long result;
             !(err = lg_chan_recv_until(pool.results, &result, lg_until_group(&group)));) {
            *sum += result;
            ++*count;
        }
        lg_return(err == &lg_error_chan_closed ? NULL : err);
    }
}

int main(void)
{
    long count = 0, sum = 0;
    lg_error *err = add_all(&count, &sum);
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    printf("%ld results, sum %ld\n", count, sum);
    return 0;
}
