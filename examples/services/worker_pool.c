/* A pool of workers with a queue: nothing that was accepted is lost or run twice, whenever SIGTERM comes.
 *
 *     worker_pool SOCKET LOG METRICS [--wrong-order]     takes jobs from a Unix socket, and logs each when it is done
 *     worker_pool --load SOCKET CONNECTIONS              sends jobs until it is refused, and prints those accepted
 *
 * A job is eight bytes; the answer is one: '+' once it is in the queue, '-' if it is not, and never will be.
 *
 * The order of the stops is the reverse of the starts: no more is accepted, so nobody sends to the queue any more; the
 * queue is closed, and the workers end when they have emptied it; then nobody counts, and the metrics are written;
 * then nobody logs, and the log is closed. With --wrong-order the log is closed first, as happens to those who stop
 * things in the order in which they think of them: accepted jobs vanish. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum { WORKERS = 8, QUEUE = 200, CONNECTIONS = 200, ACCEPTED = '+', REFUSED = '-' };

#define IDLE_LIMIT LG_MINUTE /* a connection that sends no job for so long is closed */

static struct {
    const char *socket_path, *log_path, *metrics_path;
    int log, listener;
    lg_context *accepting;
    lg_chan(uint64_t) queue;
    lg_group intake, workers;
    uint64_t done; /* atomic */
} pool = {.log = -1, .listener = -1};

/* ---- the log, the metrics ---- */

static lg_error *open_log(void *unused, const lg_context *context)
{
    (void)unused;
    (void)context;
    pool.log = open(pool.log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    return pool.log < 0 ? lg_error_new_errno("open %s", pool.log_path) : NULL;
}

static lg_error *close_log(void *unused, const lg_context *context)
{
    lg_error *error = NULL;
    (void)unused;
    (void)context;
    lg_close(pool.log, &error);
    pool.log = -1;
    return error;
}

static lg_error *write_metrics(void *unused, const lg_context *context)
{
    (void)unused;
    (void)context;
    lg_func (lg_error *, err) {
        FILE *file = fopen(pool.metrics_path, "w");
        if (!file)
            lg_return(lg_error_new_errno("open %s", pool.metrics_path));
        lg_defer(lg_fclose, file, &err);
        fprintf(file, "done %" PRIu64 "\n", __atomic_load_n(&pool.done, __ATOMIC_SEQ_CST));
        lg_return(NULL);
    }
}

/* ---- workers ---- */

static lg_error *run(uint64_t job)
{
    char line[32];
    lg_sleep((lg_duration)(job * 2654435761U % 4) * LG_MILLISECOND); /* the work */
    __atomic_fetch_add(&pool.done, 1, __ATOMIC_SEQ_CST);
    int length = snprintf(line, sizeof(line), "%" PRIu64 "\n", job);
    return lg_error_wrap(lg_write(pool.log, line, (size_t)length, lg_until_forever(), NULL),
                         "log job %" PRIu64, job);
}

static lg_error *work(void)
{
    lg_error *error = NULL;
    lg_chan_each (pool.queue, uint64_t, job) {
        lg_error *failed = run(job);
        if (!error)
            error =
                failed; /* the first tells enough: a pool that lives long keeps no list of them */
        else
            lg_error_free(failed);
    }
    return error;
}

static lg_error *start_workers(void *unused, const lg_context *context)
{
    (void)unused;
    (void)context;
    for (int i = 0; i < WORKERS; i++)
        lg_group_go(&pool.workers, work);
    return NULL;
}

static lg_error *drain_queue(void *unused, const lg_context *context)
{
    (void)unused;
    lg_chan_close(pool.queue);
    return lg_group_wait_until(&pool.workers, lg_until_context(context));
}

/* ---- accepting ---- */

/* False: no more is accepted, and the job was not. */
static bool accept_job(uint64_t job)
{
    lg_error *error = lg_chan_send_until(pool.queue, job, lg_until_context(pool.accepting));
    lg_error_free(error);
    return !error;
}

static void serve(int connection)
{
    uint64_t job;
    char answer = ACCEPTED;
    lg_defer(lg_close, connection, NULL);
    while (answer == ACCEPTED) {
        lg_until until = lg_until_within(lg_until_context(pool.accepting), IDLE_LIMIT);
        lg_error *error = lg_read_full(connection, &job, sizeof(job), until, NULL);
        if (!error) {
            answer = accept_job(job) ? ACCEPTED : REFUSED;
            error = lg_write(connection, &answer, 1, lg_until_timeout(5 * LG_SECOND), NULL);
        }
        lg_error_free(error);
        if (error)
            return; /* it has gone, or no more is accepted */
    }
}

static void accept_connections(void)
{
    while (!lg_context_error(pool.accepting)) {
        int connection;
        lg_error *error = lg_accept(pool.listener, NULL, NULL, lg_until_context(pool.accepting),
                                    &connection);
        if (!error)
            lg_group_go(&pool.intake, serve, connection);
        else if (!lg_context_error(pool.accepting))
            lg_sleep(10 * LG_MILLISECOND); /* no descriptors are left */
        lg_error_free(error);
    }
}

static struct sockaddr_un address_of(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    return address;
}

static lg_error *start_accepting(void *unused, const lg_context *context)
{
    struct sockaddr_un address = address_of(pool.socket_path);
    (void)unused;
    (void)context;
    if (strlen(pool.socket_path) >= sizeof(address.sun_path))
        return lg_error_new_code(ENAMETOOLONG, "listen on %s", pool.socket_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return lg_error_new_errno("socket");
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 64) != 0) {
        lg_error *error = lg_error_new_errno("listen on %s", pool.socket_path);
        close(fd);
        return error;
    }
    pool.listener = fd;
    lg_group_set_limit(&pool.intake, CONNECTIONS + 1); /* more wait to be accepted */
    lg_group_go(&pool.intake, accept_connections);
    return NULL;
}

