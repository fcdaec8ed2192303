/* Settings that are saved whole or not at all (F1): written by a stream, on the disk before they have the name, with the mode of
 * the file that they replace. A run that fails half-way leaves the old ones. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

static lg_error *save(const char *path, int volume, bool fails)
{
    lg_func (lg_error *, err) {
        lg_whole_file *file;
        lg_try(lg_whole_file_open(path, 0600, LG_WHOLE_FILE_KEEP, &file));
        lg_defer(lg_whole_file_close, file, &err);
        FILE *stream = lg_whole_file_stream(file);
        if (!stream)
            lg_return(lg_error_new_errno("write %s", path));
        fprintf(stream, "volume %d\n", volume);
        if (fails)
            lg_return(lg_error_new("the device went away"));
        lg_return(lg_whole_file_commit(file));
    }
}

static lg_error *show(const char *path)
{
    char line[64];
    lg_adopt_as(file, fopen(path, "r"), fclose);
    if (!file || !fgets(line, sizeof(line), file))
        return lg_error_new_errno("read %s", path);
    fputs(line, stdout);
    return NULL;
}

static lg_error *save_twice(void)
{
    lg_func (lg_error *, err) {
        const char *parent = getenv("TMPDIR");
        char path[4096];
        snprintf(path, sizeof(path), "%s/settings", parent ? parent : "/tmp");
        lg_defer(unlink, path);
        lg_try(save(path, 3, false));
        lg_try(show(path));
        lg_error *failed = save(path, 11, true);
        lg_defer(lg_error_free, failed);
        lg_error_print(failed, stdout);
        lg_try(show(path));
    }
}

int main(void)
{
    lg_error *err = save_twice();
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
