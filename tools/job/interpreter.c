#define _GNU_SOURCE
#include "interpreter.h"

#include "buffer.h"
#include "direct.h"
#include "reading.h"

#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>

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

const char **interpreter_words(const char *command, const char *name)
{
    char **first = program_of(shell);
    size_t count = count_of(first) + count_of(shell_arguments);
    const char **words = need_memory(NULL, (count + 6) * sizeof(*words));
    size_t n = add_all(words, 0, first);
    words[n++] = "-c";
    if (traces)
        words[n++] = "-x";
    words[n++] = "--";
    words[n++] = command;
    words[n++] = name;
    n = add_all(words, n, shell_arguments);
    words[n] = NULL;
    return words;
}

char **interpreter_words_without(const char *command)
{
    return shell == default_shell && !traces ? direct_words(command) : NULL;
}

bool interpreter_is_readable(const char *command)
{
    return shell == default_shell && direct_is_readable(command);
}

bool interpreter_can_read(const char *script, size_t length)
{
    struct reading reading;
    reading_begin(&reading, shell, script, length);
    return reading_end(&reading);
}

lg_error *interpreter_check(const char *command)
{
    return reading_check(shell, command);
}
