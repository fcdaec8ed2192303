#define _GNU_SOURCE
#include "copies.h"
#include "inspect.h"
#include "message.h"
#include "options.h"
#include "report.h"
#include "target.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: lifoguard inspect [--each] [--json] [--] PID | CORE …\n"
    "\n"
    "Shows what a process still has to clean up: the deferred calls of each thread and goroutine, the\n"
    "next to run first; what each of them waits for; the stages of a shutdown that are not stopped yet.\n"
    "The process has Lifoguard as a shared or as a static library. Nothing in the process is called or\n"
    "changed; the process stands still while it is read, for some milliseconds.\n"
    "\n"
    "CORE is a core file, as of `gcore PID`. The program and libraries of the process are needed too:\n"
    "where they were, or beside the core file.\n"
    "\n"
    "Goroutines that are alike are shown once, with their count and the numbers of the first four.\n"
    "\n"
    "  --each   shows each goroutine\n"
    "  --json   prints a JSON object for each copy of the library in a process\n"
    "\n"
    "Only root and the user of a process may inspect it, and not from everywhere: see\n"
    "/proc/sys/kernel/yama/ptrace_scope. Deferred blocks (`defer { }`) leave no record and are not shown.\n"
    "Stacks are not shown either: the process prints the stack of each goroutine on its own stderr after\n"
    "  gdb -batch -p PID -ex 'call lg_goroutine_print((FILE *)stderr)'\n"
    "\n"
    "Exit status: 0 shown; 1 a process or core file cannot be read, or has no Lifoguard in it; 125 wrong\n"
    "usage.\n";

struct options {
    bool each, json;
};

static void put_report(const struct report *report, const struct options *options,
                       struct buffer *text)
{
    if (options->json)
        report_put_json(report, text);
    else
        report_put_text(report, options->each, text);
}

/* All is read while the process stands still; what is written may take its time. */
static lg_error *read_target(struct target *target, const struct options *options,
                             struct buffer *text)
{
    struct copies copies;
    lg_func (lg_error *, err) {
        err = copies_find(target, &copies);
        lg_defer(copies_free, &copies);
        for (size_t i = 0; i < copies.count; i++) {
            struct report report;
            report_read(&report, target, &copies.copy[i]);
            lg_defer(report_free, &report);
            if (i > 0 && !options->json)
                buffer_add_char(text, '\n');
            put_report(&report, options, text);
        }
        lg_return(err);
    }
}

static bool is_number(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

static lg_error *open_target(struct target *target, const char *which)
{
    errno = 0;
    long number = is_number(which) ? strtol(which, NULL, 10) : 0;
    if (!is_number(which))
        return target_open_core(target, which);
    if (errno != 0 || number <= 0 || number > INT32_MAX) {
        *target = (struct target){.memory = -1};
        return lg_error_newf("no process has the number %s", which);
    }
    return target_attach(target, (pid_t)number);
}

struct inspection {
    const char *which;
    const struct options *options;
    struct buffer text;
    lg_error *err;
};

static void *read_all(void *data)
{
    struct inspection *inspection = data;
    struct target target;
    inspection->err = open_target(&target, inspection->which);
    lg_defer(target_close, &target);
    if (!inspection->err)
        inspection->err = lg_error_wrap(
            read_target(&target, inspection->options, &inspection->text), "%s", inspection->which);
    return NULL;
}

/* In a thread of its own, at whose end the kernel lets the process go on in any case. Ctrl-Z has to wait: it would let the
 * process stand still as long as this program does. */
static lg_error *read_in_thread(struct inspection *inspection)
{
    pthread_t thread;
    sigset_t stop, before;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTSTP);
    pthread_sigmask(SIG_BLOCK, &stop, &before);
    int failed = pthread_create(&thread, NULL, read_all, inspection);
    if (!failed)
        pthread_join(thread, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed ? lg_error_new_code(failed, "make a thread") : inspection->err;
}

static lg_error *inspect(const char *which, const struct options *options)
{
    struct inspection inspection = {.which = which, .options = options};
    lg_func (lg_error *, err) {
        lg_defer(buffer_free, &inspection.text);
        err = read_in_thread(&inspection);
        if (inspection.text.length > 0)
            fwrite(inspection.text.text, 1, inspection.text.length, stdout);
        lg_return(err);
    }
}

int inspect_command(char **arguments)
{
    bool show_help = false;
    struct options options = {0};
    const struct option table[] = {{"each", OPTION_FLAG, &options.each},
                                   {"json", OPTION_FLAG, &options.json},
                                   {"help", OPTION_FLAG, &show_help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err && !*arguments)
        err = lg_error_new("which process? lifoguard inspect PID");
    if (err)
        return wrong_usage("inspect", err);
    int status = EXIT_SUCCESS;
    for (char **which = arguments; *which; which++) {
        if (which > arguments && !options.json)
            putchar('\n');
        err = inspect(*which, &options);
        if (!err)
            continue;
        message_error(lg_error_wrap(err, "inspect"));
        status = EXIT_FAILURE;
    }
    return status;
}
