/* The program `lifoguard`: the library's rules for people who do not write C. */
#define _GNU_SOURCE
#include "child.h"
#include "client.h"
#include "exec.h"
#include "failed.h"
#include "helpers.h"
#include "inspect.h"
#include "lines.h"
#include "message.h"
#include "run_graph.h"
#include "status.h"
#include "vet.h"

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <stdio.h>
#include <string.h>

/* What follows a subcommand's name, ending in NULL; the exit status. */
typedef int subcommand(char **arguments);

static int vet_command(char **arguments)
{
    int count = 0;
    while (arguments[count])
        count++;
    return run_vet(count, arguments);
}

static int run_either_command(char **arguments)
{
    child_keep_ends(); /* of the shells that check the file */
    return is_graph(arguments) ? run_graph_command(arguments) : run_lines_command(arguments);
}

static const struct {
    const char *name;
    subcommand *call;
    const char *summary;
} commands[] = {
    {"exec", exec_command, "runs a command; then the cleanups that it deferred, whatever happens"},
    {"defer", defer_command, "registers a cleanup (inside exec)"},
    {"acquire", acquire_command, "registers a cleanup, runs a command, confirms the cleanup"},
    {"undo", undo_command, "runs a cleanup now"},
    {"dismiss", dismiss_command, "forgets a cleanup"},
    {"keep", keep_command, "leaves the cleanups for later"},
    {"set", set_command, "sets variables for cleanups that read them late"},
    {"mark", mark_command, "prints a mark for undo --since"},
    {"pending", pending_command, "lists what is still to be cleaned up"},
    {"recover", recover_command, "runs what a killed run left"},
    {"abandon", abandon_command, "gives up a failed cleanup, with a reason"},
    {"run", run_either_command, "runs the jobs of a file"},
    {"history", history_command, "lists the last runs of `run`"},
    {"show", show_command, "shows what happened in one of them"},
    {"logs", logs_command, "prints the output of one of its jobs"},
    {"inspect", inspect_command, "shows what a process still has to clean up"},
    {"vet", vet_command, "finds cleanup mistakes in C code"},
    {"wait-for", wait_for_command, "waits until something is ready"},
    {"with", with_command, "runs a command within a time limit"},
    {"lock", lock_command, "runs a command while it holds a lock"},
    {"shell-init", shell_init_command, "prints the short words for a shell"},
};

enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int print_commands(void)
{
    puts("usage: lifoguard COMMAND …\n"
         "       lifoguard COMMAND --help | --help | --version\n");
    for (size_t i = 0; i < COMMANDS; i++)
        printf("  %-11s %s\n", commands[i].name, commands[i].summary);
    return 0;
}

static int print_version(void)
{
    printf("lifoguard %d.%d.%d\n", LG_VERSION_MAJOR, LG_VERSION_MINOR, LG_VERSION_PATCH);
    return 0;
}

static int wrong_command(const char *what, const char *which)
{
    fprintf(stderr, "lifoguard: %s%s\nTry: lifoguard --help\n", what, which);
    return RUN_BAD_FILE;
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static int main_command(char **arguments)
{
    const char *name = *arguments;
    if (!name)
        return wrong_command("what is to be done? For example: lifoguard exec ./test.sh", "");
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].call(arguments + 1);
    if (is_one_of(name, "--help", "-h", "help"))
        return print_commands();
    if (is_one_of(name, "--version", "-V", "version"))
        return print_version();
    return wrong_command("no such command: ", name);
}

/* For all commands that print by stdio: what could not be printed is said, and a success is none any more. */
static int finish_output(int status)
{
    bool good = ferror(stdout) == 0;
    int error = fflush(stdout) == 0 ? 0 : errno;
    if (good && error == 0)
        return status;
    print_message("standard output: %s",
                  error ? strerror(error) : "not all of it could be written");
    return status == 0 ? EXIT_OURS : status;
}

static void call_main_command(char **arguments, int *status)
{
    *status = main_command(arguments);
}

int main(int count, char **arguments)
{
    int status = EXIT_OURS;
    lg_error *panic = lg_call_contained(call_main_command, arguments + (count > 0), &status);
    if (panic)
        failed_say(panic);
    return finish_output(status);
}
