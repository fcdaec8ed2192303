/* The first step of a small service: read the names of jobs, one a line. The file is closed on every way out,
 * and a failure to read or close it is the result; what was read until then goes with it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct jobs {
    char **name;
    size_t count;
};

static void jobs_clear(struct jobs *jobs)
{
    for (size_t i = 0; i < jobs->count; i++)
        free(jobs->name[i]);
    free(jobs->name);
    *jobs = (struct jobs){0};
}

static lg_error *jobs_add(struct jobs *jobs, const char *name, size_t length)
{
    char **names = reallocarray(jobs->name, jobs->count + 1, sizeof(*names));
    if (!names)
        return lg_error_new_errno("add job %zu", jobs->count + 1);
    jobs->name = names;
    names[jobs->count] = strndup(name, length);
    if (!names[jobs->count])
        return lg_error_new_errno("add job %zu", jobs->count + 1);
    jobs->count++;
    return NULL;
}

static lg_error *load_jobs(const char *path, struct jobs *jobs)
{
    lg_func (lg_error *, err) {
        lg_defer_on_error(jobs_clear, jobs);

        FILE *file = fopen(path, "re");
        if (!file)
            lg_return(lg_error_new_errno("open %s", path));
        lg_defer(lg_fclose, file, &err);

        char *line = NULL;
        size_t size = 0;
        lg_defer_block {
            free(line);
        }
        while (getline(&line, &size, file) >= 0) {
            err = jobs_add(jobs, line, strcspn(line, "\n"));
            if (err)
                lg_return(err);
        }
        lg_return(feof(file) ? NULL : lg_error_new_errno("read %s", path));
    }
}

int main(void)
{
    struct jobs jobs = {0};
    lg_defer(jobs_clear, &jobs);
    lg_error *err = load_jobs("/proc/sys/kernel/hostname", &jobs);
    lg_defer(lg_error_free, err);
    if (err) {
        lg_error_print(err, stderr);
        return 1;
    }
    printf("jobs: [");
    for (size_t i = 0; i < jobs.count; i++)
        printf("%s%s", i > 0 ? " " : "", jobs.name[i]);
    printf("]\n");
    return 0;
}
