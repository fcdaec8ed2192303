/* Cleanups: their way onto the disk, and carrying them out. */
#define _GNU_SOURCE
#include "buffer.h"
#include "carry.h"
#include "facts.h"
#include "message.h"
#include "place.h"
#include "random.h"
#include "request.h"
#include "tail.h"
#include "work.h"

#include <stdlib.h>
#include <string.h>
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
    struct release *release = arena_take(engine->arena, sizeof(*release));
    *release = (struct release){.older = work->releases,
                                .deferred = deferred,
                                .work = work,
                                .environment = *environment,
                                .directory = absolute_directory(work)};
    release->identity = identity_at(release->directory);
    work->releases = release;
    return release;
}

/* What it is to do, with its environment and directory as they are now (D2). */
static lg_error *put_on_disk(struct release *release, const char *request)
{
    const struct deferred *deferred = release->deferred;
    struct work *work = release->work;
    struct words arguments = {0};
    const char *const *items = work_arguments(work, deferred->text, true);
    for (; *items; items++)
        words_add(work->engine->arena, &arguments, *items);
    struct spec spec = {.flags = (deferred->when == WHEN_FAILURE ? SPEC_ON_FAILURE : 0) |
                                 (deferred->when == WHEN_SUCCESS ? SPEC_ON_SUCCESS : 0),
                        .timeout = deferred->timeout,
                        .grace = deferred->grace,
                        .backoff = CLEANUP_BACKOFF,
                        .retries = deferred->retries,
                        .name = work->name,
                        .directory = release->directory,
                        .identity = release->identity,
                        .umask = work->engine->umask,
                        .arguments = arguments.items,
                        .environment = spec_select(release->environment.items, false, NULL),
                        .secrets = spec_select(release->environment.items, true, NULL)};
    lg_error *err = random_fill(&spec.nonce, sizeof(spec.nonce));
    if (!err)
        err = holder_register(&work->engine->holder, request, &spec, &release->sequence);
    free(spec.environment);
    free(spec.secrets);
    return err;
}

lg_error *releases_intend(struct work *work, const struct deferreds *defers,
                          const struct words *environment)
{
    for (size_t i = 0; i < defers->count; i++) {
        struct release *release = add(work, &defers->items[i], environment);
        release->intended = true;
        lg_error *err = put_on_disk(release, "foresee");
        if (err)
            return err;
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
    lg_error *err = put_on_disk(release, "defer");
    lg_error_join_into(&err, holder_withdraw(&release->work->engine->holder, intended));
    return err;
}

static lg_error *confirm(struct release *release, const struct words *environment)
{
    struct engine *engine = release->work->engine;
    lg_error *err = same_words(&release->environment, environment)
                        ? holder_confirm(&engine->holder, release->sequence)
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
            lg_error_free(holder_withdraw(&work->engine->holder, work->releases->sequence));
        work->releases = work->releases->older;
    }
}

/* ---- carrying out ---- */

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

static void add_outcome(struct release *release, struct cleanup_facts facts, struct words *words)
{
    struct engine *engine = release->work->engine;
    facts.status = release->intended ? "unknown" : engine_outcome(engine);
    facts.cause = engine->cause != STOP_SIGNAL && release->work->error ? release->work->error
                                                                       : engine_cause(engine);
    facts.exit_code = engine->status;
    facts.signal = engine->signal;
    cleanup_facts_tell(&facts, assign, &(struct assigned){engine->arena, words});
}

static const char *const *environment_of(void *data, struct cleanup_facts facts, bool plain)
{
    struct release *release = data;
    struct engine *engine = release->work->engine;
    struct words words = {0};
    for (size_t i = 0; i < release->environment.count; i++)
        if (!plain || carry_mentions(release->deferred->text, release->environment.items[i],
                                     engine->environment.items))
            words_add(engine->arena, &words, release->environment.items[i]);
    add_outcome(release, facts, &words);
    return words.items;
}

static void wait_for(void *data, lg_time deadline)
{
    const struct release *release = data;
    news_wait(&release->work->engine->news, deadline);
}

static void tell_retry(void *data, const struct carry *carry, enum again again, lg_duration pause)
{
    const struct release *release = data;
    char duration[DURATION_SHORT_SIZE];
    if (again == AGAIN_PLAIN)
        print_message(
            "%s: cleanup %zu: the variables are too large for a command: it runs with those that it "
            "mentions",
            release->work->name, release->number);
    else if (again == AGAIN_RETRY)
        print_message("%s: cleanup %zu: %s; tried again in %s", release->work->name,
                      release->number, carry->text, duration_short(pause, duration));
}

static const struct carry_hooks hooks = {environment_of, wait_for, tell_retry};

static bool is_wanted(const struct release *release)
{
    bool good = strcmp(engine_outcome(release->work->engine), "success") == 0 &&
                release->work->state != JOB_FAILED;
    return cleanup_is_wanted(release->deferred->when, good);
}

static void note_result(struct release *release, const struct carry *carry, lg_duration took)
{
    struct engine *engine = release->work->engine;
    bool good = attempt_is_good(&carry->result);
    tell_release(release, good ? EVENT_CLEANUP_OK : EVENT_CLEANUP_FAILED, carry->text, took);
    engine->cleanups_ok += good;
    engine->cleanups_failed += !good;
    if (!good)
        engine_failed_aside(engine, carry->text);
}

/* However the attempts end: who follows the output must not wait for more. */
static void end_output(struct tail *tail, int input)
{
    if (!tail)
        return;
    close(input);
    tail_await(tail);
    tail_leave(tail);
}

static bool carry_out_to(struct carry *carry, struct tail *tail, int input)
{
    lg_defer(end_output, tail, input);
    return carry_out(carry);
}

/* All its attempts; what they print is told. */
static void carry_out_with_output(struct release *release)
{
    lg_time began = lg_now();
    struct engine *engine = release->work->engine;
    const struct deferred *deferred = release->deferred;
    int input = 0;
    struct tail *tail = work_open_tail(release->work, &input);
    struct carry carry = {.holder = &engine->holder,
                          .sequence = release->sequence,
                          .arguments = work_arguments(release->work, deferred->text, true),
                          .directory = release->directory,
                          .identity = release->identity,
                          .umask = engine->umask,
                          .timeout = deferred->timeout,
                          .grace = deferred->grace,
                          .retries = deferred->retries,
                          .output = {input, input},
                          .empty_input = true,
                          .hooks = &hooks,
                          .data = release};
    if (carry_out_to(&carry, tail, input))
        note_result(release, &carry, lg_since(began));
}

static void leave_out(const struct release *release)
{
    print_message("%s: cleanup %zu is left out: %s",
                  *release->work->name ? release->work->name : "the run", release->number,
                  release->deferred->text);
    lg_error_free(holder_withdraw(&release->work->engine->holder, release->sequence));
}

static void carry_out_release(struct release *release)
{
    struct engine *engine = release->work->engine;
    if (!release->sequence)
        return;
    if (!is_wanted(release)) {
        lg_error_free(holder_withdraw(&engine->holder, release->sequence));
        return;
    }
    if (!release->number)
        release->number = ++engine->cleanup_count;
    if (engine->forced) {
        leave_out(release);
        return;
    }
    tell_release(release, EVENT_CLEANUP_START, NULL, -1);
    carry_out_with_output(release);
}

void releases_run(struct work *work, const struct release *since)
{
    while (work->releases != since && work->engine->cause != STOP_LOST) {
        struct release *release = work->releases;
        carry_out_release(release);
        work->releases = release->older;
    }
}
