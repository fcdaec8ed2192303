#define _GNU_SOURCE
#include "reading.h"

#include "buffer.h"
#include "direct.h"
#include "launch.h"
#include "scratch.h"

#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* `sh -n`, and where it finds what it reads: a list for the caller to free, whose words are others'. */
static const char **shell_words(char *const *program, const char *command)
{
    size_t count = 0;
    while (program[count])
        count++;
    const char **words = need_memory(NULL, (count + 4) * sizeof(*words));
    size_t n = 0;
    for (; n < count; n++)
        words[n] = program[n];
    words[n++] = command ? "-nc" : "-ns";
    words[n++] = "--";
    if (command)
        words[n++] = command;
    words[n] = NULL;
    return words;
}

/* What the shell wrote, without its "sh: 1: " and all but the first line. */
static lg_error *shells_words(int fd)
{
    char text[300];
    ssize_t got = pread(fd, text, sizeof(text) - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const char *from = strstr(text, "yntax error");
    return lg_error_newf("the shell cannot read this: %s", from && from > text ? from - 1 : text);
}

/* Starts `sh -n`, its errors in `errors`; the command is COMMAND or, if that is NULL, in `script`. */
static lg_error *start_reading(const char *program, const char *command, int script, int errors,
                               pid_t *pid)
{
    char **first = split_words(program);
    lg_defer(free, first);
    const char **words = shell_words(first, command);
    lg_defer(free, words);
    const struct launch launch = {
        .input = command ? 0 : script, .output = {0, errors}, .terminal = -1, .words = {words}};
    int failed = launch_start(&launch, pid);
    return failed ? lg_error_new_code(failed, "starting %s", program) : NULL;
}

void reading_begin(struct reading *reading, const char *program, const char *script, size_t length)
{
    *reading = (struct reading){0};
    int fd = scratch_open("script");
    if (fd < 0)
        return;
    lg_defer(close, fd);
    int words = scratch_open("sh");
    if (words < 0)
        return;
    lg_defer(close, words);
    if (write(fd, script, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)
        return;
    lg_error *err = start_reading(program, NULL, fd, words, &reading->pid);
    if (err)
        reading->pid = 0;
    lg_error_free(err);
}

bool reading_end(const struct reading *reading)
{
    int status = 1;
    lg_error *err = reading->pid ? launch_await(reading->pid, &status) : NULL;
    bool readable = !err && status == 0;
    lg_error_free(err);
    return readable;
}

lg_error *reading_check(const char *program, const char *command)
{
    lg_func (lg_error *, err) {
        int words = scratch_open("sh");
        if (words < 0)
            lg_return(lg_error_new_errno("a file for what the shell says"));
        lg_defer(close, words);
        int status = 0;
        pid_t pid;
        err = start_reading(program, command, -1, words, &pid);
        if (!err)
            err = launch_await(pid, &status);
        lg_return(err || WIFSIGNALED(status) || status == 0 ? err : shells_words(words));
    }
}
