/* http_server DATABASE [wrong-order]: an HTTP server (libmicrohttpd) with SQLite behind it, which ends in order.
 *
 *     POST /add      adds a row, and answers when it is in the database
 *     GET /count     how many there are
 *
 * At SIGTERM the listener is closed, the requests in flight are answered, and then the database is closed: what was started
 * last is stopped first. In the wrong order the database is closed first, and the requests in flight are answered with
 * an error.
 *
 * It prints its port. */
#include <arpa/inet.h>
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct service {
    const char *path;
    sqlite3 *db;
    lg_mutex lock; /* of the database: one statement at a time */
    struct MHD_Daemon *http;
    int listener, port;
    lg_context *taking; /* connections */
    lg_group takers;
    lg_waitgroup connections, in_flight;
};

/* ---- the database ---- */

static lg_error *database_start(void *argument, const lg_context *ctx)
{
    struct service *service = argument;
    (void)ctx;
    lg_func (lg_error *, err) {
        if (sqlite3_open(service->path, &service->db) != SQLITE_OK ||
            sqlite3_exec(service->db,
                         "PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS entry (id INTEGER "
                         "PRIMARY KEY)",
                         NULL, NULL, NULL) != SQLITE_OK) {
            err = lg_error_newf("%s: %s", service->path, sqlite3_errmsg(service->db));
            sqlite3_close(service->db);
            service->db = NULL;
        }
        if (!err)
            sqlite3_busy_timeout(service->db, 2000); /* others may use the file too */
        lg_return(err);
    }
}

static lg_error *database_stop(void *argument, const lg_context *ctx)
{
    struct service *service = argument;
    (void)ctx;
    lg_mutex_lock(&service->lock);
    lg_defer(lg_mutex_unlock, &service->lock);
    if (sqlite3_close(service->db) != SQLITE_OK)
        return lg_error_newf("close: %s", sqlite3_errmsg(service->db));
    service->db = NULL;
    return NULL;
}

static lg_error *query(struct service *service, const char *sql, int *result)
{
    lg_func (lg_error *, err) {
        lg_mutex_lock(&service->lock);
        lg_defer(lg_mutex_unlock, &service->lock);
        if (!service->db)
            lg_return(lg_error_new("the database is closed"));
        sqlite3_stmt *statement;
        if (sqlite3_prepare_v2(service->db, sql, -1, &statement, NULL) != SQLITE_OK)
            lg_return(lg_error_new(sqlite3_errmsg(service->db)));
        lg_defer(sqlite3_finalize, statement);
        int status = sqlite3_step(statement);
        if (status == SQLITE_ROW)
            *result = sqlite3_column_int(statement, 0);
        else if (status != SQLITE_DONE)
            lg_return(lg_error_new(sqlite3_errmsg(service->db)));
        lg_return(NULL);
    }
}

/* ---- requests ---- */

static enum MHD_Result reply(struct MHD_Connection *connection, unsigned status, const char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    lg_defer(MHD_destroy_response, response);
    return MHD_queue_response(connection, status, response);
}

static enum MHD_Result answer(struct service *service, struct MHD_Connection *connection,
                              const char *method, const char *url)
{
    int result = 0;
    lg_error *err = NULL;
    if (strcmp(method, "POST") == 0 && strcmp(url, "/add") == 0) {
        usleep(2000); /* there is more to do than that */
        err = query(service, "INSERT INTO entry DEFAULT VALUES", &result);
    } else if (strcmp(method, "GET") == 0 && strcmp(url, "/count") == 0) {
        err = query(service, "SELECT count(*) FROM entry", &result);
    } else {
        return reply(connection, MHD_HTTP_NOT_FOUND, "there is no such thing\n");
    }
    lg_defer(lg_error_free, err);
    char text[256];
    if (err)
        lg_error_format(err, text, sizeof(text));
    else
        snprintf(text, sizeof(text), "%d\n", result);
    return reply(connection, err ? MHD_HTTP_INTERNAL_SERVER_ERROR : MHD_HTTP_OK, text);
}

/* Called when the headers are there, and again for the body and its end: then it is answered. From the first call
 * until `completed` the request is in flight. */
static enum MHD_Result handle(void *argument, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **request)
{
    struct service *service = argument;
    (void)version;
    (void)data;
    if (!*request) {
        *request = service;
        lg_waitgroup_add(&service->in_flight, 1);
        return MHD_YES;
    }
    if (*size > 0) {
        *size = 0;
        return MHD_YES;
    }
    return answer(service, connection, method, url);
}

static void completed(void *argument, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode how)
{
    struct service *service = argument;
    (void)connection;
    (void)how;
    if (*request)
        lg_waitgroup_done(&service->in_flight);
}

/* ---- the server: it takes connections itself, so that each is counted from its first moment ---- */

static void closed(void *argument, struct MHD_Connection *connection, void **unused,
                   enum MHD_ConnectionNotificationCode what)
{
    struct service *service = argument;
    (void)connection;
    (void)unused;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED)
        lg_waitgroup_done(&service->connections);
}

