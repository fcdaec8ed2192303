/* Step 7: stops in order and in time, whatever a request does, and tells what it did. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <unistd.h>

#include "net.h"

static lg_error *send_file(const lg_context *ctx, int to, int folder, const char *name)
{
    lg_func (lg_error *, err) {
        int file = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (file < 0)
            lg_return(lg_error_new_errno("open %s", name));
        lg_defer(lg_close, file, &err);

        char *buffer = malloc(BUFFER_SIZE);
        if (!buffer)
            lg_return(lg_error_new_errno("a buffer"));
        lg_defer(free, buffer);

        err = lg_write(to, "HTTP/1.0 200 OK\r\n\r\n", 19, lg_until_context(ctx), NULL);
        for (size_t count = 1; !err && count > 0;) {
            err = lg_read(file, buffer, BUFFER_SIZE, lg_until_context(ctx), &count);
            if (!err)
                err = lg_write(to, buffer, count, lg_until_context(ctx), NULL);
        }
        lg_return(lg_error_wrap(err, "send %s", name));
    }
}

static lg_error *try_to_answer(const lg_context *caller, int connection, int folder)
{
    lg_func (lg_error *, err) {
        lg_defer(lg_close, connection, &err); // the connection is this function's now
        lg_auto_context lg_context *ctx = lg_context_with_timeout(caller, 2 * LG_SECOND,
                                                                  .name = "request");
        char name[NAME_SIZE];
        err = read_name(connection, name, lg_until_context(ctx));
        if (!err && strcmp(name, "bug") == 0)
            lg_panic("nobody has thought of %s", name); // closes the connection, too
        if (!err)
            err = send_file(ctx, connection, folder, name);
        if (lg_error_is(err, &lg_error_deadline_exceeded)) {
            lg_error_free(err);
            err = lg_context_cause_copy(ctx); // names the limit
        }
        lg_return(err);
    }
}

static void keep_going(lg_panic_info *panic)
{
    if (panic) {
        fprintf(stderr, "a bug: %s\n", lg_panic_message(panic));
        lg_recover(panic);
    }
}

static void answer(const lg_context *caller, int connection, int folder)
{
    lg_func_recovers_void {
        lg_defer_recover(keep_going);
        lg_error *err = try_to_answer(caller, connection, folder);
        if (err)
            lg_error_print(err, stderr);
        lg_error_free(err);
    }
}

struct server {
    const char *port;
    int folder, listener;
    lg_context *accepting, *serving; // each ended by the stop of its stage
    lg_group acceptor, requests;
    lg_shutdown *down;
};

/* If the listener itself fails, the server ends, and the stop of the listener tells why. */
static lg_error *accept_connections(struct server *server)
{
    const lg_until until = lg_until_context(server->accepting);
    for (int connection; !lg_context_error(server->accepting);) {
        lg_error *err = accept_next(server->listener, until, &connection);
        if (lg_error_is(err, &lg_error_cancelled))
            return NULL;
        if (err) {
            lg_shutdown_request(server->down, "the listener failed");
            return err;
        }
        err = lg_group_go_with(&server->requests, ((lg_go_options){.until = &until}), answer,
                               server->serving, connection, server->folder);
        if (err)
            lg_close(connection, NULL); // nothing was started: it is still ours
        if (err && !lg_context_error(server->accepting))
            lg_error_print(err, stderr);
        lg_error_free(err);
    }
    return NULL;
}

static lg_error *start_listener(void *argument, const lg_context *context)
{
    struct server *server = argument;
    (void)context;
    lg_error *err = listen_on(server->port, &server->listener);
    if (!err)
        lg_group_go(&server->acceptor, accept_connections, server);
    return err;
}

static lg_error *stop_listener(void *argument, const lg_context *context)
{
    struct server *server = argument;
    lg_func (lg_error *, err) {
        lg_defer(lg_close, server->listener, &err);
        lg_context_cancel(server->accepting);
        lg_return(lg_group_wait_until(&server->acceptor, lg_until_context(context)));
    }
}

/* The requests may end by themselves until the context is done; what then still runs is cancelled. */
static lg_error *stop_requests(void *argument, const lg_context *context)
{
    struct server *server = argument;
    lg_error *err = lg_group_wait_until(&server->requests, lg_until_context(context));
    lg_context_cancel(server->serving);
    return lg_error_join(err, lg_group_wait(&server->requests));
}

static lg_error *serve(const char *port, const char *path)
{
    lg_func (lg_error *, err) {
        struct server server = {.port = port};
        server.folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (server.folder < 0)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_close, server.folder, &err);
        server.accepting = lg_context_with_cancel(lg_context_background());
        lg_defer(lg_context_free, server.accepting);
        server.serving = lg_context_with_cancel(lg_context_background());
        lg_defer(lg_context_free, server.serving);
        lg_group_set_limit(&server.requests, 100);

        lg_shutdown *down;
        err = lg_shutdown_new(
            &down, &(lg_shutdown_options){.budget = 5 * LG_SECOND, .log = STDERR_FILENO});
        if (err)
            lg_return(err);
        lg_defer(lg_shutdown_close, down, &err); // stops what was started, in reverse
        server.down = down;

        err = lg_shutdown_start(down, &(lg_stage){.name = "requests",
                                                  .stop = stop_requests,
                                                  .argument = &server,
                                                  .limit = 3 * LG_SECOND});
        if (!err)
            err = lg_shutdown_start(down, &(lg_stage){.name = "listener",
                                                      .start = start_listener,
                                                      .stop = stop_listener,
                                                      .argument = &server});
        if (!err)
            err = lg_shutdown_ready(down);
        if (err)
            lg_return(err);
        lg_shutdown_wait(down); // until Ctrl-C or SIGTERM
        lg_return(NULL);
    }
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: step_7 PORT FOLDER\n", stderr);
        return 2;
    }
    lg_error *err = serve(arguments[1], arguments[2]);
    if (err)
        lg_error_print(err, stderr);
    lg_defer(lg_error_free, err);
    return err ? 1 : 0;
}
