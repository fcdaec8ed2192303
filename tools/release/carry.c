#define _GNU_SOURCE
#include "carry.h"

#include "buffer.h"
#include "duration.h"
#include "ending.h"
#include "request.h"

#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- those that run ---- */

static void enlist(struct carry *carry)
{
    carry->next = carry->holder->running;
    carry->holder->running = carry;
}

static void delist(struct carry *carry)
{
    struct carry **place = &carry->holder->running;
    while (*place != carry)
        place = &(*place)->next;
    *place = carry->next;
}

void holder_end_running(struct holder *holder)
{
    holder->ends++;
    for (struct carry *carry = holder->running; carry; carry = carry->next)
        if (carry->orphaned)
            kill(-carry->attempt.command, SIGTERM);
        else
            process_signal(&carry->attempt.process, SIGTERM);
}

void holder_kill_running(struct holder *holder)
{
    holder->ends++;
    for (struct carry *carry = holder->running; carry; carry = carry->next)
        if (carry->attempt.command)
            kill(-carry->attempt.command, SIGKILL);
        else
            process_signal(&carry->attempt.process, SIGTERM);
}

void holder_tell_size(const struct holder *holder)
{
    for (const struct carry *carry = holder->running; carry; carry = carry->next)
        if (carry->attempt.command)
            kill(-carry->attempt.command, SIGWINCH);
}

/* ---- one attempt ---- */

static void wait_until(const struct carry *carry, lg_time deadline)
{
    carry->hooks->wait(carry->data, deadline);
}

/* What became of a child of ours. False: it is none. */
static bool child_state(pid_t pid, siginfo_t *info, int options)
{
    int failed;
    do {
        *info = (siginfo_t){0};
        failed = waitid(P_PID, (id_t)pid, info, WEXITED | WNOHANG | options);
    } while (failed != 0 && errno == EINTR);
    return failed == 0;
}

/* Ended, and taken off the table of processes. */
static bool has_ended(pid_t pid)
{
    siginfo_t info;
    return !child_state(pid, &info, 0) || info.si_pid == pid;
}

/* It is ours to wait for if its attempt is killed. */
static void await_command(struct attempt *attempt)
{
    ending_reserve();
    lg_time deadline = lg_now() + ATTEMPT_PATIENCE;
    while (!attempt_command(attempt) && lg_now() < deadline && !attempt_is_over(attempt))
        lg_error_free(
            lg_poll(attempt->report, POLLIN, lg_until_timeout(deadline - lg_now()), NULL));
    if (attempt->command)
        ending_own(attempt->command);
}

static void await_attempt(struct carry *carry)
{
    await_command(&carry->attempt);
    pid_t pid = carry->attempt.process.pid;
    while (!has_ended(pid))
        wait_until(carry, 0);
    ending_disown(pid);
}

/* Until the command has ended, whose attempt was killed; false: it is none of our children. */
static bool await_child(struct carry *carry, siginfo_t *info)
{
    pid_t command = carry->attempt.command;
    lg_time deadline = duration_deadline(carry->timeout);
    for (;;) {
        if (!child_state(command, info, WNOWAIT))
            return false;
        if (info->si_pid == command)
            return true;
        if (lg_now() >= deadline)
            kill(-command, SIGKILL);
        wait_until(carry, lg_now() + 20 * LG_MILLISECOND);
    }
}

/* The attempt was killed: its command has become our child, as we adopt what has lost its parent. Without one, nobody knows. */
static void await_orphan(struct carry *carry)
{
    const struct attempt *attempt = &carry->attempt;
    siginfo_t info;
    carry->orphaned = attempt->command > 0;
    if (!carry->orphaned || !await_child(carry, &info))
        return;
    attempt_note_end(attempt->run_directory, attempt->sequence, attempt->number, &info);
    has_ended(attempt->command);
    carry->result.end = info.si_code == CLD_EXITED ? ATTEMPT_EXITED : ATTEMPT_SIGNALLED;
    carry->result.number = info.si_status;
}

static bool claim(const struct carry *carry)
{
    const struct attempt *attempt = &carry->attempt;
    return !carry->sequence ||
           holder_claim(carry->holder, carry->sequence, attempt->process.pid, attempt->number);
}

