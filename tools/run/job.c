#define _GNU_SOURCE
#include "job.h"

#include "buffer.h"
#include "direct.h"
#include "ending.h"
#include "launch.h"
#include "say.h"
#include "scratch.h"
#include "signals.h"
#include "terminal.h"
#include "time/clock.h"

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char default_shell[] = "/bin/sh";
static const char *shell = default_shell;
static char *const *shell_arguments;
static bool traces;

void job_use_shell(const char *program, bool trace, char *const *arguments)
{
    shell = program ? program : default_shell;
    traces = trace;
    shell_arguments = arguments;
}

const char *job_argument(const char *name, size_t length)
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

/* `sh OPTIONS COMMAND NAME ARGUMENTS`: a list for the caller to free, whose words are others'. COMMAND NULL: it reads its input. */
static const char **shell_words(const char *options, const char *command, const char *name)
{
    static char **program;
    if (!program)
        program = split_words(shell);
    size_t count = count_of(program) + count_of(shell_arguments);
    const char **words = need_memory(NULL, (count + 7) * sizeof *words);
    size_t n = add_all(words, 0, program);
    words[n++] = options;
    if (traces && strcmp(options, "-c") == 0)
        words[n++] = "-x";
    words[n++] = "--";
    if (command) {
        words[n++] = command;
        words[n++] = name;
        n = add_all(words, n, shell_arguments);
    }
    words[n] = NULL;
    return words;
}

const char **job_words(const char *command, const char *name)
{
    return shell_words("-c", command, name);
}

/* The words of a command that needs no shell, or NULL. */
static char **words_without_shell(const char *command)
{
    return shell == default_shell && !traces ? direct_words(command) : NULL;
}

bool job_needs_no_shell(const char *command)
{
    char **words = words_without_shell(command);
    free(words);
    return words != NULL;
}

static int start(pid_t *pid, const char *command, struct job_options options)
{
    lg_func (int, failed) {
        union {
            char **mine;
            const char *const *text;
        } direct = {.mine = words_without_shell(command)};
        lg_defer(free, direct.mine);
        const char **words = job_words(command, options.name);
        lg_defer(free, words);
        const struct launch launch = {.defaults = signals_of_child(),
                                      .empty_input = options.background,
                                      .output = {options.output[0], options.output[1]},
                                      .value = options.value,
                                      .terminal = options.terminal ? terminal_to_give() : -1,
                                      .words = {direct.text, words}};
        if (options.terminal && launch.terminal < 0)
            lg_return(ENOTTY);
        failed = launch_start(&launch, pid);
        if (!failed && options.terminal)
            terminal_was_given();
        lg_return(failed);
    }
}

static void prepare(struct job *job, struct job_options options)
{
    *job = (struct job){
        .background = options.background, .limit = options.limit, .grace = options.grace};
    ending_reserve();
    job->started = lg_now();
    if (options.limit > 0)
        job->deadline = job->started + options.limit;
}

void job_begun(struct job *job, pid_t pid, struct job_options options)
{
    prepare(job, options);
    job->pid = pid;
    ending_own(pid);
}

lg_error *job_start(struct job *job, const char *command, struct job_options options)
{
    prepare(job, options);
    int failed = start(&job->pid, command, options);
    /* No terminal, or one that has just gone. */
    if (failed == ENOTTY || failed == EIO || failed == EPERM) {
        options.terminal = false;
        failed = start(&job->pid, command, options);
    }
    if (failed) {
        job->pid = 0;
        return lg_error_new_code(failed, "starting %s", shell);
    }
    ending_own(job->pid);
    return NULL;
}

static void ended(struct job *job, const siginfo_t *info)
{
    job->ended = true;
    job->collected = true;
    ending_disown(job->pid);
    job->code = info->si_code;
    job->status = info->si_status;
    job->took = lg_since(job->started);
    if (!job->background)
        job->had_terminal = terminal_take_back(info->si_code != CLD_EXITED);
}

/* False: nothing has happened to it. */
static bool has_news(const struct job *job, siginfo_t *info)
{
    int options = WEXITED | WNOHANG | (job->background ? 0 : WSTOPPED);
    *info = (siginfo_t){0};
    int failed;
    do
        failed = waitid(P_PID, (id_t)job->pid, info, options);
    while (failed != 0 && errno == EINTR);
    return failed == 0 && info->si_pid != 0;
}

void job_look(struct job *job)
{
    while (job->pid && !job->ended) {
        siginfo_t info;
        if (!has_news(job, &info))
            return;
        if (info.si_code != CLD_STOPPED) {
            ended(job, &info);
        } else if (!terminal_stopped(job->pid, info.si_status)) {
            fprintf(stderr, "lifoguard: the command wants the terminal, which is not to be had\n");
            job_begin(job, JOB_KILLED, 0, LG_SECOND);
        }
    }
}

/* As lifoguard is the subreaper, what loses its parent becomes its child: as long as the group has
 * members, it has a child of ours, and its number cannot be given to another. */
bool job_group_left(struct job *job)
{
    while (job->pid && !job->group_gone) {
        siginfo_t info = {0};
        if (waitid(P_PGID, (id_t)job->pid, &info, WEXITED | WNOHANG) != 0)
            job->group_gone = errno != EINTR;
        else if (info.si_pid == 0)
            return true;
    }
    return false;
}

void job_signal(struct job *job, int number)
{
    if (!job->pid || (job->collected && !job_group_left(job)))
        return;
    ending_signal_group(job->pid, number);
}

void job_begin(struct job *job, enum job_step step, int number, lg_duration limit)
{
    job->step = step;
    job->deadline = lgi_time_in(limit);
    job->asked = number;
    if (step == JOB_ASKED)
        job_signal(job, number);
    if (step == JOB_KILLED)
        job_signal(job, SIGKILL);
}

