/* Step 6: ends on Ctrl-C and SIGTERM, after the requests that run; a bug in one request does not end the others. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <signal.h>
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

static lg_error *serve(const char *port, const char *path)
{
    lg_func (lg_error *, err) {
        lg_context *ctx;
        err = lg_context_with_signals(lg_context_background(), &ctx, SIGINT, SIGTERM);
        if (err)
            lg_return(err);
        lg_defer(lg_context_free, ctx);

        int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_close, folder, &err);

        int listener;
        err = listen_on(port, &listener);
        if (err)
            lg_return(err);
        lg_defer(lg_close, listener, &err);

        lg_group_scope(connections, &err); // declared last: waits before the folder is closed
        lg_group_set_limit(&connections, 100);
        for (int connection;;) {
            err = accept_next(listener, lg_until_context(ctx), &connection);
            if (lg_error_is(err, &lg_error_cancelled))
                lg_return(NULL); // a signal: not an error; the group waits for the requests
            if (err)
                lg_return(err);
            lg_group_go(&connections, answer, lg_context_background(), connection, folder);
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: step_6 PORT FOLDER\n", stderr);
        return 2;
    }
    lg_error *err = serve(arguments[1], arguments[2]);
    if (err)
        lg_error_print(err, stderr);
    lg_defer(lg_error_free, err);
    return err ? 1 : 0;
}
