/* Runs the pending cleanups: the newest first, each with the outcome in its environment, each with its own limit (R3, R5, R6). */
#define _GNU_SOURCE
#include "assignments.h"
#include "attempt.h"
#include "duration.h"
#include "message.h"
#include "owner.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char unconfirmed[] = "intended";

/* Whether it is meant for this outcome. */
static bool is_wanted(const struct owner *owner, const struct item *item)
{
    bool good = owner_result(owner).outcome == OUTCOME_SUCCESS;
    if (item->spec.flags & SPEC_ON_FAILURE && good)
        return false;
    return !(item->spec.flags & SPEC_ON_SUCCESS && !good);
}

/* False: what runs was to end meanwhile. */
static bool pause_for(struct owner *owner, lg_duration pause)
{
    lg_time deadline = lg_now() + pause;
    owner->end_attempt = false;
    while (lg_now() < deadline && !owner->lost && !owner->end_attempt)
        owner_step(owner, deadline);
    return !owner->lost && !owner->end_attempt;
}

/* ---- one attempt ---- */

/* Ours to wait for, or adopted, or of an owner before us: gone in any case when /proc says so. */
static void await_attempt(struct owner *owner)
{
    while (!owner->attempt_ended && process_is_alive(owner->attempt.pid, owner->attempt.started)) {
        if (owner->end_attempt) {
            process_signal(&owner->attempt, SIGTERM);
            owner->end_attempt = false;
        }
        owner_step(owner, lg_now() + 50 * LG_MILLISECOND);
    }
    owner->attempt = (struct process){0};
}

/* If the run is lost, nothing is started. */
static void begin(struct owner *owner, struct item *item, struct attempt *attempt)
{
    item->record.attempt_by = attempt->process;
    bool ours = owner_move(owner, item, CLEANUP_RELEASING, item->unconfirmed ? unconfirmed : "");
    owner->attempt = attempt->process;
    owner->attempt_ended = false;
    owner->attempt_mine = attempt;
    owner->attempt_end = (siginfo_t){0};
    attempt_go(attempt, ours);
}

static struct attempt_result not_started(const lg_error *err)
{
    int number = lg_error_errno(err);
    return (struct attempt_result){.end = ATTEMPT_NOT_STARTED, .number = number ? number : EIO};
}

/* Also one that has ended, and is not waited for yet. */
static bool is_our_child(pid_t pid)
{
    siginfo_t info;
    return pid > 0 &&
           (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 || errno != ECHILD);
}

/* The attempt itself was killed: its command has become our child, so that we learn how that ended, and do not run it
 * again. Without a command that we could ask after, the result stays what it is. */
static struct attempt_result await_orphan(struct owner *owner, const struct item *item,
                                          struct attempt_result result)
{
    lg_time deadline = duration_deadline(item->spec.timeout);
    while (!owner->lost && !owner->attempt_end.si_pid && is_our_child(result.command)) {
        if (lg_now() >= deadline)
            kill(result.command, SIGKILL);
        owner_step(owner, lg_now() + 20 * LG_MILLISECOND);
    }
    const siginfo_t *end = &owner->attempt_end;
    if (result.command && end->si_pid == result.command) {
        result.end = end->si_code == CLD_EXITED ? ATTEMPT_EXITED : ATTEMPT_SIGNALLED;
        result.number = end->si_status;
    }
    return result;
}

static struct attempt_result finish_attempt(struct owner *owner, const struct item *item,
                                            struct attempt *attempt)
{
    struct attempt_result result = attempt_finish(attempt);
    result.command = attempt_command(attempt);
    return result.end == ATTEMPT_LOST ? await_orphan(owner, item, result) : result;
}