/* Is it one of the errors that pass, as others give back what they have? Then the listener is as good as before. */
static bool will_pass(const lg_error *err)
{
    int code = lg_error_errno(err);
    return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

/* Takes connections until `until`. While there are no descriptors for more, the others wait to be taken. */
static lg_error *take_connections(struct service *service, lg_until until)
{
    for (;;) {
        struct sockaddr_in peer;
        socklen_t length = sizeof(peer);
        int fd;
        lg_error *err = lg_accept(service->listener, (struct sockaddr *)&peer, &length, until, &fd);
        if (will_pass(err)) {
            lg_error_free(err);
            err = lg_sleep_until(20 * LG_MILLISECOND, until);
            if (!err)
                continue;
        }
        if (err)
            return err;
        lg_waitgroup_add(&service->connections, 1);
        if (MHD_add_connection(service->http, fd, (struct sockaddr *)&peer, length) != MHD_YES)
            lg_waitgroup_done(&service->connections); /* it has closed it */
    }
}

static void take_all(struct service *service)
{
    lg_error *err = take_connections(service, lg_until_context(service->taking));
    if (!lg_error_is(err, &lg_error_cancelled))
        lg_error_print(err, stderr);
    lg_error_free(err);
}

static lg_error *listen_here(struct service *service)
{
    lg_func (lg_error *, err) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            lg_return(lg_error_new_errno("socket"));
        lg_defer_on_error(lg_close, fd, NULL);
        if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 128) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) != 0)
            lg_return(lg_error_new_errno("listen"));
        service->listener = fd;
        service->port = ntohs(address.sin_port);
        if (printf("%d\n", service->port) < 0 || fflush(stdout) != 0)
            lg_return(lg_error_new_errno("print the port"));
        lg_return(NULL);
    }
}

/* While there are no descriptors, connections wait for others to end. So at least one connection must find a descriptor at
 * any time: a server that has none left before the first connection would be up, and answer nobody. The library, too, needs
 * a few more to wait. */
static lg_error *check_descriptors(void)
{
    enum { NEEDED = 6 };
    int fds[NEEDED], count = 0;
    while (count < NEEDED && (fds[count] = dup(STDERR_FILENO)) >= 0)
        count++;
    lg_error *err = count < NEEDED ? lg_error_new_errno("descriptors for connections") : NULL;
    while (count > 0)
        lg_close(fds[--count], &err);
    return err;
}

static lg_error *http_start(void *argument, const lg_context *ctx)
{
    struct service *service = argument;
    (void)ctx;
    lg_func (lg_error *, err) {
        err = listen_here(service);
        if (err)
            lg_return(err);
        lg_defer_on_error(lg_close, service->listener, NULL);
        service->http =
            MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_ITC |
                                 MHD_USE_NO_LISTEN_SOCKET,
                             0, NULL, NULL, handle, service, MHD_OPTION_THREAD_POOL_SIZE, 4U,
                             /* Silent clients are let go soon, and there are never too many. */
                             MHD_OPTION_CONNECTION_TIMEOUT, 5U, MHD_OPTION_CONNECTION_LIMIT, 512U,
                             MHD_OPTION_NOTIFY_COMPLETED, completed, service,
                             MHD_OPTION_NOTIFY_CONNECTION, closed, service, MHD_OPTION_END);
        if (!service->http)
            lg_return(lg_error_new_errno("HTTP"));
        lg_defer_on_error(MHD_stop_daemon, service->http);
        err = check_descriptors();
        if (err)
            lg_return(err);
        service->taking = lg_context_with_cancel(lg_context_background());
        lg_group_go(&service->takers, take_all, service);
        lg_return(NULL);
    }
}

/* Nobody new comes in; who is in is answered, in the time that there is. */
static lg_error *http_stop(void *argument, const lg_context *ctx)
{
    struct service *service = argument;
    lg_func (lg_error *, err) {
        lg_defer(MHD_stop_daemon, service->http);
        lg_context_cancel(service->taking);
        err = lg_group_wait(&service->takers);
        lg_context_free(service->taking);
        /* Those that the kernel has let in, and nobody has taken yet. */
        lg_error_free(take_connections(service, lg_until_timeout(0)));
        lg_close(service->listener, &err);
        /* Who has connected may not have sent the request yet; but who only keeps the connection for a next one is not
         * waited for. */
        lg_error_free(
            lg_waitgroup_wait_until(&service->connections, lg_until_timeout(2 * LG_SECOND)));
        lg_error_join_into(&err,
                           lg_waitgroup_wait_until(&service->in_flight, lg_until_context(ctx)));
        lg_return(err);
    }
}

/* ---- all together ---- */

static lg_error *run(struct service *service, bool wrong_order)
{
    lg_func (lg_error *, err) {
        /* In the wrong order the database comes, by its name, after the server. */
        const lg_stage database = {.name = "database",
                                   .start = database_start,
                                   .stop = database_stop,
                                   .argument = service,
                                   .needs = wrong_order ? LG_NEEDS("http") : NULL};
        const lg_stage http = {.name = "http",
                               .start = http_start,
                               .stop = http_stop,
                               .argument = service,
                               .limit = 5 * LG_SECOND,
                               .needs = wrong_order ? LG_NEEDS_NONE : NULL};
        lg_shutdown *down;
        err = lg_shutdown_new(&down, &(lg_shutdown_options){.budget = 10 * LG_SECOND});
        if (err)
            lg_return(err);
        lg_defer(lg_shutdown_close, down, &err);
        err = lg_shutdown_start(down, &database);
        if (!err)
            err = lg_shutdown_start(down, &http);
        if (!err)
            err = lg_shutdown_ready(down);
        if (!err)
            lg_shutdown_wait(down);
        lg_return(err);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: http_server DATABASE [wrong-order]\n");
        return 2;
    }
    struct service service = {.path = argv[1]};
    lg_error *err = run(&service, argc > 2 && strcmp(argv[2], "wrong-order") == 0);
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
