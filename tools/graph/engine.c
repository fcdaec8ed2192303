#define _GNU_SOURCE
#include "engine.h"

#include "child.h"
#include "ending.h"
#include "exec.h"
#include "failed.h"
#include "guardian.h"
#include "interpreter.h"
#include "message.h"
#include "place.h"
#include "sandbox.h"
#include "signals.h"
#include "status.h"
#include "summary.h"
#include "views.h"
#include "work.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- its state ---- */

static void keep_environment(struct engine *engine)
{
    unsetenv("LIFOGUARD_JOB");
    interpreter_name_file(engine->graph->path);
    for (char **assignment = environ; *assignment; assignment++)
        words_add(engine->arena, &engine->environment,
                  arena_copy(engine->arena, *assignment, strlen(*assignment)));
}

static void init_work(struct engine *engine, struct work *work, struct graph_job *job)
{
    *work = (struct work){.engine = engine, .job = job, .name = job ? job->name : ""};
    work->finished = lg_chan_make(char, 0);
    if (!job)
        return;
    job->work = work;
    work->exports_path = arena_format(engine->arena, "%s/%s.env", engine->holder.directory,
                                      job->name);
}

static void free_work(struct work *work)
{
    lg_chan_unref(work->finished);
    free(work->error);
}

static void init_works(struct engine *engine)
{
    struct graph *graph = engine->graph;
    engine->works = arena_take(engine->arena, (graph->count + 1) * sizeof(*engine->works));
    for (size_t i = 0; i < graph->count; i++)
        init_work(engine, &engine->works[i], graph->jobs[i]);
    init_work(engine, &engine->whole, NULL);
}

static void free_works(struct engine *engine)
{
    lg_chan_unref(engine->startable);
    for (size_t i = 0; i < engine->graph->count; i++)
        free_work(&engine->works[i]);
    free_work(&engine->whole);
}

static void add_view(struct engine *engine)
{
    const struct engine_options *options = engine->options;
    if (options->record.json)
        return;
    if (!options->plain && live_is_possible())
        engine->live = live_sink(options->quiet);
    record_add(&engine->record,
               engine->live ? engine->live : plain_sink(engine->job_names, options->quiet));
}

/* Those that are wanted. */
static void name_jobs(struct engine *engine)
{
    const struct graph *graph = engine->graph;
    engine->job_names = arena_take(engine->arena, (graph->count + 1) * sizeof(char *));
    for (size_t i = 0, k = 0; i < graph->count; i++)
        if (graph->jobs[i]->wanted)
            engine->job_names[k++] = graph->jobs[i]->name;
}

static void hide_all(struct engine *engine, const struct words *environment)
{
    for (size_t i = 0; i < environment->count; i++)
        record_hide(&engine->record, environment->items[i]);
}

/* Secrets that the files say. */
static void hide_secrets(struct engine *engine)
{
    const struct graph *graph = engine->graph;
    for (size_t i = 0; i < graph->scope_count; i++)
        hide_all(engine, &graph->scopes[i]->environment);
    for (size_t i = 0; i < graph->count; i++)
        hide_all(engine, &graph->jobs[i]->environment);
}

static void open_record(struct engine *engine)
{
    name_jobs(engine);
    record_open(&engine->record, &engine->options->record, engine->place, engine->holder.run,
                engine->job_names);
    hide_secrets(engine);
    add_view(engine);
}

static void tick(struct engine *engine)
{
    while (!engine->over) {
        failed_leave(lg_call_contained(live_tick, engine->live));
        lg_sleep(100 * LG_MILLISECOND);
    }
}

FAILED_LEAVES(engine_watch_time, struct engine *)

/* ---- the run ---- */

static void run_jobs(struct engine *engine)
{
    lg_error *err = NULL;
    {
        lg_group_scope(group, &err);
        works_start(engine, &group);
    }
    char *text = err ? lg_error_text(err) : NULL;
    if (text)
        print_message("%s", text);
    free(text);
    if (err)
        engine_failed_aside(engine, lg_error_message(err));
    lg_error_free(err);
}

