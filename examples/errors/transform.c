/* transform INPUT OUTPUT: writes the lines of INPUT, sorted, to OUTPUT.
 *
 * A small program as it should be: every failure is reported, nothing leaks on any way out, and
 * OUTPUT is either what it was before or complete, never half written: the new one is written
 * beside it, brought to the disk, closed, and only then renamed over it. tests/torture makes each
 * of its system calls and allocations fail, one after the other.
 *
 * Each function acquires, defers the release in the next line, and goes on; there is no cleanup
 * code anywhere else, and no path through a function can miss it. */
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static lg_error *read_input(const char *path, char **text, size_t *size)
{
    lg_func (lg_error *, err) {
        lg_file *file;
        err = lg_file_open(path, O_RDONLY, 0, &file);
        if (err)
            lg_return(err);
        lg_defer(lg_file_close, file, &err);
        lg_return(lg_file_read_all(file, text, size));
    }
}

/* ---- the transformation ---- */

struct line {
    const char *start;
    size_t length;
};

static int compare(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    size_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->start, b->start, shorter);
    return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Splits a text into lines, without their line feeds, and stores the first `room` of them. Returns how many there are. */
static size_t split(const char *text, size_t size, struct line *lines, size_t room)
{
    size_t count = 0;
    const char *end = text + size;
    while (text < end) {
        const char *feed = memchr(text, '\n', (size_t)(end - text));
        const char *stop = feed ? feed : end;
        if (count < room)
            lines[count] = (struct line){text, (size_t)(stop - text)};
        count++;
        text = feed ? feed + 1 : end;
    }
    return count;
}

/* *sorted is for the caller to free: as long as the text, and a line feed more if its last line had
 * none. */
static lg_error *sort_lines(const char *text, size_t size, char **sorted, size_t *sorted_size)
{
    lg_func (lg_error *, err) {
        size_t count = split(text, size, NULL, 0);
        struct line *lines = malloc((count + 1) * sizeof(*lines));
        if (!lines)
            lg_return(lg_error_wrap(&lg_error_out_of_memory, "sort %zu lines", count));
        lg_defer(free, lines);
        split(text, size, lines, count);
        qsort(lines, count, sizeof(*lines), compare);

        char *at = *sorted = malloc(size + 1);
        if (!at)
            lg_return(lg_error_wrap(&lg_error_out_of_memory, "sort %zu lines", count));
        for (size_t i = 0; i < count; i++) {
            memcpy(at, lines[i].start, lines[i].length);
            at += lines[i].length;
            *at++ = '\n';
        }
        *sorted_size = (size_t)(at - *sorted);
        lg_return(NULL);
    }
}

/* ---- the output ---- */

/* Renaming would put a file in the place of a device or a link. */
static lg_error *check_output(const char *path)
{
    struct stat status;
    if (lstat(path, &status) == 0)
        return S_ISREG(status.st_mode) ? NULL : lg_error_newf("%s is not a regular file", path);
    return errno == ENOENT ? NULL : lg_error_new_errno("stat %s", path);
}

static lg_error *temporary_name(const char *path, char **name)
{
    size_t size = strlen(path) + 32;
    *name = malloc(size);
    if (!*name)
        return lg_error_wrap(&lg_error_out_of_memory, "write %s", path);
    snprintf(*name, size, "%s.%ld.tmp", path, (long)getpid());
    return NULL;
}

static void remove_temporary(const char *name, lg_error **result)
{
    if (unlink(name) != 0)
        lg_error_join_into(result, lg_error_new_errno("remove %s", name));
}

static lg_error *write_output(const char *path, const char *data, size_t size)
{
    lg_func (lg_error *, err) {
        char *name;
        err = check_output(path);
        if (err)
            lg_return(err);
        err = temporary_name(path, &name);
        if (err)
            lg_return(err);
        lg_defer(free, name);

        lg_file *file;
        err = lg_file_open(name, O_WRONLY | O_CREAT | O_EXCL, 0666, &file);
        if (err)
            lg_return(err);
        lg_defer_on_error(remove_temporary, name, &err);
        lg_defer(lg_file_close, file, &err);

        err = lg_file_write(file, data, size);
        if (!err)
            err = lg_file_sync(file);
        if (!err)
            err = lg_file_close_now(file);
        if (!err && rename(name, path) != 0)
            err = lg_error_new_errno("rename %s to %s", name, path);
        lg_return(err);
    }
}

/* ---- all together ---- */

static void free_text(char **text)
{
    free(*text);
}

static lg_error *transform(const char *input, const char *output)
{
    lg_func (lg_error *, err) {
        char *text = NULL, *sorted = NULL;
        size_t size = 0, sorted_size = 0;
        lg_defer(free_text, &text);
        lg_defer(free_text, &sorted);
        err = read_input(input, &text, &size);
        if (!err)
            err = sort_lines(text, size, &sorted, &sorted_size);
        if (!err)
            err = write_output(output, sorted, sorted_size);
        lg_return(lg_error_wrap(err, "transform"));
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: transform INPUT OUTPUT\n");
        return 2;
    }
    lg_error *err = transform(argv[1], argv[2]);
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
