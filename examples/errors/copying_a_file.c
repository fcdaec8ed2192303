/* A copy that is either complete and on the disk, or an error. What is deferred runs from the bottom up:
 * both files are closed, and a failure to do so counts, without hiding an earlier one (E6); then, if
 * anything failed, the half-made copy goes (D11); and last the error is told what was being done. The
 * sync comes before the close: only it can say that the data has arrived. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static lg_error *copy_file(const char *from, const char *to)
{
    lg_func (lg_error *, err) {
        lg_defer_block {
            err = lg_error_wrap(err, "copy %s to %s", from, to);
        }

        lg_file *in;
        err = lg_file_open(from, O_RDONLY, 0, &in);
        if (err)
            lg_return(err);
        lg_defer(lg_file_close, in, &err);

        lg_file *out;
        err = lg_file_create(to, 0666, &out);
        if (err)
            lg_return(err);
        lg_defer_on_error(unlink, to);
        lg_defer(lg_file_close, out, &err);

        char buffer[4096];
        size_t size;
        do {
            err = lg_file_read(in, buffer, sizeof(buffer), &size);
            if (!err)
                err = lg_file_write(out, buffer, size);
            if (err)
                lg_return(err);
        } while (size > 0);
        lg_return(lg_file_sync(out));
    }
}

static lg_error *copy_to_a_scratch_folder(void)
{
    const char *parent = getenv("TMPDIR");
    char folder[4096], copy[4096 + 16];
    snprintf(folder, sizeof(folder), "%s/copy-XXXXXX", parent ? parent : "/tmp");
    if (!mkdtemp(folder))
        return lg_error_new_errno("create %s", folder);
    lg_defer(rmdir, folder);

    snprintf(copy, sizeof(copy), "%s/hostname", folder);
    lg_error *err = copy_file("/proc/sys/kernel/hostname", copy);
    if (!err)
        unlink(copy);
    return err;
}

int main(void)
{
    lg_error *err = copy_to_a_scratch_folder();
    lg_defer(lg_error_free, err);
    if (lg_error_is_errno(err, ENOENT)) {
        puts("source missing");
        return 1;
    }
    if (err) {
        lg_error_print(err, stderr);
        return 1;
    }
    puts("copy ok");
    return 0;
}
