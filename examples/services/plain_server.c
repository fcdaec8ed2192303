/* A server with a plain main loop, as C programs have had it for decades: poll(2), no goroutines, no threads of its own.
 * The shutdown manager stops it in order, within its budget.
 *
 *     plain_server [LOG-FILE]      prints the port that it listens on; GET /ready, /slow or anything else
 *
 * On SIGTERM or SIGINT: readiness goes off, so that load balancers look elsewhere; it serves on for the drain delay; then
 * the listener is closed, requests that are under way are answered, and last the log is closed, in which they all
 * are. A second signal ends it at once. Under systemd it tells when it is ready and what it is stopping; as process 1
 * of a container it reaps orphans. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum { CLIENTS = 64 };

#define PATIENCE (10 * LG_SECOND)   /* for a whole request */
#define PAUSE (20 * LG_MILLISECOND) /* when no connection could be taken */

struct client {
    int fd; /* -1: none */
    char request[1024];
    size_t length;
    lg_time give_up; /* when the request must be complete */
    lg_time due;     /* when the response is ready; 0: the request is not complete */
    const char *response;
};

static struct server {
    const char *log_path;
    FILE *log;
    int listener;
    lg_time listen_again; /* not before: there were no descriptors */
    struct client clients[CLIENTS];
    lg_readiness readiness;
} server = {.listener = -1, .readiness = LG_READINESS_INIT(NULL)};

/* ---- serving ---- */

static void hang_up(struct client *client)
{
    close(client->fd);
    client->fd = -1;
}

static void answer(struct client *client)
{
    char path[64] = "";
    sscanf(client->request, "GET %63s", path);
    /* It is the first that this socket sends, and short: there is room for all of it. */
    size_t length = strlen(client->response);
    if (send(client->fd, client->response, length, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)length)
        fprintf(server.log, "%s\n", path);
    hang_up(client);
}

static void hear(struct client *client)
{
    size_t room = sizeof(client->request) - 1 - client->length;
    ssize_t got = recv(client->fd, client->request + client->length, room, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        hang_up(client);
        return;
    }
    client->length += (size_t)got;
    client->request[client->length] = '\0';
    if (!strstr(client->request, "\r\n\r\n"))
        return;
    client->due = lg_now();
    client->response = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nhello\n";
    if (strncmp(client->request, "GET /ready ", 11) == 0)
        client->response = lg_readiness_response(&server.readiness);
    else if (strncmp(client->request, "GET /slow ", 10) == 0)
        client->due += 800 * LG_MILLISECOND;
}

static struct client *free_place(void)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (server.clients[i].fd < 0)
            return &server.clients[i];
    }
    return NULL;
}

/* If there are no descriptors, the connection remains to be taken, and poll would return at once: a pause. (Other errors are
 * those of a connection that has gone again.) */
