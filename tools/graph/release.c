/* Cleanups: their way onto the disk, and carrying them out. */
#define _GNU_SOURCE
#include "attempt.h"
#include "common/request.h"
#include "facts.h"
#include "owner.h"
#include "place.h"
#include "run/ending.h"
#include "say.h"
#include "scratch.h"
#include "signals.h"
#include "tries.h"
#include "work.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- registering ---- */

static const char *absolute_directory(const struct work *work)
{
    const char *directory = work_directory(work);
    struct arena *arena = work->engine->arena;
    char *here = place_here();
    lg_defer(free, here);
    if (directory && *directory == '/')
        return directory;
    if (!here)
        return "/";
    return directory ? arena_format(arena, "%s/%s", here, directory)
                     : arena_copy(arena, here, strlen(here));
}

static void tell_release(struct release *release, enum event_kind kind, const char *result,
                         lg_duration took)
{
    const char *text = release->deferred->text;
    const struct event event = {.kind = kind,
                                .job = release->work->name,
                                .text = text,
                                .length = strlen(text),
                                .result = result,
                                .took = took,
                                .cleanup = release->number};
    tell(release->work->engine, event);
}

static struct release *add(struct work *work, const struct deferred *deferred,
                           const struct words *environment)
{
    struct engine *engine = work->engine;
    struct release *release = arena_take(engine->arena, sizeof *release);
    *release = (struct release){.older = work->releases,
                                .deferred = deferred,
                                .work = work,
                                .environment = *environment,
                                .directory = absolute_directory(work)};
    work->releases = release;
    return release;
}

lg_error *releases_intend(struct work *work, const struct deferreds *defers,
                          const struct words *environment)
{
    for (size_t i = 0; i < defers->count; i++) {
        struct release *release = add(work, &defers->items[i], environment);
        release->intended = true;
        lg_error *err = durable_intend(release, &release->sequence);
        if (err)
            return lg_error_wrap(err, "the cleanup cannot be registered");
    }
    return NULL;
}

