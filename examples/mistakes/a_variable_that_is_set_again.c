/* Mistake 8: a deferred block reads its variable when it runs. If that has been set to another file by
 * then, the second file is closed twice and the first one never. lg_defer keeps the value that was
 * there when it was deferred (D2). */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

struct outcome {
    int first, second; // the descriptors
    int failed_closes;
};

static int open_null(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        lg_panic_with_error(lg_error_new_errno("open /dev/null"));
    return fd;
}

static void close_counted(int fd, struct outcome *outcome)
{
    if (close(fd) < 0)
        outcome->failed_closes++;
}

static struct outcome wrong(void)
{
    lg_func (struct outcome, outcome) {
        int fd = outcome.first = open_null();
        lg_defer_block {
            close_counted(fd, &outcome);
        }
        fd = outcome.second = open_null();
        lg_defer_block {
            close_counted(fd, &outcome);
        }
    }
}

static struct outcome right(void)
{
    lg_func (struct outcome, outcome) {
        int fd = outcome.first = open_null();
        lg_defer(close_counted, fd, &outcome);
        fd = outcome.second = open_null();
        lg_defer(close_counted, fd, &outcome);
    }
}

static bool show(const char *which, struct outcome outcome)
{
    bool leaked = close(outcome.first) == 0;
    printf("%s: first file %s, %d failed to close\n", which, leaked ? "leaked" : "closed",
           outcome.failed_closes);
    return !leaked && outcome.failed_closes == 0;
}

int main(void)
{
    bool wrong_is_clean = show("wrong", wrong());
    bool right_is_clean = show("right", right());
    return !wrong_is_clean && right_is_clean ? 0 : 1;
}