static struct attempt_result try_once(struct owner *owner, struct item *item)
{
    item->record.attempt++;
    char **environment = owner_environment(owner, item);
    lg_defer(assignments_free, environment);
    union {
        char **mine;
        const char *const *text;
    } list = {.mine = environment};
    struct attempt attempt = {.run_directory = owner->directory,
                              .sequence = item->record.sequence,
                              .number = item->record.attempt,
                              .arguments = item->spec.arguments,
                              .environment = list.text,
                              .directory = item->spec.directory,
                              .identity = item->spec.identity,
                              .strict = owner->rebooted,
                              .instead = owner->options.instead,
                              .umask = (mode_t)item->spec.umask & 0777,
                              .birth = owner->birth,
                              .timeout = item->spec.timeout,
                              .grace = item->spec.grace};
    lg_error *err = attempt_prepare(&attempt);
    lg_defer(lg_error_free, err);
    if (err)
        return not_started(err);
    item->in_file = attempt.in_file;
    begin(owner, item, &attempt);
    await_attempt(owner);
    struct attempt_result result = finish_attempt(owner, item, &attempt);
    owner->attempt_mine = NULL;
    return result;
}

/* ---- all its attempts ---- */

static void report(struct owner *owner, const struct item *item,
                   const struct attempt_result *result, const char *then)
{
    char text[ATTEMPT_TEXT_SIZE];
    struct buffer what = {0};
    lg_defer(buffer_free, &what);
    item_describe(item, &what);
    if (!attempt_is_good(result))
        print_message("cleanup failed: %s: %s%s", what.text,
                      attempt_describe(result, item->spec.timeout, item->spec.directory, text),
                      then);
    else if (owner->options.verbose)
        print_message("cleanup done: %s", what.text);
}

static void tell_retry(struct owner *owner, const struct item *item,
                       const struct attempt_result *result, enum again again, lg_duration pause)
{
    char text[DURATION_SHORT_SIZE];
    struct buffer then = {0};
    lg_defer(buffer_free, &then);
    buffer_format(&then, "; tried again in %s", duration_short(pause, text));
    if (again == AGAIN_PLAIN)
        print_message(
            "a cleanup cannot be started (%s): trying again without the variables that were set since the run began",
            strerror(E2BIG));
    else if (again == AGAIN_RETRY)
        report(owner, item, result, then.text);
}

/* It is tried until it starts, for some twenty seconds; on the way, what the run has left makes room, though its turn has not
 * come yet (R6). */
static void make_room(struct owner *owner, const struct attempt_result *result, int starts)
{
    if (starts == 1)
        print_message("a cleanup cannot be started yet (%s): trying again",
                      strerror(result->number));
    if (starts == 3 && owner->cleaning)
        owner_end_processes(owner, NULL);
}

/* As often as it is to be tried. `result` is that of the owner before us, if that has begun an attempt; a failure may have come of
 * what has killed that owner, so it is no reason not to try. */
static struct attempt_result try_all(struct owner *owner, struct item *item,
                                     struct attempt_result result)
{
    struct tries tries = {.retries = item->spec.retries,
                          .backoff = item->spec.backoff,
                          .plain = item->plain,
                          .lost = item->record.state == CLEANUP_RELEASING};
    enum again again = AGAIN_AT_ONCE;
    lg_duration pause = 0;
    if (attempt_is_good(&result))
        return result;
    if (result.end != ATTEMPT_LOST) {
        again = AGAIN_RETRY;
        pause = tries.backoff;
    }
    while (again != AGAIN_NOT && !owner->lost) {
        tell_retry(owner, item, &result, again, pause);
        if (again == AGAIN_LATER)
            make_room(owner, &result, tries.starts);
        if (!pause_for(owner, pause))
            break;
        item->plain = tries.plain;
        result = try_once(owner, item);
        again = tries_again(&tries, attempt_tried(&result), result.number, &pause);
    }
    return result;
}

/* The attempt is the leader of a session, so what it started is known by that. */
static bool session_lives(pid_t session)
{
    struct process_list list;
    lg_defer(process_list_free, &list);
    process_list_all(&list);
    for (size_t i = 0; session > 0 && i < list.count; i++)
        if (list.all[i].session == session)
            return true;
    return false;
}

/* The attempt of an owner before us was killed. While its command lives it is not begun again; and if it is our child by
 * now, we learn how it ends. Whether the command lives is asked before what is known of it: a command that had not even said which process
 * it is may say so, run, and end in between. */