static bool run_attempt(struct carry *carry)
{
    struct attempt *attempt = &carry->attempt;
    ending_own(attempt->process.pid);
    bool ours = claim(carry);
    carry->attempts = attempt->number;
    carry->orphaned = false;
    enlist(carry);
    lg_defer(delist, carry);
    attempt_go(attempt, ours);
    await_attempt(carry);
    carry->result = attempt_finish(attempt);
    if (ours && carry->result.end == ATTEMPT_LOST)
        await_orphan(carry);
    if (attempt->command)
        ending_disown(attempt->command);
    if (!ours)
        holder_lose(carry->holder);
    return ours;
}

static struct cleanup_facts facts_of(const struct carry *carry, int64_t number)
{
    struct holder *holder = carry->holder;
    if (!carry->sequence)
        return (struct cleanup_facts){0};
    return (struct cleanup_facts){.run = holder->run,
                                  .sequence = carry->sequence,
                                  .attempt = number,
                                  .epoch = holder_epoch(holder)};
}

static bool try_once(struct carry *carry, bool plain)
{
    int64_t number = carry->attempts + 1;
    struct cleanup_facts facts = facts_of(carry, number);
    carry->attempt =
        (struct attempt){.run_directory = carry->holder->directory,
                         .sequence = carry->sequence,
                         .number = number,
                         .arguments = carry->arguments,
                         .environment = carry->hooks->environment(carry->data, facts, plain),
                         .directory = carry->directory,
                         .identity = carry->identity,
                         .umask = carry->umask,
                         .birth = carry->holder->birth,
                         .timeout = carry->timeout,
                         .grace = carry->grace,
                         .output = {carry->output[0], carry->output[1]},
                         .empty_input = carry->empty_input};
    ending_reserve();
    lg_error *err = attempt_prepare(&carry->attempt);
    if (!err)
        return run_attempt(carry);
    carry->result = (struct attempt_result){.end = ATTEMPT_NOT_STARTED,
                                            .number = lg_error_errno(err)};
    lg_error_free(err);
    return true;
}

/* ---- all attempts ---- */

/* False: what runs was to end meanwhile. */
static bool pause_for(const struct carry *carry, lg_duration pause, size_t ends)
{
    lg_time deadline = lg_now() + pause;
    while (lg_now() < deadline && carry->holder->ends == ends)
        wait_until(carry, deadline);
    return carry->holder->ends == ends;
}

static bool try_all(struct carry *carry)
{
    struct tries tries = {.retries = carry->retries, .backoff = CLEANUP_BACKOFF};
    for (;;) {
        size_t ends = carry->holder->ends;
        lg_duration pause;
        if (!try_once(carry, tries.plain))
            return false;
        attempt_describe(&carry->result, carry->timeout, carry->directory, carry->text);
        const struct attempt_result *result = &carry->result;
        enum again again = tries_again(&tries, attempt_tried(result), result->number, &pause);
        if (again == AGAIN_NOT || carry->holder->ends != ends)
            return true;
        carry->hooks->again(carry->data, carry, again, pause);
        if (!pause_for(carry, pause, ends))
            return true;
    }
}

bool carry_out(struct carry *carry)
{
    memory_be_patient(
        MEMORY_PATIENCE_BRIEF_S *
        LG_SECOND); /* a cleanup that waits for memory is better than one that is given up */
    if (!try_all(carry))
        return false;
    if (!carry->sequence || carry->result.end == ATTEMPT_LOST)
        return true;
    /* If nobody takes it down, whoever takes the run over finds it in the attempt's file. */
    bool good = attempt_is_good(&carry->result);
    if (holder_settle(carry->holder, carry->sequence, good, carry->text))
        attempt_forget(carry->holder->directory, carry->sequence, carry->attempts);
    return true;
}

bool carry_mentions(const char *text, const char *assignment, const char *const *first)
{
    if (memmem(text, strlen(text), assignment, strcspn(assignment, "=")))
        return true;
    for (; *first; first++)
        if (strcmp(*first, assignment) == 0)
            return true;
    return false;
}
