/* The file is closed, and the memory freed, whether reading succeeds, fails or panics. Each is deferred
 * right after it was acquired, and not before: a failed open leaves nothing to close. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include <lifoguard/lifoguard.h>

static lg_error *count_bytes(const char *path)
{
    lg_file *file;
    lg_error *err = lg_file_open(path, O_RDONLY, 0, &file);
    if (err)
        return err;
    lg_defer(lg_file_free, file);

    char *data;
    size_t size;
    err = lg_file_read_all(file, &data, &size);
    if (err)
        return err;
    lg_defer(free, data);

    printf("read %zu bytes\n", size);
    return NULL;
}

int main(void)
{
    lg_error *err = count_bytes("/proc/sys/kernel/hostname");
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    return 0;
}