static struct attempt_result settle_killed(struct owner *owner, const struct item *item)
{
    const struct state_cleanup *record = &item->record;
    lg_time deadline = duration_deadline(item->spec.timeout);
    struct attempt_result result;
    for (;;) {
        bool lives = session_lives(record->attempt_by.pid);
        result = attempt_result(owner->directory, record->sequence, record->attempt);
        if (result.end == ATTEMPT_LOST && result.command)
            result = await_orphan(owner, item, result);
        bool too_long = lg_now() >= deadline;
        if (result.end != ATTEMPT_LOST || owner->lost || too_long || !lives)
            return result;
        owner_step(owner, lg_now() + 20 * LG_MILLISECOND);
    }
}

/* How an attempt of the owner before us ended, once it has; ATTEMPT_LOST if there was none, or nobody knows. */
static struct attempt_result settle(struct owner *owner, struct item *item)
{
    if (item->record.state != CLEANUP_RELEASING)
        return (struct attempt_result){.end = ATTEMPT_LOST};
    owner->settling = item;
    owner->attempt_end = item->end;
    owner->attempt = item->record.attempt_by;
    owner->attempt_ended = strcmp(owner->run.boot, boot_id()) != 0;
    await_attempt(owner);
    struct attempt_result result = settle_killed(owner, item);
    owner->settling = NULL;
    return result;
}

/* ---- nested runs ---- */

/* The nested run carries out its own cleanups; only if its guardian and runner are gone, the item's command does. Mostly it
 * withdraws the item when it ends. */
static void end_nested(struct owner *owner, struct process nested)
{
    bool told = false;
    while (nested.pid && process_is_alive(nested.pid, nested.started) && !owner->lost) {
        if (!told)
            process_signal(&nested, SIGTERM);
        told = true;
        owner_step(owner, lg_now() + 50 * LG_MILLISECOND);
    }
}

/* ---- */

static bool finish(struct owner *owner, struct item *item, const struct attempt_result *result)
{
    int64_t sequence = item->record.sequence;
    int64_t number = item->record.attempt;
    char text[ATTEMPT_TEXT_SIZE];
    bool good = attempt_is_good(result);
    bool over = good || (item->spec.flags & SPEC_ALLOW_FAILURE);
    report(owner, item, result, over && !good ? " (allowed)" : "");
    attempt_describe(result, item->spec.timeout, item->spec.directory, text);
    bool on_disk = item->stored && !item->stale;
    if (good && on_disk && item->in_file && owner->cleaning) {
        owner_release_later(owner, item);
        return true;
    }
    if (!owner_move(owner, item, over ? CLEANUP_RELEASED : CLEANUP_FAILED, text))
        return false;
    /* As long as the record says that it is under way, the next owner asks for the result. */
    if (!item->stale)
        attempt_forget(owner->directory, sequence, number);
    if (over)
        owner_drop(owner, item);
    else
        owner->failed = true;
    return over;
}

bool owner_claim(struct owner *owner, struct item *item, const struct process *attempt)
{
    if (owner->cleaning || owner->lost)
        return false;
    bool first = item->record.state != CLEANUP_RELEASING;
    bool open = item->record.state == CLEANUP_INTENDED ||
                (!first && strcmp(item->record.detail, unconfirmed) == 0);
    item->record.attempt++;
    item->record.attempt_by = *attempt;
    return owner_move(owner, item, CLEANUP_RELEASING, open ? unconfirmed : "");
}

bool owner_settle(struct owner *owner, struct item *item, bool good, const char *detail)
{
    if (!owner_move(owner, item, good ? CLEANUP_RELEASED : CLEANUP_FAILED, detail))
        return false;
    if (good)
        owner_remove(owner, item);
    else
        owner->failed = true;
    return true;
}

static bool skip(struct owner *owner, struct item *item)
{
    if (owner_move(owner, item, CLEANUP_RELEASED, ""))
        owner_drop(owner, item);
    return true;
}

static struct item *find_still_pending(struct owner *owner, int64_t sequence)
{
    struct item *item = owner_find_sequence(owner, sequence);
    return item && item_is_pending(item) ? item : NULL;
}

