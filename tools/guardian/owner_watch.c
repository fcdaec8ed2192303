/* The events that an owner waits for: signals, requests, the ends of the command and of cleanups. */
#define _GNU_SOURCE
#include "owner.h"

#include "attempt.h"
#include "front.h"
#include "message.h"
#include "request.h"
#include "signal_fd.h"
#include "signals.h"
#include "status.h"
#include "sweep.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* ---- signals ---- */

static void signal_group_members(const struct owner *owner, int number)
{
    struct process_list list;
    lg_defer(process_list_free, &list);
    process_list_all(&list);
    bool *below = need_memory(NULL, list.count);
    lg_defer(free, below);
    memset(below, 0, list.count);
    process_list_mark_below(&list, getpid(), below);
    sweep_mark(&list, owner->mark, below);
    for (size_t i = 0; i < list.count; i++)
        if (below[i] && list.all[i].group == owner->command.group)
            process_signal(&list.all[i], number);
}

void owner_signal_command(struct owner *owner, int number)
{
    if (owner->ended || !owner->command.pid)
        return;
    /* One that cleans up itself ends what it has started in its own order. A child that it has just made is in its group for a moment,
     * a cleanup perhaps, which is not to be ended. */
    if (owner->options.patient) {
        process_signal(&owner->command, number);
        return;
    }
    /* Not collected yet, so its number is its own. */
    if (owner->own_group) {
        kill(-owner->command.pid, number);
        if (number != SIGKILL)
            kill(-owner->command.pid, SIGCONT);
    } else {
        signal_group_members(owner, number);
    }
}

static void ask_command_to_end(struct owner *owner, int number)
{
    owner->asked = number;
    owner->asked_at = moment_now();
    owner->deadline = lg_now() + (number == SIGKILL ? SIGNALS_KILL_TAKES : owner->options.grace);
    owner_signal_command(owner, number);
}

static void cancel(struct owner *owner, int number, bool from_terminal)
{
    bool again = owner->asked != 0;
    if (!again && !owner->runner_died)
        snprintf(owner->cause, sizeof(owner->cause), "%s", signals_name(number));
    if (owner->outcome == OUTCOME_UNKNOWN)
        owner->outcome = OUTCOME_CANCELLED;
    if (from_terminal) {
        owner->asked = number;
        owner->deadline = lg_now() + owner->options.grace;
    } else {
        ask_command_to_end(owner, number);
    }
    if (owner->options.patient)
        owner->deadline = 0;
    else if (again && owner->deadline > lg_now() + 2 * LG_SECOND)
        owner->deadline = lg_now() + 2 * LG_SECOND;
}

/* What is under way is not given up for a signal that was meant for the command, nor for two in one go: only for one that
 * comes after there was time to read what the first one has led to. */
static void signal_while_cleaning(struct owner *owner, int number)
{
    if (!owner->warned) {
        owner->warned = lg_now();
        print_message("%s: the cleanups go on; another signal ends the cleanup that runs",
                      signals_name(number));
        return;
    }
    if (lg_since(owner->warned) < SIGNALS_TIME_TO_READ)
        return;
    print_message("%s: ending the cleanup that runs", signals_name(number));
    owner->end_attempt = true;
}

/* A terminal that is gone tells only the leader of its session, which may be the runner. The command would be pressed after its
 * grace period, but a patient guardian does not do that. */
static bool hangs_up(const struct owner *owner, int number)
{
    return owner->options.patient && number == SIGHUP;
}

