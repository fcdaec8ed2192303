/* `lifoguard run`: its command line. */
#define _GNU_SOURCE
#include "run.h"

#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: lifoguard run [OPTION…] FILE [ARGUMENT…]\n"
    "\n"
    "FILE.yaml: a graph of jobs; see lifoguard run --yaml --help. Else:\n"
    "\n"
    "Runs the jobs in FILE, one shell command a line, in order. At the end, at the first\n"
    "failure, or on SIGINT, SIGTERM or SIGHUP, runs the registered cleanups, last one first.\n"
    "\n"
    "  COMMAND         a job\n"
    "  COMMAND &       a background job; ended, if it still runs, when its turn in the cleanups comes\n"
    "  NAME=VALUE      a variable for the lines below; PID=$! keeps a background job's process number\n"
    "  defer COMMAND   registers a cleanup, once the line before it has succeeded; $NAME,\n"
    "                  ${NAME:-default}, $1 and $! are expanded then\n"
    "  with --timeout DURATION --grace DURATION -- COMMAND\n"
    "                  a job that is made to end at its limit; both options can be left out\n"
    "  defer --timeout DURATION --grace DURATION COMMAND\n"
    "                  the same for a cleanup\n"
    "  wait [PID]      waits for the background jobs, or for one\n"
    "  secret NAME…    like --secret, for the whole file\n"
    "  # …             a comment\n"
    "\n"
    "  --grace DURATION  how long a command has to end by itself before it is made to (10s)\n"
    "  --cleanup-timeout DURATION\n"
    "                    how long a cleanup may run before it is made to end (as long as it likes)\n"
    "  --check           only read the file, and tell what is wrong with it\n"
    "  --quiet, -q       tell failures and the result only\n"
    "  --secret NAME     a variable whose value is neither told nor in the arguments of a process; also\n"
    "                    those whose names hold TOKEN, SECRET, PASSWORD or KEY\n"
    "  --shell SHELL     in place of /bin/sh\n"
    "  -x                the shell tells each command (sh -x)\n"
    "\n"
    "FILE - is standard input. Each ARGUMENT is $1 and on in the lines. A DURATION is written as\n"
    "500ms, 3s or 1m30s. Lines have LIFOGUARD_JOB_FILE in their environment, the path of FILE, and\n"
    "cleanups LIFOGUARD_EXIT_CODE, the exit status of the run so far.\n"
    "\n"
    "Exit status: 0; 1 a job or a cleanup failed; 2 wrong usage or a bad file; 128 + N for\n"
    "signal N. SIGQUIT leaves the cleanups out, and lists them. What lifoguard tells goes to stderr.\n";

static int wrong_usage(const char *what, const char *which)
{
    fprintf(stderr, "lifoguard: %s%s\nTry: lifoguard --help\n", what, which);
    return RUN_BAD_FILE;
}

/* Started with one of the descriptors 0 to 2 closed, the program's own would get that number, and what is
 * printed would go into them. */
static bool open_standard_descriptors(void)
{
    int fd;
    do {
        /* lifoguard-vet: allow leak: these numbers are to stay taken */
        fd = open("/dev/null", O_RDWR); /* NOLINT(android-cloexec-open): the commands have it too */
        if (fd < 0)
            return false;
    } while (fd <= STDERR_FILENO);
    return close(fd) == 0;
}

int run_jobs_command(char **arguments)
{
    int count = 0;
    while (arguments[count])
        count++;
    if (!open_standard_descriptors())
        return RUN_BAD_FILE;
    const char **secrets = calloc((size_t)count + 1, sizeof *secrets);
    lg_defer(free, secrets);
    if (!secrets)
        return wrong_usage("no memory", "");
    struct run_options options = {.grace = 10 * LG_SECOND, .secrets = secrets};
    int i = 0;
    for (; i < count && arguments[i][0] == '-' && arguments[i][1] != '\0'; i++) {
        if (strcmp(arguments[i], "--") == 0) {
            i++;
            break;
        }
        const char *value = NULL;
        lg_duration *duration = strncmp(arguments[i], "--grace", strlen("--grace")) == 0
                                    ? &options.grace
                                    : &options.cleanup_limit;
        if (strncmp(arguments[i], "--grace=", strlen("--grace=")) == 0)
            value = arguments[i] + strlen("--grace=");
        else if (strcmp(arguments[i], "--grace") == 0 && i + 1 < count)
            value = arguments[++i];
        else if (strncmp(arguments[i], "--cleanup-timeout=", strlen("--cleanup-timeout=")) == 0)
            value = arguments[i] + strlen("--cleanup-timeout=");
        else if (strcmp(arguments[i], "--cleanup-timeout") == 0 && i + 1 < count)
            value = arguments[++i];
        else if (strcmp(arguments[i], "--shell") == 0 && i + 1 < count)
            options.shell = arguments[++i];
        else if (strcmp(arguments[i], "--secret") == 0 && i + 1 < count)
            secrets[options.secret_count++] = arguments[++i];
        else if (strcmp(arguments[i], "--check") == 0)
            options.check = true;
        else if (strcmp(arguments[i], "--quiet") == 0 || strcmp(arguments[i], "-q") == 0)
            options.quiet = true;
        else if (strcmp(arguments[i], "-x") == 0)
            options.trace = true;
        else if (strcmp(arguments[i], "--help") == 0)
            return fputs(help, stdout) == EOF;
        else
            return wrong_usage("not an option, or one without its value: ", arguments[i]);
        if (!value)
            continue;
        lg_error *err = lg_duration_parse(value, duration);
        lg_defer(lg_error_free, err);
        if (err)
            return wrong_usage("not a duration: ", lg_error_message(err));
        if (*duration < 0 || *duration > 24 * LG_HOUR)
            return wrong_usage("not between 0s and 24h: ", value);
    }
    if (i >= count)
        return wrong_usage("which FILE is to be run?", "");
    options.arguments = arguments + i + 1;
    return run_job_file(arguments[i], &options);
}
