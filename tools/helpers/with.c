#define _GNU_SOURCE
#include "command.h"
#include "duration.h"
#include "helpers.h"
#include "limited.h"
#include "message.h"
#include "options.h"
#include "status.h"

#include <lifoguard/defer.h>
#include <signal.h>
#include <sys/wait.h>

static const char help[] =
    "usage: lifoguard with --timeout DURATION [--grace DURATION] [--] COMMAND [ARG…]\n"
    "\n"
    "Runs COMMAND. When the time is over, ends COMMAND and everything that COMMAND has started, and names\n"
    "the processes that it ended. COMMAND stays in the process group of `lifoguard with`, unlike with\n"
    "timeout(1): Ctrl-C, Ctrl-Z and reading from the terminal work, and a signal arrives once. If COMMAND\n"
    "ends in time, the processes that it leaves running go on. COMMAND gets SIGTERM if lifoguard is killed.\n"
    "\n"
    "  --timeout DURATION   from the start to SIGTERM (0s: no limit)\n"
    "  --grace DURATION     from SIGTERM to SIGKILL (10s)\n"
    "\n"
    "Exit status: COMMAND's own; 124 the time was over; 125 lifoguard itself failed; 126 COMMAND cannot be\n"
    "executed; 127 it was not found; 128 + N: signal N ended it.\n";

static int run(struct limited *limited, lg_duration timeout, lg_duration grace)
{
    char text[DURATION_SHORT_SIZE];
    limited_await(limited, duration_deadline(timeout));
    if (limited->ended)
        return WIFEXITED(limited->end) ? WEXITSTATUS(limited->end)
                                       : EXIT_SIGNAL + WTERMSIG(limited->end);
    print_message("with: not done within %s", duration_short(timeout, text));
    limited_end(limited, grace, false);
    return EXIT_TIMEOUT;
}

int with_command(char **arguments)
{
    bool show_help = false;
    lg_duration timeout = -1;
    lg_duration grace = 10 * LG_SECOND;
    const struct option table[] = {{"timeout", OPTION_DURATION, &timeout},
                                   {"grace", OPTION_DURATION, &grace},
                                   {"help", OPTION_FLAG, &show_help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err && timeout < 0)
        err = lg_error_new("how long? --timeout DURATION");
    if (!err)
        err = command_check(arguments);
    if (err)
        return wrong_usage("with", err);
    struct limited limited;
    limited_open(&limited);
    lg_defer(limited_close, &limited);
    int failed = limited_start(&limited, arguments);
    return failed ? command_not_started("with", arguments[0], failed)
                  : run(&limited, timeout, grace);
}
