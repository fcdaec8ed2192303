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
static const char *shell = default_shell, *shell_name;
static char *const *shell_arguments;
static bool traces;

void interpreter_use(const char *program, bool trace, const char *name, char *const *arguments)
{
    shell = program ? program : default_shell;
    traces = trace;
    shell_name = name;
    shell_arguments = arguments;
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
    if (number == 0)
        return shell_name;
    return number <= count ? shell_arguments[number - 1] : NULL;
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

/* `sh OPTIONS COMMAND NAME ARGUMENTS`: a list for the caller to free, whose words are others'. COMMAND NULL: it reads its input. */
static const char **shell_words(const char *options, const char *command)
{
    static char **program;
    if (!program)
        program = split_words(shell);
    size_t count = count_of(program) + count_of(shell_arguments);
    const char **words = need_memory(NULL, (count + 7) * sizeof *words);
    size_t n = add_all(words, 0, program);
    words[n++] = options;
    if (traces && strcmp(options, "-c") == 0)
        words[n++] = "-x";
    words[n++] = "--";
    if (command) {
        words[n++] = command;
        words[n++] = shell_name ? shell_name : "sh";
        n = add_all(words, n, shell_arguments);
    }
    words[n] = NULL;
    return words;
}

const char **interpreter_words(const char *command)
{
    return shell_words("-c", command);
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
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const char *from = strstr(text, "yntax error");
    return lg_error_newf("the shell cannot read this: %s", from && from > text ? from - 1 : text);
}

/* Runs `sh -n` to its end, its errors in `errors`; the command is COMMAND or, if that is NULL, in `script`. */
static lg_error *shell_reads(const char *command, int script, int errors, int *status)
{
    lg_func (lg_error *, err) {
        const char **words = shell_words(command ? "-nc" : "-ns", command);
        lg_defer(free, words);
        const struct launch launch = {
            .input = command ? 0 : script, .output = {0, errors}, .terminal = -1, .words = {words}};
        pid_t pid;
        int failed = launch_start(&launch, &pid);
        if (failed)
            lg_return(lg_error_new_code(failed, "starting %s", shell));
        lg_return(launch_await(pid, status));
    }
}

bool interpreter_can_read(const char *script, size_t length)
{
    lg_func (bool, readable) {
        int fd = scratch_open("script");
        if (fd < 0)
            lg_return(false);
        lg_defer(close, fd);
        int words = scratch_open("sh");
        if (words < 0)
            lg_return(false);
        lg_defer(close, words);
        if (write(fd, script, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)
            lg_return(false);
        int status = 1;
        lg_error *err = shell_reads(NULL, fd, words, &status);
        lg_defer(lg_error_free, err);
        lg_return(!err && status == 0);
    }
}

lg_error *interpreter_check(const char *command)
{
    lg_func (lg_error *, err) {
        int words = scratch_open("sh");
        if (words < 0)
            lg_return(lg_error_new_errno("a file for what the shell says"));
        lg_defer(close, words);
        int status = 0;
        err = shell_reads(command, -1, words, &status);
        if (err)
            lg_return(err);
        lg_return(status == 0 ? NULL : shells_words(words));
    }
}
