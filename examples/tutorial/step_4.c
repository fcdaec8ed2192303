/* Step 4: a goroutine for each connection, at most 100 at once. The group's block ends when the last of them has ended. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <unistd.h>

#include "net.h"

static lg_error *send_file(int to, int folder, const char *name)
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

        err = lg_write(to, "HTTP/1.0 200 OK\r\n\r\n", 19, lg_until_forever(), NULL);
        for (size_t count = 1; !err && count > 0;) {
            err = lg_read(file, buffer, BUFFER_SIZE, lg_until_forever(), &count);
            if (!err)
                err = lg_write(to, buffer, count, lg_until_forever(), NULL);
        }
        lg_return(lg_error_wrap(err, "send %s", name));
    }
}

static lg_error *try_to_answer(int connection, int folder)
{
    lg_func (lg_error *, err) {
        lg_defer(lg_close, connection, &err); // the connection is this function's now
        char name[NAME_SIZE];
        err = read_name(connection, name, lg_until_forever());
        if (!err)
            err = send_file(connection, folder, name);
        lg_return(err);
    }
}

static void answer(int connection, int folder)
{
    lg_error *err = try_to_answer(connection, folder);
    if (err)
        lg_error_print(err, stderr); // the others go on
    lg_error_free(err);
}

static lg_error *serve(const char *port, const char *path)
{
    lg_func (lg_error *, err) {
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
            err = accept_next(listener, lg_until_forever(), &connection);
            if (err)
                lg_return(err);
            lg_group_go(&connections, answer, connection, folder);
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 3) {
        fputs("usage: step_4 PORT FOLDER\n", stderr);
        return 2;
    }
    lg_error *err = serve(arguments[1], arguments[2]);
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
