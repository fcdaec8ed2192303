#define _GNU_SOURCE
#include "interpreter.h"

#include "buffer.h"
#include "direct.h"
#include "launch.h"
#include "scratch.h"

#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char default_shell[] = "/bin/sh";
static const char *shell = default_shell;
static char *const *shell_arguments;
static bool traces;

void interpreter_use(const char *program, bool trace, char *const *arguments)
{
    shell = program ? program : default_shell;
    traces = trace;
    shell_arguments = arguments;
}

void interpreter_name_file(const char *path)
{
    char *absolute = realpath(path, NULL);
    lg_defer(free, absolute);
    setenv("LIFOGUARD_JOB_FILE", absolute ? absolute : path, 1);
}

const char *interpreter_argument(const char *name, size_t length)
{
    size_t count = 0;
    while (shell_arguments && shell_arguments[count])
        count++;
    if (*name == '@' || *name == '*')
        return count ? shell_arguments[0] : NULL;
    size_t number = 0;
    for (size_t i = 0; i < length && number <= count; i++)
        number = 10 * number + (size_t)(name[i] - '0');
    return number > 0 && number <= count ? shell_arguments[number - 1] : NULL;
}

static size_t add_all(const char **words, size_t count, char *const *more)
{
    while (more && *more)
        words[count++] = *more++;
    return count;
}

static size_t count_of(char *const *words)
{
    size_t count = 0;
    while (words && words[count])
        count++;
    return count;
}

/* The shell with its options, until the next call for another one. */
static char **program_of(const char *text)
{
    static char **program;
    static const char *split;
    if (!program || strcmp(split, text) != 0) {
        free(program);
        program = split_words(text);
        split = text;
    }
    return program;
}

/* `sh OPTIONS COMMAND NAME ARGUMENTS`: a list for the caller to free, whose words are others'. COMMAND NULL: it reads its input. */
static const char **shell_words(const char *program, const char *options, const char *command,
                                const char *name)
{
    char **first = program_of(program);
    size_t count = count_of(first) + count_of(shell_arguments);
    const char **words = need_memory(NULL, (count + 7) * sizeof(*words));
    size_t n = add_all(words, 0, first);
    words[n++] = options;
    if (traces && strcmp(options, "-c") == 0)
        words[n++] = "-x";
    words[n++] = "--";
    if (command) {
        words[n++] = command;
        words[n++] = name;
        n = add_all(words, n, shell_arguments);
    }
    words[n] = NULL;
    return words;
}

const char **interpreter_words(const char *command, const char *name)
{
    return shell_words(shell, "-c", command, name);
}

char **interpreter_words_without(const char *command)
{
    return shell == default_shell && !traces ? direct_words(command) : NULL;
}

bool interpreter_is_needless(const char *command)
{
    char **words = interpreter_words_without(command);
    free(words);
    return words != NULL;
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
    const char **words = shell_words(program, command ? "-nc" : "-ns", command, "sh");
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

bool interpreter_can_read(const char *script, size_t length)
{
    struct reading reading;
    reading_begin(&reading, shell, script, length);
    return reading_end(&reading);
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
        lg_return(err || status == 0 ? err : shells_words(words));
    }
}

lg_error *interpreter_check(const char *command)
{
    return reading_check(shell, command);
}