static lg_error *stop_accepting(void *unused, const lg_context *context)
{
    (void)unused;
    lg_context_cancel(pool.accepting);
    lg_error *error = lg_group_wait_until(&pool.intake, lg_until_context(context));
    lg_close(pool.listener, &error);
    unlink(pool.socket_path);
    return error;
}

/* ---- all of it ---- */

static const lg_stage
    log_stage = {.name = "log", .start = open_log, .stop = close_log, .limit = 5 * LG_SECOND},
    metrics_stage = {.name = "metrics", .stop = write_metrics, .limit = 5 * LG_SECOND},
    workers_stage = {.name = "workers", .start = start_workers, .stop = drain_queue},
    intake_stage = {
        .name = "intake", .start = start_accepting, .stop = stop_accepting, .limit = 5 * LG_SECOND};

static lg_error *run_pool(bool wrong_order)
{
    lg_func (lg_error *, err) {
        const lg_stage *const right[] = {&log_stage, &metrics_stage, &workers_stage, &intake_stage};
        const lg_stage *const wrong[] = {&workers_stage, &intake_stage, &metrics_stage, &log_stage};
        const lg_shutdown_options options = {.budget = 20 * LG_SECOND, .log = STDERR_FILENO};
        lg_shutdown *down;
        err = lg_shutdown_new(&down, &options);
        if (err)
            lg_return(err);
        lg_defer(lg_shutdown_close, down, &err);
        for (int i = 0; i < 4; i++) {
            err = lg_shutdown_start(down, wrong_order ? wrong[i] : right[i]);
            if (err)
                lg_return(err);
        }
        err = lg_shutdown_ready(down);
        if (err)
            lg_return(err);
        lg_shutdown_wait(down);
        lg_return(NULL);
    }
}

/* ---- the other side ---- */

/* Sends jobs until they are refused, or the pool has gone: that is how its end is seen from here. */
static lg_error *send_jobs(const char *path, unsigned connection_number)
{
    struct sockaddr_un address = address_of(path);
    char answer = ACCEPTED;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return lg_error_new_errno("socket");
    lg_defer(lg_close, fd, NULL);
    lg_error *error = lg_connect(fd, (struct sockaddr *)&address, sizeof(address),
                                 lg_until_forever());
    if (error && !lg_error_is_errno(error, ENOENT) && !lg_error_is_errno(error, ECONNREFUSED))
        return lg_error_wrap(error, "connect to %s", path);
    for (uint64_t job = (uint64_t)connection_number << 32; !error && answer == ACCEPTED; job++) {
        error = lg_write(fd, &job, sizeof(job), lg_until_forever(), NULL);
        if (!error)
            error = lg_read_full(fd, &answer, 1, lg_until_forever(), NULL);
        if (!error && answer == ACCEPTED)
            printf("%" PRIu64 "\n", job);
    }
    lg_error_free(error);
    return NULL;
}

static lg_error *load(const char *path, unsigned connections)
{
    lg_func (lg_error *, err) {
        lg_defer_block {
            if (fflush(stdout) != 0 || ferror(stdout))
                lg_error_join_into(&err, lg_error_new("standard output is incomplete"));
        }
        lg_group_scope(senders, &err);
        for (unsigned i = 1; i <= connections; i++)
            lg_group_go(&senders, send_jobs, path, i);
        lg_return(NULL);
    }
}

static int report(lg_error *err)
{
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--load") == 0)
        return report(load(argv[2], (unsigned)strtoul(argv[3], NULL, 10)));
    bool wrong_order = argc == 5 && strcmp(argv[4], "--wrong-order") == 0;
    if (argc != 4 && !wrong_order) {
        fputs("usage: worker_pool SOCKET LOG METRICS [--wrong-order]\n", stderr);
        return 2;
    }
    pool.socket_path = argv[1];
    pool.log_path = argv[2];
    pool.metrics_path = argv[3];
    pool.accepting = lg_context_with_cancel(lg_context_background());
    pool.queue = lg_chan_make(uint64_t, QUEUE);
    if (report(run_pool(wrong_order)) != 0)
        return 1; /* a stage may have been out of time: its goroutines still use all this */
    lg_chan_unref(pool.queue);
    lg_context_free(pool.accepting);
    return 0;
}
