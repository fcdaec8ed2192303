#define _GNU_SOURCE
#include "client.h"
#include "options.h"
#include "shell.h"
#include "wire.h"

#include <inttypes.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char undo_help[] =
    "usage: lifoguard undo NAME\n"
    "       lifoguard undo --since MARK [--status N]\n"
    "\n"
    "Inside `lifoguard exec`: runs the cleanup NAME (`defer --name`) now instead of at the end, and waits for\n"
    "its end. If several cleanups have the name, the one that was registered last runs. An `acquire` that\n"
    "still runs is ended first.\n"
    "\n"
    "  --since MARK  runs all cleanups that were registered since `lifoguard mark` printed MARK, the last\n"
    "                registered first\n"
    "  --status N    these cleanups see N as the exit status of what they clean up. Without --status their\n"
    "                LIFOGUARD_STATUS is unknown, and both --on-failure and --on-success cleanups run\n"
    "\n"
    "Exit status: 0; 1 no cleanup has the name, or a cleanup failed; a cleanup that failed is kept, see\n"
    "`lifoguard pending`.\n";

static const char dismiss_help[] =
    "usage: lifoguard dismiss NAME\n"
    "\n"
    "Inside `lifoguard exec`: forgets the cleanup NAME (`defer --name`) without running it: the script has\n"
    "released the resource itself, or has given the resource to somebody else.\n";

static const char keep_help[] =
    "usage: lifoguard keep [--no]\n"
    "\n"
    "Inside `lifoguard exec`: at the end, the cleanups do not run, as with `exec --keep`, so that you can look\n"
    "at what they would remove. `exec` then lists these cleanups, and the `lifoguard recover` command that\n"
    "runs them. --no: the cleanups run at the end, as usual.\n";

static const char set_help[] =
    "usage: lifoguard set NAME=VALUE…\n"
    "\n"
    "Inside `lifoguard exec`: sets variables for cleanups that were registered with `defer --late`. They\n"
    "see the values that are set last.\n";

static const char mark_help[] =
    "usage: lifoguard mark [--scope]\n"
    "\n"
    "Inside `lifoguard exec`: prints how many cleanups were registered so far, for `undo --since`.\n"
    "With --scope, `undo --since` runs only the cleanups of processes that have /MARK in their variable\n"
    "LIFOGUARD_SCOPE. `scope` of `lifoguard shell-init` does so; its scopes may run side by side.\n";

static int send_number(const char *command, const char *request, int64_t number, int64_t *value)
{
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, request);
    wire_put_number(&fields, number);
    return client_request(command, &fields, value);
}

/* First which one that is, then the request. */
static int send_for_name(const char *command, const char *request, const char *name)
{
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, "find");
    wire_put_text(&fields, name);
    int64_t sequence;
    int failed = client_request(command, &fields, &sequence);
    return failed ? failed : send_number(command, request, sequence, NULL);
}

/* The options of one command, which may be NULL, and --help. */
static lg_error *take(const struct option *own, bool *help, char ***arguments)
{
    const struct option table[] = {
        own ? *own : (struct option){"help", OPTION_FLAG, help}, {"help", OPTION_FLAG, help}, {0}};
    return options_take(table, arguments);
}

static lg_error *one_word(char *const *arguments, const char *what)
{
    if (!arguments[0])
        return lg_error_newf("which %s?", what);
    return arguments[1] ? lg_error_newf("not expected: %s", arguments[1]) : NULL;
}

/* NUMBER, or NUMBER.PROCESS, which is the mark of a scope. */
static bool read_mark(const char *text, int64_t *mark)
{
    size_t digits = strspn(text, "0123456789");
    size_t more = text[digits] == '.' ? 1 + strspn(text + digits + 1, "0123456789") : 0;
    *mark = strtoll(text, NULL, 10);
    return digits > 0 && digits < 19 && more != 1 && text[digits + more] == '\0';
}

static int send_since(int64_t mark, const char *scope, int64_t status)
{
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, "undo-since");
    wire_put_number(&fields, mark);
    wire_put_text(&fields, scope);
    if (status >= 0)
        wire_put_number(&fields, status);
    return client_request("undo", &fields, NULL);
}

int undo_command(char **arguments)
{
    bool help = false;
    const char *since = NULL;
    int64_t status = -1;
    const struct option table[] = {{"since", OPTION_TEXT, &since},
                                   {"status", OPTION_NUMBER, &status},
                                   {"help", OPTION_FLAG, &help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && help)
        return print_text(undo_help);
    int64_t mark = 0;
    if (!err && since && !read_mark(since, &mark))
        err = lg_error_newf("--since: `lifoguard mark` prints no such mark: %s", since);
    if (!err && status > 255)
        err = lg_error_newf("--status: no exit status: %" PRId64, status);
    if (!err && status >= 0 && !since)
        err = lg_error_new("--status belongs to --since MARK");
    if (!err && since && !*arguments)
        return send_since(mark, strchr(since, '.') ? since : "", status);
    if (!err)
        err = one_word(arguments, "NAME");
    return err ? wrong_usage("undo", err) : send_for_name("undo", "undo", arguments[0]);
}

int dismiss_command(char **arguments)
{
    bool help = false;
    lg_error *err = take(NULL, &help, &arguments);
    if (!err && help)
        return print_text(dismiss_help);
    if (!err)
        err = one_word(arguments, "NAME");
    return err ? wrong_usage("dismiss", err) : send_for_name("dismiss", "withdraw", arguments[0]);
}

int keep_command(char **arguments)
{
    bool help = false;
    bool no = false;
    lg_error *err = take(&(struct option){"no", OPTION_FLAG, &no}, &help, &arguments);
    if (!err && help)
        return print_text(keep_help);
    if (!err && *arguments)
        err = lg_error_newf("not expected: %s", *arguments);
    return err ? wrong_usage("keep", err) : send_number("keep", "keep", !no, NULL);
}

static int set_variable(char *assignment)
{
    char *equals = strchr(assignment, '=');
    if (!equals || equals == assignment)
        return wrong_usage("set", lg_error_newf("not NAME=VALUE: %s", assignment));
    if (shell_name_length(assignment) != (size_t)(equals - assignment))
        return wrong_usage("set", lg_error_newf("not the name of a variable: %.*s",
                                                (int)(equals - assignment), assignment));
    *equals = '\0';
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, "set");
    wire_put_text(&fields, assignment);
    wire_put_text(&fields, equals + 1);
    return client_request("set", &fields, NULL);
}

int set_command(char **arguments)
{
    bool help = false;
    lg_error *err = take(NULL, &help, &arguments);
    if (!err && help)
        return print_text(set_help);
    if (!err && !*arguments)
        err = lg_error_new("what is to be set? NAME=VALUE");
    if (err)
        return wrong_usage("set", err);
    int status = 0;
    for (; *arguments && status == 0; arguments++)
        status = set_variable(*arguments);
    return status;
}

int mark_command(char **arguments)
{
    bool help = false, scope = false;
    lg_error *err = take(&(struct option){"scope", OPTION_FLAG, &scope}, &help, &arguments);
    if (!err && help)
        return print_text(mark_help);
    if (!err && *arguments)
        err = lg_error_newf("not expected: %s", *arguments);
    if (err)
        return wrong_usage("mark", err);
    int64_t mark = 0;
    int status = send_number("mark", "mark", 0, &mark);
    if (status == 0 && scope)
        printf("%" PRId64 ".%ld\n", mark, (long)getpid());
    else if (status == 0)
        printf("%" PRId64 "\n", mark);
    return status;
}
