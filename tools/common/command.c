#define _GNU_SOURCE
#include "command.h"

#include "message.h"
#include "status.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

lg_error *command_check(char *const *words)
{
    if (!words || !*words)
        return lg_error_new("which COMMAND is to be run?");
    return **words ? NULL
                   : lg_error_new("COMMAND is an empty word: is a variable without a value?");
}

/* A file that is there cannot be executed if the interpreter is missing that its first line names. */
static const char *reason(const char *name, int number)
{
    if (number != ENOENT)
        return strerror(number);
    if (!strchr(name, '/'))
        return "command not found";
    return access(name, F_OK) == 0 ? "the interpreter that this file needs is not there"
                                   : strerror(number);
}

int command_not_started(const char *who, const char *name, int number)
{
    print_message("%s%s%s: %s", who, *who ? ": " : "", name, reason(name, number));
    return number == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
}
