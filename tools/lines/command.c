/* `lifoguard run`: its command line. */
#define _GNU_SOURCE
#include "child.h"
#include "lines.h"
#include "options.h"
#include "parse.h"
#include "request.h"
#include "run.h"
#include "secrecy.h"
#include "secret.h"

#include <lifoguard/lifoguard.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: lifoguard run [OPTION…] FILE [ARGUMENT…]\n"
    "\n"
    "If the name of FILE ends in .yaml, FILE is a graph of jobs: see lifoguard run --yaml --help.\n"
    "\n"
    "Runs the jobs in FILE, one shell command a line, in order. At the end, at the first failure, or on\n"
    "SIGINT, SIGTERM or SIGHUP, runs the registered cleanups, the last registered first. The cleanups also\n"
    "run after kill -9 of lifoguard, and after a power cut (lifoguard recover --all).\n"
    "\n"
    "  COMMAND         a job\n"
    "  COMMAND &       a background job; if it still runs when its turn in the cleanups comes, it is ended\n"
    "  NAME=VALUE      a variable for the lines below; PID=$! keeps a background job's process number\n"
    "  defer COMMAND   registers a cleanup, once the line before it has succeeded; $NAME,\n"
    "                  ${NAME:-default}, $1 and $! are expanded then\n"
    "  with --timeout DURATION --grace DURATION -- COMMAND\n"
    "                  a job that is ended at its time limit; each option may be left out\n"
    "  defer --timeout DURATION --grace DURATION COMMAND\n"
    "                  the same for a cleanup; also --retry N: how often to try again if it fails;\n"
    "                  --on-failure, --on-success: only if the run does not succeed, or does\n"
    "  wait [PID]      waits for the background jobs, or for one\n"
    "  secret NAME…    like --secret, for the whole file\n"
    "  # …             a comment\n"
    "\n"
    "  --grace DURATION  how long a command has to end by itself before the next signal (10s)\n"
    "  --cleanup-timeout DURATION\n"
    "                    how long a cleanup may run before lifoguard ends it (10m; 0s: any time)\n"
    "  --check           only reads the file, and prints each error in it\n"
    "  --quiet, -q       prints failures and the result only\n"
    "  --secret NAME     keeps the value of this variable out of messages and of the arguments of\n"
    "                    processes, as of variables with TOKEN, SECRET, PASSWORD or KEY in their names\n"
    "  --shell SHELL     runs the lines with SHELL instead of /bin/sh; with options: \"bash -o pipefail\"\n"
    "  --keep            leaves the cleanups to a later `lifoguard recover`; also KEEP=1\n"
    "  --state DIR       where the cleanups are recorded ($XDG_STATE_HOME/lifoguard)\n"
    "  -x, --trace       the shell prints each command before it runs the command (sh -x)\n"
    "\n"
    "  --json            events on standard output, one JSON object a line\n"
    "  --log-dir DIR     the output of each line, in DIR/LINE.log\n"
    "  --report FILE     writes a page with the times of all lines and cleanups\n"
    "  --junit FILE      writes a JUnit XML file\n"
    "  --status WHICH    run: the exit status as below; first-failure: that of the first line that failed\n"
    "\n"
    "FILE - is standard input. The ARGUMENTs are $1, $2 and so on in the lines. A DURATION is written as\n"
    "500ms, 3s or 1m30s. Lines have LIFOGUARD_JOB_FILE in their environment, the path of FILE. Cleanups\n"
    "also have LIFOGUARD_STATUS (success, failure, cancelled, unknown) and LIFOGUARD_EXIT_CODE, the exit\n"
    "status of the run so far.\n"
    "\n"
    "Exit status: 0; 1 a job or a cleanup failed; 2 wrong usage or a bad file; 125 lifoguard\n"
    "itself failed; 128 + N for signal N. After SIGQUIT, the cleanups do not run, and lifoguard lists them.\n"
    "Messages of lifoguard go to stderr.\n"
    "\n"
    "Afterwards: lifoguard history, lifoguard show RUN, lifoguard logs RUN LINE.\n";

static void mark_secret(const char *name)
{
    secret_mark(name, strlen(name));
    secrecy_add(name);
}

enum { LONGEST_GRACE_HOURS = 24 };

static lg_error *check_options(const struct run_options *options)
{
    const lg_duration longest = LONGEST_GRACE_HOURS * LG_HOUR;
    if (options->grace > longest || options->cleanup_limit > longest)
        return lg_error_newf("a duration is between 0s and %dh", LONGEST_GRACE_HOURS);
    return NULL;
}

static int wrong(lg_error *err)
{
    wrong_usage("run", err);
    return RUN_BAD_FILE;
}

/* The file is read and checked before anything else happens. */
static int read_and_run(const char *path, struct lines_request *request, bool check)
{
    lg_func (int, status) {
        struct job_file file = {0};
        lg_defer(job_file_free, &file);
        lg_defer(secret_forget);
        status = run_read(path, &request->options, &file);
        request->file = &file;
        if (status == RUN_OK && !check)
            status = lines_run(request);
        lg_return(status);
    }
}

int run_lines_command(char **arguments)
{
    bool check = false, show_help = false;
    option_each *each_secret = mark_secret;
    struct lines_request request = {.options = {.grace = CLEANUP_GRACE,
                                                .cleanup_limit = CLEANUP_TIMEOUT,
                                                .keep = options_keep_is_wanted(),
                                                .began = lg_now()}};
    struct run_options *options = &request.options;
    struct option table[] = {[RECORD_OPTIONS] = {"grace", OPTION_DURATION, &options->grace},
                             {"cleanup-timeout", OPTION_DURATION, &options->cleanup_limit},
                             {"check", OPTION_FLAG, &check},
                             {"q|quiet", OPTION_FLAG, &options->quiet},
                             {"secret", OPTION_EACH, &each_secret},
                             {"shell", OPTION_TEXT, &options->shell},
                             {"x|trace", OPTION_FLAG, &options->trace},
                             {"state", OPTION_TEXT, &request.state},
                             {"keep", OPTION_FLAG, &options->keep},
                             {"help", OPTION_FLAG, &show_help},
                             {0}};
    record_take_options(&request.record, table);
    /* The file would get the number of a closed one, and what is printed would go into it. The commands have them too. */
    bool closed[3];
    child_fill_descriptors(closed);
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err)
        err = check_options(options);
    if (!err)
        err = record_check_options(&request.record);
    if (!err && !*arguments)
        err = lg_error_new("which FILE is to be run?");
    if (err)
        return wrong(err);
    options->arguments = options_behind(table, arguments);
    return read_and_run(*arguments, &request, check);
}