static bool same_words(const struct words *a, const struct words *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

/* It is registered anew, so it is the newest. */
static void move_to_front(struct release *release)
{
    struct release **place = &release->work->releases;
    while (*place != release)
        place = &(*place)->older;
    *place = release->older;
    release->older = release->work->releases;
    release->work->releases = release;
}

/* With what the command has put into LIFOGUARD_ENV, it is another cleanup: that is held before this one is withdrawn. */
static lg_error *hold_with(struct release *release, const struct words *environment)
{
    int64_t intended = release->sequence;
    release->environment = *environment;
    move_to_front(release);
    lg_error *err = durable_hold(release, &release->sequence);
    lg_error_join_into(&err, durable_withdraw(release->work->engine, intended));
    return err;
}

static lg_error *confirm(struct release *release, const struct words *environment)
{
    struct engine *engine = release->work->engine;
    lg_error *err = same_words(&release->environment, environment)
                        ? durable_confirm(engine, release->sequence)
                        : hold_with(release, environment);
    release->intended = false;
    release->number = ++engine->cleanup_count;
    tell_release(release, EVENT_DEFER, NULL, -1);
    return lg_error_wrap(err, "the cleanup is not confirmed");
}

/* The oldest first, so that their numbers are in the order of registration. */
static lg_error *confirm_from(struct release *release, const struct release *since,
                              const struct words *environment)
{
    if (release == since)
        return NULL;
    lg_error *err = confirm_from(release->older, since, environment);
    return lg_error_join(err, confirm(release, environment));
}

lg_error *releases_confirm(struct release *newest, const struct release *since,
                           const struct words *environment)
{
    return confirm_from(newest, since, environment);
}

void releases_withdraw(struct work *work, const struct release *since)
{
    while (work->releases != since) {
        if (work->releases->sequence)
            lg_error_free(durable_withdraw(work->engine, work->releases->sequence));
        work->releases = work->releases->older;
    }
}

/* ---- carrying out ---- */

/* An attempt under way: so that a signal can end it. */
struct attempt_running {
    struct attempt_running *next;
    struct attempt attempt;
    int output;
    off_t told;
    struct output printed;
};

bool releases_are_running(const struct engine *engine)
{
    return engine->attempts != NULL;
}

void releases_end_running(struct engine *engine)
{
    engine->ends++;
    for (struct attempt_running *running = engine->attempts; running; running = running->next)
        process_signal(&running->attempt.process, SIGTERM);
}

void releases_kill_running(struct engine *engine)
{
    engine->ends++;
    for (struct attempt_running *running = engine->attempts; running; running = running->next)
        if (running->attempt.command)
            kill(-running->attempt.command, SIGKILL);
        else
            process_signal(&running->attempt.process, SIGTERM);
}

static void delist(struct engine *engine, const struct attempt_running *running)
{
    struct attempt_running **place = &engine->attempts;
    while (*place && *place != running)
        place = &(*place)->next;
    if (*place)
        *place = running->next;
}

struct assigned {
    struct arena *arena;
    struct words *words;
};

static void assign(void *data, const char *name, const char *value)
{
    const struct assigned *assigned = data;
    words_assign(assigned->arena, assigned->words, name,
                 arena_copy(assigned->arena, value, strlen(value)));
}

static void add_outcome(struct release *release, int64_t attempt, struct words *words)
{
    struct engine *engine = release->work->engine;
    const struct cleanup_facts facts = {
        .status = release->intended ? "unknown" : engine_outcome(engine),
        .cause = engine->cause != STOP_SIGNAL && release->work->error ? release->work->error
                                                                      : engine_cause(engine),
        .exit_code = engine->status,
        .signal = engine->signal,
        .run = engine->run_id,
        .sequence = release->sequence,
        .attempt = attempt,
        .epoch = durable_epoch(engine)};
    cleanup_facts_tell(&facts, assign, &(struct assigned){engine->arena, words});
}

/* Whether the cleanup's command has the name of a variable in it, or the run began with that variable. */
static bool is_mentioned(const struct release *release, const char *assignment)
{
    size_t length = strcspn(assignment, "=");
    const char *text = release->deferred->text;
    if (memmem(text, strlen(text), assignment, length))
        return true;
    const struct words *first = &release->work->engine->environment;
    for (size_t i = 0; i < first->count; i++)
        if (strcmp(first->items[i], assignment) == 0)
            return true;
    return false;
}

static struct words environment_of(struct release *release, int64_t attempt)
{
    struct words words = {0};
    for (size_t i = 0; i < release->environment.count; i++)
        if (!release->plain || is_mentioned(release, release->environment.items[i]))
            words_add(release->work->engine->arena, &words, release->environment.items[i]);
    add_outcome(release, attempt, &words);
    return words;
}

static void tell_output(struct attempt_running *running)
{
    char bytes[16 * 1024];
    ssize_t count;
    while ((count = pread(running->output, bytes, sizeof bytes, running->told)) > 0) {
        output_take(&running->printed, bytes, (size_t)count);
        running->told += count;
    }
}

/* A child of ours: ended and taken off the table of processes. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG) != 0 || info.si_pid == pid;
}

/* It is ours to wait for if its attempt is killed. */
static void await_command(struct attempt_running *running)
{
    struct attempt *attempt = &running->attempt;
    ending_reserve();
    lg_time deadline = lg_now() + 5 * LG_SECOND;
    while (!attempt_command(attempt) && lg_now() < deadline && !attempt_is_over(attempt))
        lg_error_free(
            lg_poll(attempt->report, POLLIN, lg_until_timeout(deadline - lg_now()), NULL));
    if (attempt->command)
        ending_own(attempt->command);
}

/* The attempt was killed: its command has become our child, as we adopt what has lost its parent. Without one, nobody knows. */
static struct attempt_result await_orphan(struct release *release, struct attempt_running *running,
                                          struct attempt_result result)
{
    pid_t command = running->attempt.command;
    lg_duration timeout = release->deferred->timeout;
    lg_time deadline = timeout > 0 ? lg_now() + timeout : 0;
    siginfo_t info = {0};
    while (command && waitid(P_PID, (id_t)command, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           !info.si_pid) {
        if (deadline && lg_now() >= deadline)
            kill(-command, SIGKILL);
        lg_sleep(20 * LG_MILLISECOND);
        tell_output(running);
    }
    if (command && info.si_pid == command) {
        const struct attempt *attempt = &running->attempt;
        attempt_note_end(attempt->run_directory, attempt->sequence, attempt->number, &info);
        waitid(P_PID, (id_t)command, &info, WEXITED);
        result.end = info.si_code == CLD_EXITED ? ATTEMPT_EXITED : ATTEMPT_SIGNALLED;
        result.number = info.si_status;
    }
    return result;
}

static void await_attempt(struct attempt_running *running)
{
    await_command(running);
    pid_t pid = running->attempt.process.pid;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    while (!has_ended(pid)) {
        lg_until until = lg_until_timeout(100 * LG_MILLISECOND);
        if (pidfd >= 0)
            lg_error_free(lg_poll(pidfd, POLLIN, until, NULL));
        else
            lg_sleep(10 * LG_MILLISECOND);
        tell_output(running);
    }
    if (pidfd >= 0)
        close(pidfd);
    ending_disown(pid);
    tell_output(running);
}

/* False: it is not ours to carry out any more. */
static bool carry_out(struct release *release, struct attempt_running *running,
                      struct attempt_result *result)
{
    struct engine *engine = release->work->engine;
    struct attempt *attempt = &running->attempt;
    ending_reserve();
    lg_error *err = attempt_prepare(attempt);
    if (err) {
        int number = lg_error_errno(err);
        *result = (struct attempt_result){.end = ATTEMPT_NOT_STARTED, .number = number};
        lg_error_free(err);
        return true;
    }
    ending_own(attempt->process.pid);
    bool ours = durable_claim(engine, release->sequence, attempt->process.pid, attempt->number);
    release->attempts++;
    running->next = engine->attempts;
    engine->attempts = running;
    attempt_go(attempt, ours);
    await_attempt(running);
    *result = attempt_finish(attempt);
    if (ours && result->end == ATTEMPT_LOST)
        *result = await_orphan(release, running, *result);
    if (attempt->command)
        ending_disown(attempt->command);
    delist(engine, running);
    output_end(&running->printed);
    if (!ours)
        engine_stop(engine, STOP_LOST, 0);
    return ours;
}

static bool try_once(struct release *release, struct attempt_result *result)
{
    int64_t number = release->attempts + 1;
    struct engine *engine = release->work->engine;
    const struct deferred *deferred = release->deferred;
    struct words environment = environment_of(release, number);
    struct attempt_running running = {
        .output = scratch_open("output"),
        .printed = work_output(release->work),
        .attempt = {.run_directory = engine->run_directory,
                    .sequence = release->sequence,
                    .number = number,
                    .arguments = work_arguments(release->work, deferred->text, true),
                    .environment = environment.items,
                    .directory = release->directory,
                    .umask = engine->umask,
                    .birth = engine->birth,
                    .timeout = deferred->timeout,
                    .grace = deferred->grace,
                    .empty_input = true}};
    for (int i = 0; i < 2 && running.output > 0; i++)
        running.attempt.output[i] = running.output;
    bool ours = carry_out(release, &running, result);
    if (running.output >= 0)
        close(running.output);
    return ours;
}

static bool is_good(const struct attempt_result *result)
{
    return result->end == ATTEMPT_EXITED && result->number == 0;
}

static enum tried tried_as(const struct attempt_result *result)
{
    switch (result->end) {
    case ATTEMPT_LOST: return TRIED_LOST;
    case ATTEMPT_ENDED: return TRIED_ENDED;
    case ATTEMPT_NOT_STARTED: return TRIED_NOT_STARTED;
    default: return is_good(result) ? TRIED_GOOD : TRIED_FAILED;
    }
}

static void say_again(const struct release *release, const struct attempt_result *result,
                      enum again again, lg_duration pause)
{
    char text[ATTEMPT_TEXT_SIZE];
    char duration[SAY_DURATION_SIZE];
    if (again == AGAIN_PLAIN)
        say("%s: cleanup %zu: the variables are too large for a command: it runs with those that it "
            "mentions",
            release->work->name, release->number);
    else if (again == AGAIN_RETRY)
        say("%s: cleanup %zu: %s; once more in %s", release->work->name, release->number,
            attempt_describe(result, release->deferred->timeout, release->directory, text),
            say_duration(pause, duration));
}

/* False: the cleanups that run were to end meanwhile. */
static bool pause_for(const struct engine *engine, lg_duration pause)
{
    lg_time deadline = lg_now() + pause;
    size_t ends = engine->ends;
    while (lg_now() < deadline && engine->ends == ends) {
        lg_duration left = deadline - lg_now();
        lg_sleep(left < 100 * LG_MILLISECOND ? left : 100 * LG_MILLISECOND);
    }
    return engine->ends == ends;
}

/* As often as it is to be tried. ATTEMPT_LOST: it is left to the guardian, which sees to what became of it. */
static bool try_all(struct release *release, struct attempt_result *result)
{
    const struct engine *engine = release->work->engine;
    struct tries tries = {.retries = release->deferred->retries, .backoff = CLEANUP_BACKOFF};
    enum again again;
    lg_duration pause;
    do {
        if (!try_once(release, result))
            return false;
        again = tries_again(&tries, tried_as(result), result->number, &pause);
        release->plain = tries.plain;
        if (!engine->forced)
            say_again(release, result, again, pause);
    } while (again != AGAIN_NOT && !engine->forced && pause_for(engine, pause));
    return true;
}

static bool is_wanted(const struct release *release)
{
    bool good = strcmp(engine_outcome(release->work->engine), "success") == 0 &&
                release->work->state != JOB_FAILED;
    return cleanup_is_wanted(release->deferred->when, good);
}

static void settle(struct release *release, const struct attempt_result *result, lg_duration took)
{
    struct engine *engine = release->work->engine;
    char text[ATTEMPT_TEXT_SIZE];
    attempt_describe(result, release->deferred->timeout, release->directory, text);
    bool good = is_good(result);
    tell_release(release, good ? EVENT_CLEANUP_OK : EVENT_CLEANUP_FAILED, text, took);
    if (result->end == ATTEMPT_LOST) {
        engine->cleanups_failed++;
        engine_failed_aside(engine, text);
        return;
    }
    /* If nobody takes it down, whoever takes the run over finds it in the attempt's file. */
    if (durable_settle(engine, release->sequence, good, text))
        attempt_forget(engine->run_directory, release->sequence, release->attempts);
    engine->cleanups_ok += good;
    engine->cleanups_failed += !good;
    if (!good)
        engine_failed_aside(engine, text);
}

static void leave_out(const struct release *release)
{
    say("%s: cleanup %zu is left out: %s", *release->work->name ? release->work->name : "the run",
        release->number, release->deferred->text);
    lg_error_free(durable_withdraw(release->work->engine, release->sequence));
}

static void carry_out_release(struct release *release)
{
    struct engine *engine = release->work->engine;
    if (!release->sequence)
        return;
    if (!is_wanted(release)) {
        lg_error_free(durable_withdraw(engine, release->sequence));
        return;
    }
    if (!release->number)
        release->number = ++engine->cleanup_count;
    if (engine->forced) {
        leave_out(release);
        return;
    }
    lg_time began = lg_now();
    tell_release(release, EVENT_CLEANUP_START, NULL, -1);
    struct attempt_result result = {0};
    if (try_all(release, &result))
        settle(release, &result, lg_since(began));
}

void releases_run(struct work *work, const struct release *since)
{
    while (work->releases != since && work->engine->cause != STOP_LOST) {
        struct release *release = work->releases;
        carry_out_release(release);
        work->releases = release->older;
    }
}
