/* Merging sorted files: all inputs are open at once, so each is adopted by the function's scope as the loop opens it
 * (D16). Whichever open fails, the inputs that are already open are closed; and a failure to close the output lands in
 * the result (E6). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum { INPUTS = 3 };

struct input {
    FILE *file;
    char *line;
    size_t size; /* of the memory of `line` */
    bool has_line;
};

/* The last line of a file may lack its line feed; the output must not. */
static lg_error *next_line(struct input *input)
{
    errno = 0;
    ssize_t length = getline(&input->line, &input->size, input->file);
    input->has_line = length >= 0;
    if (!input->has_line && !feof(input->file))
        return lg_error_new_errno("read");
    if (length > 0 && input->line[length - 1] == '\n')
        input->line[length - 1] = '\0';
    return NULL;
}

static struct input *smallest(struct input *inputs)
{
    struct input *found = NULL;
    for (struct input *i = inputs; i < inputs + INPUTS; i++) {
        if (i->has_line && (!found || strcmp(i->line, found->line) < 0))
            found = i;
    }
    return found;
}

static void free_line(struct input *input)
{
    free(input->line);
}

static lg_error *merge(const char *const paths[INPUTS], const char *to)
{
    lg_func (lg_error *, err) {
        struct input inputs[INPUTS] = {0};
        lg_scope(files);
        for (int i = 0; i < INPUTS; i++) {
            lg_try(lg_adopt_errno(&files, &inputs[i].file, fopen(paths[i], "r"), fclose, "open %s",
                                  paths[i]));
            lg_defer_in(&files, free_line, &inputs[i]);
            lg_try(next_line(&inputs[i]), "%s", paths[i]);
        }
        FILE *out = lg_adopt(&files, fopen(to, "w"), lg_fclose, &err);
        if (!out)
            lg_return(lg_error_new_errno("create %s", to));

        for (struct input *input; (input = smallest(inputs));) {
            fprintf(out, "%s\n", input->line);
            lg_try(next_line(input), "%s", paths[input - inputs]);
        }
    }
}

static lg_error *write_text(const char *path, const char *text)
{
    lg_func (lg_error *, err) {
        lg_adopt_as(file, fopen(path, "w"), lg_fclose, &err);
        if (!file)
            lg_return(lg_error_new_errno("create %s", path));
        fputs(text, file);
    }
}

static lg_error *print(const char *path)
{
    lg_func (lg_error *, err) {
        lg_adopt_as(file, fopen(path, "r"), lg_fclose, &err); /* tells of a read that failed, too */
        if (!file)
            lg_return(lg_error_new_errno("open %s", path));
        for (int c; (c = getc(file)) != EOF;)
            putchar(c);
    }
}

static lg_error *merge_three(void)
{
    static const char *const paths[INPUTS] = {"fruit", "roots", "herbs"};
    static const char *const texts[INPUTS] = {"apple\npear\n", "beet\nturnip\n", "basil\nmint\n"};
    const char *parent = getenv("TMPDIR");
    char folder[4096];
    lg_func (lg_error *, err) {
        lg_scope(scratch);
        snprintf(folder, sizeof(folder), "%s/merge-XXXXXX", parent ? parent : "/tmp");
        if (!lg_adopt(&scratch, mkdtemp(folder), rmdir))
            lg_return(lg_error_new_errno("create %s", folder));
        if (chdir(folder) != 0)
            lg_return(lg_error_new_errno("enter %s", folder));
        for (int i = 0; i < INPUTS; i++) {
            lg_defer_in(&scratch, unlink, paths[i]);
            lg_try(write_text(paths[i], texts[i]));
        }
        lg_defer_in(&scratch, unlink, "all");
        lg_try(merge(paths, "all"));
        lg_try(print("all"));

        const char *const missing[INPUTS] = {paths[0], paths[1], "missing"};
        lg_try(merge(missing, "all"), "a second time");
    }
}

int main(void)
{
    lg_error *err = merge_three();
    bool expected = lg_error_is_errno(err, ENOENT);
    lg_error_print(err, expected ? stdout : stderr);
    lg_error_free(err);
    return expected ? 0 : 1;
}
