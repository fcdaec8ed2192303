/* Step 2: says what went wrong. An error tells the file, the cause and the place; a failure to close is not lost. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <unistd.h>

static lg_error *send_file(int to, const char *path)
{
    lg_func (lg_error *, err) {
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_close, file, &err); // a failure is joined to err

        char *buffer = malloc(16384);
        if (!buffer)
            lg_return(lg_error_new_errno("a buffer"));
        lg_defer(free, buffer);

        for (size_t count;;) {
            err = lg_read(file, buffer, 16384, lg_until_forever(), &count);
            if (err || count == 0)
                lg_return(lg_error_wrap(err, "read %s", path)); // no error stays no error
            err = lg_write(to, buffer, count, lg_until_forever(), NULL);
            if (err)
                lg_return(lg_error_wrap(err, "send %s", path));
        }
    }
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fputs("usage: step_2 FILE\n", stderr);
        return 2;
    }
    lg_error *err = send_file(STDOUT_FILENO, arguments[1]);
    if (err)
        lg_error_print(err, stderr);
    lg_defer(lg_error_free, err);
    return err ? 1 : 0;
}