bool owner_is_request(int number)
{
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

void owner_signal(struct owner *owner, int number, bool from_terminal)
{
    if (!owner_is_request(number)) {
        if (!owner->ended && owner->command.pid)
            kill(owner->command.pid, number);
        return;
    }
    bool same = number == owner->last_signal && lg_since(owner->last_signal_at) < SIGNALS_SAME;
    owner->last_signal = number;
    owner->last_signal_at = lg_now();
    if (same)
        return;
    if (owner->cleaning)
        signal_while_cleaning(owner, number);
    /* What the terminal sends, the command has got as well, and may take as it likes: an editor does not end. */
    else if (!from_terminal || owner->own_group || number == SIGHUP)
        cancel(owner, number, from_terminal && !owner->own_group && !hangs_up(owner, number));
}

/* ---- what comes ---- */

static pid_t cleanup_command(const struct owner *owner)
{
    if (owner->attempt_mine)
        return attempt_command(owner->attempt_mine);
    if (!owner->settling)
        return 0;
    const struct state_cleanup *record = &owner->settling->record;
    return attempt_result(owner->directory, record->sequence, record->attempt).command;
}

/* The command of an attempt that was killed, with the owner that made it, may end before its turn has come. */
static void note_end_of_cleanup(struct owner *owner, const siginfo_t *info)
{
    for (struct item *item = owner->newest; item; item = item->older) {
        const struct state_cleanup *record = &item->record;
        if (record->state == CLEANUP_RELEASING && item_is_pending(item) &&
            attempt_result(owner->directory, record->sequence, record->attempt).command ==
                info->si_pid) {
            item->end = *info;
            attempt_note_end(owner->directory, record->sequence, record->attempt, info);
        }
    }
}

static void note_end_of_attempt(struct owner *owner, const siginfo_t *info)
{
    const struct attempt *mine = owner->attempt_mine;
    owner->attempt_end = *info;
    if (mine)
        attempt_note_end(owner->directory, mine->sequence, mine->number, info);
    else
        attempt_note_end(owner->directory, owner->settling->record.sequence,
                         owner->settling->record.attempt, info);
}

static void reap(struct owner *owner)
{
    siginfo_t info;
    for (;;) {
        info.si_pid = 0;
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
            return;
        /* The runner is told before the command is taken off the process table: if we are killed in between, the runner
         * becomes its parent. */
        if (info.si_pid == owner->command.pid && !owner->ended) {
            owner->ended = true;
            owner->end = info;
            front_send(owner->front, FRONT_ENDED, info.si_code, info.si_status);
        }
        if (info.si_pid == owner->attempt.pid)
            owner->attempt_ended = true;
        else if (info.si_pid == cleanup_command(owner))
            note_end_of_attempt(owner, &info);
        else
            note_end_of_cleanup(owner, &info);
        siginfo_t same;
        waitid(P_PID, (id_t)info.si_pid, &same, WEXITED | WNOHANG);
    }
}

static void read_signals(struct owner *owner)
{
    struct signalfd_siginfo info;
    while (read(owner->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            owner_signal(owner, (int)info.ssi_signo, signal_is_of_terminal(&info));
    reap(owner);
}

static void read_front(struct owner *owner)
{
    struct front_message message;
    if (front_receive(owner->front, &message)) {
        if (message.kind == FRONT_SIGNAL)
            owner_signal(owner, message.a, message.b != 0);
        return;
    }
    /* The runner is gone, by kill -9 say. The run ends, here and now. */
    close(owner->front);
    owner->front = -1;
    owner->runner_died = true;
    if (owner->cleaning || owner->ended)
        return;
    print_message("the runner was killed: ending the command, then the cleanups run");
    snprintf(owner->cause, sizeof(owner->cause), "the runner was killed");
    cancel(owner, SIGTERM, false);
}

/* ---- pressing the command to end ---- */

static void report_not_ended(const struct owner *owner, int next)
{
    char text[DURATION_SHORT_SIZE];
    print_message("the command has not ended within %s of %s: %s",
                  duration_short(owner->options.grace, text), signals_name(owner->asked),
                  signals_name(next));
}

/* INT → TERM → KILL: the next step. */
static void drive_to_end(struct owner *owner)
{
    char text[DURATION_SHORT_SIZE];
    if (!owner->asked) {
        owner->outcome = OUTCOME_TIMEOUT;
        duration_short(owner->options.timeout, text);
        snprintf(owner->cause, sizeof(owner->cause), "not done within %s", text);
        print_message("the command has not ended within %s: SIGTERM", text);
        ask_command_to_end(owner, SIGTERM);
    } else if (owner->asked == SIGKILL) {
        print_message("the command outlives SIGKILL");
        owner->outlives_kill = true;
    } else {
        int next = owner->asked == SIGTERM ? SIGKILL : SIGTERM;
        report_not_ended(owner, next);
        ask_command_to_end(owner, next);
    }
}

/* Also while an `undo` is carried out, which may take long. */
static void drive_if_due(struct owner *owner)
{
    if (owner->deadline != 0 && lg_now() >= owner->deadline && !owner->ended &&
        !owner->outlives_kill && !owner->lost)
        drive_to_end(owner);
}

void owner_step(struct owner *owner, lg_time deadline)
{
    owner_write_due(owner);
    struct pollfd fds[CLIENTS_MOST + 3];
    fds[0] = (struct pollfd){.fd = owner->signals, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = owner->front, .events = POLLIN};
    size_t clients = owner_client_fds(owner, fds + 2, CLIENTS_MOST);
    int ready = poll(fds, clients + 2, sweep_poll_timeout(deadline));
    read_signals(owner);
    drive_if_due(owner);
    if (ready <= 0)
        return;
    if (fds[1].revents)
        read_front(owner);
    owner_serve(owner, fds + 2, clients);
    owner_undo(owner);
}

/* ---- the command ---- */

void owner_await_command(struct owner *owner)
{
    if (owner->options.timeout > 0 && !owner->asked)
        owner->deadline = owner->began + owner->options.timeout;
    reap(owner);
    while (!owner->ended && !owner->lost && !owner->outlives_kill)
        owner_step(owner, owner->deadline);
}

static enum outcome outcome_of_status(int status)
{
    if (status == EXIT_SIGNAL + SIGINT)
        return OUTCOME_CANCELLED;
    return status == 0 ? OUTCOME_SUCCESS : OUTCOME_FAILURE;
}

struct result owner_result(const struct owner *owner)
{
    static char cause[32];
    int status = owner->scope_status;
    if (status < 0 || owner->outcome != OUTCOME_UNKNOWN)
        return (struct result){.outcome = owner->outcome,
                               .exit_code = owner->exit_code,
                               .exit_signal = owner->exit_signal,
                               .cause = owner->cause};
    snprintf(cause, sizeof(cause), "exit status %d", status);
    return (struct result){
        .outcome = outcome_of_status(status), .exit_code = status, .cause = cause};
}

void owner_set_outcome(struct owner *owner)
{
    bool exited = owner->ended && owner->end.si_code == CLD_EXITED;
    if (exited)
        owner->exit_code = owner->end.si_status;
    else if (owner->ended)
        owner->exit_signal = owner->end.si_status;
    if (!exited && owner->exit_signal)
        owner->exit_code = EXIT_SIGNAL + owner->exit_signal;
    if (owner->outcome == OUTCOME_TIMEOUT)
        owner->exit_code = EXIT_TIMEOUT; /* as exec itself will exit */
    if (owner->outcome == OUTCOME_CANCELLED || owner->outcome == OUTCOME_TIMEOUT)
        return;
    owner->outcome = owner->ended ? outcome_of_status(owner->exit_code) : OUTCOME_UNKNOWN;
    if (owner->cause[0])
        return;
    if (owner->exit_signal)
        snprintf(owner->cause, sizeof(owner->cause), "killed by %s",
                 signals_name(owner->exit_signal));
    else if (owner->ended)
        snprintf(owner->cause, sizeof(owner->cause), "exit status %d", owner->exit_code);
}

/* ---- ending processes ---- */

static void step_for_ending(void *data, lg_time deadline)
{
    owner_step(data, deadline);
}

static void add_known(struct process_list *list, const struct process *process)
{
    if (process->pid)
        process_list_add(list, process);
}

/* What carries cleanups out: the owner's watcher, attempts, the guardians of nested runs. */
static void spare_ours(const struct owner *owner, struct process_list *spared)
{
    add_known(spared, &owner->watcher);
    for (const struct item *item = owner->newest; item; item = item->older) {
        const struct process *process = item->record.state == CLEANUP_RELEASING
                                            ? &item->record.attempt_by
                                            : &item->nested;
        if (item_is_pending(item))
            add_known(spared, process);
    }
}

void owner_end_acquirer(struct owner *owner, const struct item *item, struct process_list *family)
{
    struct process_list spared = {0};
    lg_defer(process_list_free, &spared);
    spare_ours(owner, &spared);
    struct buffer mark = {0};
    lg_defer(buffer_free, &mark);
    request_acquire_mark(&mark, owner->run.id, item->record.sequence);
    add_known(family, &item->acquirer);
    struct sweep sweep = {.grace = owner->options.grace,
                          .spared = spared.all,
                          .spared_count = spared.count,
                          .mark = mark.text,
                          .wait = step_for_ending,
                          .data = owner,
                          .whose = "a scope",
                          .family = family};
    sweep_run(&sweep);
}

void owner_end_processes(struct owner *owner, const struct moment *after)
{
    struct process_list spared = {0};
    lg_defer(process_list_free, &spared);
    spare_ours(owner, &spared);
    struct sweep sweep = {.grace = owner->options.grace,
                          .after = after,
                          .spared = spared.all,
                          .spared_count = spared.count,
                          .told_group = owner->asked == SIGTERM ? owner->command.group : 0,
                          .told_at = owner->asked_at,
                          .mark = owner->mark,
                          .wait = step_for_ending,
                          .data = owner,
                          .whose = "the command"};
    sweep_run(&sweep);
}
