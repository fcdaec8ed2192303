/* In Go a defer in a loop waits for the function's end, and a million paths are a million open files.
 * Here lg_defer belongs to the block it stands in, so that each pass closes its own file. To keep them
 * all, one has to ask for it, with a scope that lives as long as the function. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

enum { FILES = 100 };

static int open_descriptors(void)
{
    DIR *list = opendir("/proc/self/fd");
    if (!list)
        lg_panic_with_error(lg_error_new_errno("open /proc/self/fd"));
    lg_defer(closedir, list);
    int count = 0;
    while (readdir(list))
        count++;
    return count;
}

static void note_most(int *most)
{
    int now = open_descriptors();
    if (now > *most)
        *most = now;
}

static lg_error *all_kept_until_the_end(int *most)
{
    lg_scope(whole_function);
    for (int i = 0; i < FILES; i++) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return lg_error_new_errno("open /dev/null");
        lg_defer_in(&whole_function, close, fd);
        note_most(most);
    }
    return NULL;
}

static lg_error *one_at_a_time(int *most)
{
    for (int i = 0; i < FILES; i++) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return lg_error_new_errno("open /dev/null");
        lg_defer(close, fd);
        note_most(most);
    }
    return NULL;
}

static int most_open_in(lg_error *(*process)(int *))
{
    int before = open_descriptors(), most = before;
    lg_error *err = process(&most);
    if (err)
        lg_panic_with_error(err);
    return most - before;
}

int main(void)
{
    printf("%d files, all kept until the end: %d open at most\n", FILES,
           most_open_in(all_kept_until_the_end));
    printf("%d files, one at a time: %d open at most\n", FILES, most_open_in(one_at_a_time));
    return 0;
}
