#define _GNU_SOURCE
#include "options.h"

#include "duration.h"
#include "message.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *long_name(const struct option *option)
{
    return option->name[1] == '|' ? option->name + 2 : option->name;
}

static const struct option *find(const struct option *options, const char *name, size_t length)
{
    for (; options->name; options++)
        if (strlen(long_name(options)) == length && strncmp(long_name(options), name, length) == 0)
            return options;
    return NULL;
}

static lg_error *set_number(const struct option *option, const char *text)
{
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0 || number < 0)
        return lg_error_newf("--%s: not a number: %s", long_name(option), text);
    *(int64_t *)option->value = number;
    return NULL;
}

/* `--name "$NAME"` without a NAME. No option has a use for an empty word. */
static lg_error *refuse_empty(const struct option *option)
{
    return lg_error_newf("--%s with an empty word: is a variable without a value?",
                         long_name(option));
}

static lg_error *set(const struct option *option, const char *text)
{
    if (option->kind != OPTION_FLAG && !*text)
        return refuse_empty(option);
    switch (option->kind) {
    case OPTION_FLAG: *(bool *)option->value = true; return NULL;
    case OPTION_TEXT: *(const char **)option->value = text; return NULL;
    case OPTION_NUMBER: return set_number(option, text);
    case OPTION_EACH: (*(option_each **)option->value)(text); return NULL;
    default: break;
    }
    lg_duration *duration = option->value;
    lg_error *err = duration_read(text, duration);
    if (!err && *duration < 0)
        err = lg_error_newf("shorter than nothing: %s", text);
    return lg_error_wrap(err, "--%s", long_name(option));
}

/* All letters of one word but the last begin the other: --retries for --retry, which graphs call `retries`. */
static bool is_like(const char *a, size_t a_length, const char *b, size_t b_length)
{
    return a_length > 3 && b_length >= a_length - 1 && strncmp(a, b, a_length - 1) == 0;
}

static lg_error *no_option(const struct option *options, const char *name, size_t length)
{
    for (; options->name; options++) {
        const char *other = long_name(options);
        if (is_like(other, strlen(other), name, length) ||
            is_like(name, length, other, strlen(other)))
            return lg_error_newf("not an option: --%.*s; meant is perhaps --%s", (int)length, name,
                                 other);
    }
    return lg_error_newf("not an option: --%.*s", (int)length, name);
}

/* *arguments stands on an option; afterwards, behind it and its value. */
static lg_error *take_option(const struct option *options, char ***arguments)
{
    const char *name = **arguments + 2;
    size_t length = strcspn(name, "=");
    const char *value = name[length] == '=' ? name + length + 1 : NULL;
    const struct option *option = find(options, name, length);
    if (!option)
        return no_option(options, name, length);
    if (option->kind == OPTION_FLAG && value)
        return lg_error_newf("--%s takes no value", long_name(option));
    ++*arguments;
    if (option->kind != OPTION_FLAG && !value) {
        value = **arguments;
        if (!value)
            return lg_error_newf("--%s needs a value", long_name(option));
        ++*arguments;
    }
    return set(option, value);
}

static const struct option *find_letter(const struct option *options, char letter)
{
    for (; options->name; options++)
        if (options->name[0] == letter && options->name[1] == '|')
            return options;
    return NULL;
}

/* `-j 4`, `-j4`, `-k`, `-qx`. */
static lg_error *take_letters(const struct option *options, char ***arguments)
{
    const char *word = *(*arguments)++;
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        const struct option *option = find_letter(options, *letter);
        if (!option)
            return lg_error_newf("not an option: %s", word);
        if (option->kind == OPTION_FLAG) {
            *(bool *)option->value = true;
            continue;
        }
        const char *value = letter[1] != '\0' ? letter + 1 : **arguments;
        if (!value)
            return lg_error_newf("-%c needs a value", *letter);
        *arguments += letter[1] == '\0';
        return set(option, value);
    }
    return NULL;
}

lg_error *options_take(const struct option *options, char ***arguments)
{
    while (**arguments && (**arguments)[0] == '-' && (**arguments)[1] != '\0') {
        if (strcmp(**arguments, "--") == 0) {
            ++*arguments;
            return NULL;
        }
        lg_error *err = (**arguments)[1] == '-' ? take_option(options, arguments)
                                                : take_letters(options, arguments);
        if (err)
            return err;
    }
    return NULL;
}

char **options_behind(const struct option *options, char **arguments)
{
    const char *file = *arguments++;
    if (*arguments && strcmp(*arguments, "--") == 0)
        return arguments + 1;
    for (char **argument = arguments; *argument; argument++) {
        const char *name = *argument + 2;
        if (strncmp(*argument, "--", 2) == 0 && find(options, name, strcspn(name, "="))) {
            print_message(
                "%s stands behind %s, so it is an argument ($1, …), and no option; write options "
                "before %s",
                *argument, file, file);
            break;
        }
    }
    return arguments;
}

char **options_split(char **arguments)
{
    for (; *arguments; arguments++) {
        if (strcmp(*arguments, "--") == 0) {
            *arguments = NULL;
            return arguments + 1;
        }
    }
    return NULL;
}

bool options_keep_is_wanted(void)
{
    const char *keep = getenv("KEEP");
    return keep && strcmp(keep, "1") == 0;
}

int print_text(const char *text)
{
    fputs(text, stdout);
    return 0;
}

int wrong_usage(const char *command, lg_error *err)
{
    lg_defer(lg_error_free, err);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    print_message("%s: %s", command, text ? text : "out of memory");
    print_message("try: lifoguard %s --help", command);
    return EXIT_WRONG_USAGE;
}
