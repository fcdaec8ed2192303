#define _GNU_SOURCE
#include "execute.h"

#include "closers/own_fd.h"
#include "words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void child_fail(int failure)
{
    int number = errno;
    ssize_t written = write(failure, &number, sizeof(number));
    (void)written;
    _exit(127);
}

/* execvp changes neither: its prototype is older than const. It looks the program up in the PATH that the program is given; execvpe would
 * do so in ours. */
static void execute(const char *const *arguments, const char *const *environment)
{
    union {
        const char *const *text;
        char **words;
    } argv = {.text = arguments}, envp = {.text = environment};
    environ = envp.words;
    execvp(argv.words[0], argv.words);
}

bool execute_is_for_shell(const char *word, int failed)
{
    return failed == ENOENT && !strchr(word, '/') &&
           shell_word_kind(word, strlen(word)) == SHELL_WORD_ALSO;
}

void child_try_execute(const char *const *arguments, const char *const *environment)
{
    execute(arguments, environment);
    if (!execute_is_for_shell(arguments[0], errno))
        return;
    size_t count = 0;
    while (arguments[count])
        count++;
    const char **words = malloc((count + 4) * sizeof(*words));
    if (!words)
        return;
    words[0] = "/bin/sh";
    words[1] = "-c";
    words[2] = "\"$0\" \"$@\"";
    memcpy(words + 3, arguments, (count + 1) * sizeof(*words));
    execute(words, environment);
    free(words);
    errno = ENOENT; /* of the program; whether there is a shell is not the question */
}

_Noreturn void child_execute(const char *const *arguments, const char *const *environment,
                             int failure)
{
    child_try_execute(arguments, environment);
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