static void take_connection(struct client *client)
{
    int fd = accept4(server.listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        *client = (struct client){.fd = fd, .give_up = lg_now() + PATIENCE};
    else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        server.listen_again = lg_now() + PAUSE;
}

static int milliseconds_until(lg_time time)
{
    lg_duration rest = time - lg_now();
    return rest <= 0 ? 0 : (int)(rest / LG_MILLISECOND) + 1;
}

static lg_time sooner(lg_time a, lg_time b)
{
    return a < b ? a : b;
}

/* A connection that has something to read, or whose time has come. */
static void attend(struct client *client, bool readable)
{
    if (readable)
        hear(client);
    if (client->fd < 0)
        return;
    if (client->due && client->due <= lg_now())
        answer(client);
    else if (!client->due && client->give_up <= lg_now())
        hang_up(client);
}

/* Waits for what comes next, but not longer than `until`, or until fd can be read, and deals with it. False: there
 * are no connections. */
static bool serve_some(int fd, lg_time until)
{
    struct pollfd fds[CLIENTS + 2];
    struct client *clients[CLIENTS + 2], *place = free_place();
    nfds_t count = 0; /* of what is there: poll refuses more than RLIMIT_NOFILE */
    bool listens = server.listener >= 0 && place && server.listen_again <= lg_now();
    fds[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
    fds[count++] = (struct pollfd){.fd = listens ? server.listener : -1, .events = POLLIN};
    if (server.listener >= 0 && place && !listens)
        until = sooner(until, server.listen_again);
    for (struct client *client = server.clients; client < server.clients + CLIENTS; client++) {
        if (client->fd < 0)
            continue;
        until = sooner(until, client->due ? client->due : client->give_up);
        clients[count] = client;
        fds[count++] = (struct pollfd){.fd = client->due ? -1 : client->fd, .events = POLLIN};
    }
    bool any = count > 2;
    if (!any && server.listener < 0)
        return false;
    int ready = poll(fds, count, until == LG_DURATION_MAX ? -1 : milliseconds_until(until));
    for (nfds_t i = 2; i < count; i++)
        attend(clients[i], ready > 0 && fds[i].revents);
    if (ready > 0 && fds[1].revents)
        take_connection(place);
    return any;
}

/* ---- what is started and stopped ---- */

static lg_error *open_log(void *unused, const lg_context *context)
{
    (void)unused;
    (void)context;
    server.log = fopen(server.log_path, "w");
    return server.log ? NULL : lg_error_new_errno("%s", server.log_path);
}

static lg_error *close_log(void *unused, const lg_context *context)
{
    lg_error *error = NULL;
    (void)unused;
    (void)context;
    lg_fclose(server.log, &error);
    return error;
}

/* The main loop has ended: what it has left is served here, as long as the stage's context lets us. */
static lg_error *finish_requests(void *unused, const lg_context *context)
{
    lg_time until = LG_DURATION_MAX;
    (void)unused;
    lg_context_deadline(context, &until);
    while (!lg_context_error(context) && serve_some(-1, until))
        ;
    for (size_t i = 0; i < CLIENTS; i++) {
        if (server.clients[i].fd >= 0)
            hang_up(&server.clients[i]);
    }
    return lg_context_error(context);
}

static lg_error *start_listening(void *unused, const lg_context *context)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    (void)unused;
    (void)context;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return lg_error_new_errno("socket");
    if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, CLIENTS) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        printf("%d\n", ntohs(address.sin_port)) < 0 || fflush(stdout) != 0) {
        lg_error *error = lg_error_new_errno("listen, and print the port");
        close(fd);
        return error;
    }
    server.listener = fd;
    return NULL;
}

static lg_error *stop_listening(void *unused, const lg_context *context)
{
    lg_error *error = NULL;
    (void)unused;
    (void)context;
    lg_close(server.listener, &error);
    server.listener = -1;
    return error;
}

static lg_error *serve(lg_notify *manager)
{
    lg_func (lg_error *, err) {
        static const lg_stage stages[] = {
            {.name = "log", .start = open_log, .stop = close_log, .limit = LG_SECOND},
            {.name = "requests", .stop = finish_requests, .limit = 3 * LG_SECOND},
            {.name = "listener", .start = start_listening, .stop = stop_listening},
        };
        const lg_shutdown_options options = {.budget = 5 * LG_SECOND,
                                             .drain_delay = 2 * LG_SECOND,
                                             .grace_period = 10 * LG_SECOND,
                                             .readiness = &server.readiness,
                                             .notify = manager,
                                             .log = STDERR_FILENO};
        lg_shutdown *down;
        err = lg_shutdown_new(&down, &options);
        if (err)
            lg_return(err);
        lg_defer(lg_shutdown_close, down, &err);

        for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
            err = lg_shutdown_start(down, &stages[i]);
            if (err)
                lg_return(err);
        }
        err = lg_shutdown_ready(down);
        if (err)
            lg_return(err);
        lg_duration interval = lg_notify_watchdog_interval(manager) / 2;
        while (!lg_shutdown_is_requested(down)) {
            serve_some(lg_shutdown_fd(down), interval ? lg_now() + interval : LG_DURATION_MAX);
            lg_notify_watchdog(manager);
        }
        lg_return(NULL);
    }
}

int main(int argc, char **argv)
{
    lg_error *err = lg_pid1_guard(NULL);
    server.log_path = argc > 1 ? argv[1] : "/dev/null";
    for (size_t i = 0; i < CLIENTS; i++)
        server.clients[i].fd = -1;
    if (!err) {
        lg_notify *manager = lg_notify_open();
        err = serve(manager);
        lg_notify_free(manager);
    }
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