void job_press(struct job *job, int number)
{
    switch (job->step) {
    case JOB_RUNS:
    case JOB_MAY_FINISH: job_begin(job, JOB_ASKED, number, job->grace); break;
    case JOB_ASKED:
        if (job->asked != SIGTERM)
            job_begin(job, JOB_ASKED, SIGTERM, job->grace);
        else
            job_begin(job, JOB_KILLED, 0, LG_SECOND);
        say("process group %ld has not ended yet: %s", (long)job->pid,
            job->step == JOB_KILLED ? "SIGKILL" : "SIGTERM");
        break;
    case JOB_KILLED: job->step = JOB_GIVEN_UP; break;
    case JOB_GIVEN_UP: break;
    }
}

bool job_is_over(struct job *job)
{
    job_look(job);
    if (!job->ended)
        return job->step == JOB_GIVEN_UP;
    if (job->step == JOB_RUNS || job->step == JOB_GIVEN_UP || !job_group_left(job))
        return true;
    /* `&` makes the shell ignore SIGINT for a command: waiting for what it does would be in vain. */
    if (job->step == JOB_ASKED && job->asked != SIGTERM &&
        ending_group_ignores(job->pid, job->asked))
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    if (job->step == JOB_MAY_FINISH && !job_succeeded(job))
        job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    /* What finished well has left these running on purpose; those of a background job are ended. */
    return job->step == JOB_MAY_FINISH && !job->background;
}

void job_abandon(struct job *job)
{
    if (!job->pid || job->ended || job->step == JOB_GIVEN_UP)
        return;
    job_signal(job, SIGKILL);
    siginfo_t info;
    waitid(P_PID, (id_t)job->pid, &info, WEXITED);
    ending_disown(job->pid);
    job->ended = job->collected = true;
    terminal_take_back(true);
}

bool job_succeeded(const struct job *job)
{
    return job->ended && job->code == CLD_EXITED && job->status == 0 && !job->timed_out;
}

bool job_times_out(struct job *job)
{
    if (job->step != JOB_RUNS || job->limit <= 0 || lg_now() < job->deadline)
        return false;
    job->timed_out = true;
    job_begin(job, JOB_ASKED, SIGTERM, job->grace);
    return true;
}

bool job_was_asked_to_end(const struct job *job)
{
    int number = job->code == CLD_EXITED ? job->status - 128 : job->status;
    return number == SIGINT || number == SIGTERM || number == SIGHUP;
}

int job_ended_by_terminal(const struct job *job)
{
    int number = job->code == CLD_EXITED ? job->status - 128 : job->status;
    return number == SIGINT || number == SIGQUIT || number == SIGHUP ? number : 0;
}

const char *job_result(const struct job *job, char text[JOB_TEXT_SIZE])
{
    size_t at = 0;
    if (job->timed_out) {
        char limit[LG_DURATION_TEXT_SIZE];
        lg_duration_format(job->limit, limit, sizeof limit);
        at = (size_t)snprintf(text, JOB_TEXT_SIZE, "timed out after %s, ", limit);
    }
    char *end = text + at;
    size_t room = JOB_TEXT_SIZE - at;
    if (!job->ended)
        snprintf(end, room, "not ended");
    else if (job->code == CLD_EXITED)
        snprintf(end, room, "exit status %d", job->status);
    else
        snprintf(end, room, "killed by %s%s", signals_name(job->status),
                 job->code == CLD_DUMPED ? ", core dumped" : "");
    return text;
}

/* What the shell wrote, without its "sh: 1: " and all but the first line. */
static lg_error *shells_words(int fd)
{
    char text[300];
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    text[got > 0 ? got : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    const char *from = strstr(text, "yntax error");
    return lg_error_newf("the shell cannot read this: %s", from && from > text ? from - 1 : text);
}

/* Runs `sh -n` to its end, its errors in `errors`; the command is COMMAND or, if that is NULL, in `script`. */
static lg_error *shell_reads(const char *command, int script, int errors, int *status)
{
    lg_func (lg_error *, err) {
        const char **words = shell_words(command ? "-nc" : "-ns", command, "sh");
        lg_defer(free, words);
        const struct launch launch = {.defaults = signals_of_child(),
                                      .input = command ? 0 : script,
                                      .output = {0, errors},
                                      .terminal = -1,
                                      .words = {words}};
        pid_t pid;
        int failed = launch_start(&launch, &pid);
        if (failed)
            lg_return(lg_error_new_code(failed, "starting %s", shell));
        lg_return(launch_await(pid, status));
    }
}

bool job_can_read(const char *script, size_t length)
{
    lg_func (bool, readable) {
        int fd = scratch_open("script");
        if (fd < 0)
            lg_return(false);
        lg_defer(close, fd);
        int words = scratch_open("sh");
        if (words < 0)
            lg_return(false);
        lg_defer(close, words);
        if (write(fd, script, length) != (ssize_t)length || lseek(fd, 0, SEEK_SET) != 0)
            lg_return(false);
        int status = 1;
        lg_error *err = shell_reads(NULL, fd, words, &status);
        lg_defer(lg_error_free, err);
        lg_return(!err && status == 0);
    }
}

lg_error *job_check_syntax(const char *command)
{
    lg_func (lg_error *, err) {
        int words = scratch_open("sh");
        if (words < 0)
            lg_return(lg_error_new_errno("a file for what the shell says"));
        lg_defer(close, words);
        int status = 0;
        err = shell_reads(command, -1, words, &status);
        if (err)
            lg_return(err);
        lg_return(status == 0 ? NULL : shells_words(words));
    }
}
