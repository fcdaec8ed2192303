#define _GNU_SOURCE
#include "execute.h"

#include "closers/own_fd.h"

#include <errno.h>
#include <unistd.h>

_Noreturn void child_fail(int failure)
{
    int number = errno;
    ssize_t written = write(failure, &number, sizeof(number));
    (void)written;
    _exit(127);
}

_Noreturn void child_execute(const char *const *arguments, const char *const *environment,
                             int failure)
{
    /* execvpe changes neither: its prototype is older than const. */
    union {
        const char *const *text;
        char *const *words;
    } argv = {.text = arguments}, envp = {.text = environment};
    execvpe(argv.words[0], argv.words, envp.words);
    child_fail(failure);
}

int child_failure(int failure)
{
    int number = 0;
    ssize_t got;
    do
        got = read(failure, &number, sizeof(number));
    while (got < 0 && errno == EINTR);
    return got == sizeof(number) ? number : 0;
}

int child_start(void (*become)(const void *data, int failure), const void *data, pid_t *pid,
                int *not_executed)
{
    int failure[2];
    if (lgi_own_pipe(failure, 0) != 0)
        return errno;
    *pid = fork();
    int failed = *pid < 0 ? errno : 0;
    if (*pid == 0) {
        become(data, failure[1]);
        child_fail(failure[1]);
    }
    close(failure[1]);
    *not_executed = failed ? 0 : child_failure(failure[0]);
    close(failure[0]);
    return failed;
}
