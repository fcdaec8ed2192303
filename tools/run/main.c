/* The program `lifoguard`: the library's rules for people who do not write C. */
#define _GNU_SOURCE
#include "run.h"
#include "vet.h"

#include <lifoguard/lifoguard.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: lifoguard run [--grace DURATION] FILE\n"
    "       lifoguard vet FILE…            (finds cleanup mistakes; lifoguard vet --help)\n"
    "       lifoguard --help | --version\n"
    "\n"
    "run: runs the jobs in FILE, one shell command a line, in order. At the end, at the first\n"
    "failure, or on SIGINT, SIGTERM or SIGHUP, runs the registered cleanups, last one first.\n"
    "\n"
    "  COMMAND         a job\n"
    "  COMMAND &       a background job; ended, if it still runs, when its turn in the cleanups comes\n"
    "  NAME=VALUE      a variable for the lines below; PID=$! keeps a background job's process number\n"
    "  defer COMMAND   registers a cleanup, once the line before it has succeeded; $NAME, ${NAME}\n"
    "                  and $! are expanded then\n"
    "  # …             a comment\n"
    "\n"
    "  --grace DURATION  how long a command has to end by itself before it is made to (3s)\n"
    "\n"
    "Exit status: 0; 1 a job or a cleanup failed; 2 wrong usage or a bad file; 128 + N for\n"
    "signal N. What lifoguard tells goes to stderr.\n";

static int wrong_usage(const char *what, const char *which)
{
    fprintf(stderr, "lifoguard: %s%s\nTry: lifoguard --help\n", what, which);
    return RUN_BAD_FILE;
}

static int run_command(int count, char **arguments)
{
    lg_duration grace = 3 * LG_SECOND;
    int i = 0;
    for (; i < count && arguments[i][0] == '-' && arguments[i][1] != '\0'; i++) {
        if (strcmp(arguments[i], "--") == 0) {
            i++;
            break;
        }
        const char *value = NULL;
        if (strncmp(arguments[i], "--grace=", strlen("--grace=")) == 0)
            value = arguments[i] + strlen("--grace=");
        else if (strcmp(arguments[i], "--grace") == 0 && i + 1 < count)
            value = arguments[++i];
        else if (strcmp(arguments[i], "--help") == 0)
            return fputs(help, stdout) == EOF;
        else
            return wrong_usage("not an option, or one without its value: ", arguments[i]);
        lg_error *err = lg_duration_parse(value, &grace);
        lg_defer(lg_error_free, err);
        if (err)
            return wrong_usage("--grace: ", lg_error_message(err));
        if (grace < 0 || grace > 24 * LG_HOUR)
            return wrong_usage("--grace: not between 0s and 24h: ", value);
    }
    if (i >= count)
        return wrong_usage("which FILE is to be run?", "");
    if (i + 1 < count)
        return wrong_usage("one FILE at a time; not expected: ", arguments[i + 1]);
    return run_job_file(arguments[i], grace);
}

static int main_command(int count, char **arguments)
{
    if (count < 2)
        return wrong_usage("what is to be done? For example: lifoguard run FILE", "");
    const char *command = arguments[1];
    if (strcmp(command, "run") == 0)
        return run_command(count - 2, arguments + 2);
    if (strcmp(command, "vet") == 0)
        return run_vet(count - 2, arguments + 2);
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0 ||
        strcmp(command, "help") == 0)
        return fputs(help, stdout) == EOF;
    if (strcmp(command, "--version") == 0)
        return printf("lifoguard %d.%d.%d\n", LG_VERSION_MAJOR, LG_VERSION_MINOR,
                      LG_VERSION_PATCH) < 0;
    return wrong_usage("no such command: ", command);
}

int main(int count, char **arguments)
{
    int status = main_command(count, arguments);
    return fflush(stdout) == 0 ? status : 1;
}