/* What is ended may confirm or withdraw the item before it ends: NULL. */
static struct item *end_what_is_newer(struct owner *owner, const struct item *item)
{
    int64_t sequence = item->record.sequence;
    struct moment moment = item->record.moment;
    end_nested(owner, item->nested);
    owner_end_processes(owner, &moment);
    return find_still_pending(owner, sequence);
}

static struct item *newest_nested_of(const struct owner *owner, const struct process_list *family)
{
    struct item *item = owner->newest;
    while (item && !(item_is_pending(item) && process_list_has(family, &item->nested)))
        item = item->older;
    return item;
}

/* Undone while it is being acquired, by a process that its scope has left behind, say: that ends first, or it could acquire
 * afterwards; and so do the nested runs that it has begun, with their cleanups. It may confirm or withdraw the item before it ends. */
static struct item *end_acquirer(struct owner *owner, struct item *item)
{
    int64_t sequence = item->record.sequence;
    if (item->record.state != CLEANUP_INTENDED)
        return item;
    struct process_list family = {0};
    lg_defer(process_list_free, &family);
    owner_end_acquirer(owner, item, &family);
    for (struct item *nested; !owner->lost && (nested = newest_nested_of(owner, &family)) != NULL;)
        owner_release(owner, nested);
    return find_still_pending(owner, sequence);
}

bool owner_release(struct owner *owner, struct item *item)
{
    item = owner->cleaning ? end_what_is_newer(owner, item) : end_acquirer(owner, item);
    if (!item)
        return true;
    item->under_way = true;
    item->unconfirmed = item->record.state == CLEANUP_INTENDED ||
                        (item->record.state == CLEANUP_RELEASING &&
                         strcmp(item->record.detail, unconfirmed) == 0);
    bool result_is_known = owner->cleaning || owner->scope_status >= 0;
    if (result_is_known && !is_wanted(owner, item))
        return skip(owner, item);
    owner->end_attempt = false;
    struct attempt_result result = try_all(owner, item, settle(owner, item));
    if (owner->lost)
        return false;
    return finish(owner, item, &result);
}

static struct item *newest_pending(const struct owner *owner)
{
    struct item *item = owner->newest;
    while (item && !item_is_pending(item))
        item = item->older;
    return item;
}

static size_t count_pending(const struct owner *owner)
{
    size_t count = 0;
    for (const struct item *item = owner->newest; item; item = item->older)
        count += item_is_pending(item);
    return count;
}

void owner_explain_recovery(const struct owner *owner, const char *what)
{
    const char *words[] = {"lifoguard", "recover", "--state", owner->place, owner->run.id, NULL};
    struct buffer command = {0};
    lg_defer(buffer_free, &command);
    spec_describe(&command, words);
    print_message("%s: %s", what, command.text);
}

static void keep(struct owner *owner)
{
    print_message("kept, as asked: %zu cleanup%s, the first to run first:", count_pending(owner),
                  count_pending(owner) == 1 ? "" : "s");
    enum { SHOWN = 20 };
    size_t shown = 0;
    for (const struct item *item = owner->newest; item && shown < SHOWN; item = item->older) {
        struct buffer what = {0};
        item_describe(item, &what);
        if (item_is_pending(item) && ++shown)
            print_message("    %s", what.text);
        buffer_free(&what);
    }
    if (count_pending(owner) > shown)
        print_message("    … and %zu more", count_pending(owner) - shown);
    owner_explain_recovery(owner, "to run them");
}

void owner_clean(struct owner *owner)
{
    owner->cleaning = true;
    owner_refuse_undos(owner);
    owner->outcome_due = owner->newest != NULL;
    if (owner->options.keep && newest_pending(owner)) {
        owner_write_due(owner);
        keep(owner);
        return;
    }
    /* What is ended last may register something before it ends. */
    do {
        for (struct item *item; !owner->lost && (item = newest_pending(owner)) != NULL;)
            owner_release(owner, item);
        if (!owner->lost)
            owner_end_processes(owner, NULL);
    } while (!owner->lost && newest_pending(owner));
}