static bool register_defers(struct engine *engine)
{
    struct work *whole = &engine->whole;
    struct words environment = work_environment(whole, NULL);
    lg_error *err = releases_intend(whole, &engine->graph->defers, &environment);
    if (!err)
        err = releases_confirm(whole->releases, NULL, &environment);
    if (!err)
        return true;
    char *text = lg_error_text(err);
    print_message("%s", text ? text : "out of memory");
    free(text);
    lg_error_free(err);
    releases_withdraw(whole, NULL);
    engine_stop(engine, STOP_FAILURE, 0);
    return false;
}

static void tell_of_run(struct engine *engine, enum event_kind kind, const char *text)
{
    const struct event event = {.kind = kind,
                                .job = "",
                                .text = text,
                                .length = strlen(text),
                                .took = kind == EVENT_END ? engine_at(engine) : -1,
                                .status = engine->status};
    tell(engine, event);
}

static void run_all(struct engine *engine)
{
    ending_adopt();
    tell_of_run(engine, EVENT_BEGIN, engine->graph->path);
    news_listen(&engine->news);
    if (engine->live)
        lg_go(tick, engine);
    if (engine->graph->timeout)
        lg_go(engine_watch_time_or_leave, engine);
    if (register_defers(engine))
        run_jobs(engine);
    if (!engine->options->keep) {
        releases_run(&engine->whole, NULL);
        engine_end_leftovers(engine);
        streams_close(&engine->streams);
    }
    engine->over = true;
    tell_of_run(engine, EVENT_END, summary_verdict(engine));
}

/* On the worker, like all that it starts. */
FAILED_LEAVES(run_all, struct engine *)

static int exit_status(const struct engine *engine)
{
    bool first = record_wants_first_failure(&engine->options->record);
    if (first && engine->status == RUN_FAILED && engine->first_failure)
        return engine->first_failure;
    return engine->status;
}

static void on_lost(void *data)
{
    engine_stop(data, STOP_LOST, 0);
}

struct request {
    struct graph *graph;
    const struct engine_options *options;
};

/* Several jobs at once cannot share a terminal, so they are started without one. The engine stays in its process group, in which
 * Ctrl-Z reaches it. */
static void give_up_terminal(void)
{
    int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (terminal < 0)
        return;
    ioctl(terminal, TIOCNOTTY);
    close(terminal);
}

/* The guardian's command: a process of its own. */
static int engine_main(const struct birth *birth, void *data)
{
    const struct request *request = data;
    const char *place = getenv("LIFOGUARD_STATE");
    const char *id = getenv("LIFOGUARD_RUN");
    char *directory = place_of_run(place, id);
    lg_defer(free, directory);
    struct engine engine = {.graph = request->graph,
                            .options = request->options,
                            .birth = birth,
                            .place = place,
                            .arena = &request->graph->arena,
                            .began = lg_now(),
                            .umask = place_umask()};
    lg_error *err = news_open(&engine.news, birth, engine_on_signal, &engine);
    if (err) {
        message_error(err);
        return RUN_LOST;
    }
    prctl(PR_SET_NAME, "lifoguard-run");
    give_up_terminal();
    lg_error_free(lg_set_workers(1));
    holder_init(&engine.holder, directory, birth);
    engine.holder.on_lost = on_lost;
    engine.holder.data = &engine;
    keep_environment(&engine);
    engine.going = lg_context_with_cancel(lg_context_background());
    engine.slots = slots_new(&engine);
    init_works(&engine);
    open_record(&engine);
    lg_waitgroup whole = {0};
    lg_waitgroup_go(&whole, run_all_or_leave, &engine);
    lg_waitgroup_wait(&whole);
    slots_free(engine.slots);
    record_end(&engine.record);
    summary_print(&engine);
    int status = record_close(&engine.record, exit_status(&engine));
    free_works(&engine);
    graph_free(request->graph);
    return status;
}

int graph_run(struct graph *graph, const struct engine_options *options)
{
    sandbox_allow_threads();
    struct request request = {graph, options};
    const char *title[] = {"lifoguard", "run", graph->path, NULL};
    struct guardian_start start = {
        .arguments = title,
        .call = engine_main,
        .data = &request,
        .options = {.grace = 10 * LG_SECOND, .keep = options->keep, .patient = true}};
    return exec_guarded_at(&start, options->state);
}
