/* Checks many files in several threads; a file is one unit of work. */
#define _GNU_SOURCE
#include "check.h"
#include "lex.h"
#include "neighbours.h"
#include "project.h"
#include "run.h"
#include "summarise.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct work {
    const struct settings *settings;
    const path_vec *paths;
    struct file_result *results;
    char **summaries; /* by path */
    struct arena *arena;
    pthread_mutex_t lock;
    int next;
    time_t started, shown;
};

static const char *copy(struct arena *arena, const char *text)
{
    return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

/* Out of the unit's arena, which is freed. */
static void keep(struct arena *arena, const finding_vec *from, finding_vec *to)
{
    EACH (finding, from) {
        struct finding *kept = ADD(arena, to);
        *kept = *finding;
        kept->message = copy(arena, finding->message);
        kept->advice = copy(arena, finding->advice);
        kept->suppressed = copy(arena, finding->suppressed);
        kept->edits.at = NULL;
        kept->edits.count = kept->edits.room = 0;
        EACH (edit, &finding->edits) {
            struct edit *kept_edit = ADD(arena, &kept->edits);
            *kept_edit = *edit;
            kept_edit->text = copy(arena, edit->text);
        }
        kept->notes.at = NULL;
        kept->notes.count = kept->notes.room = 0;
        EACH (note, &finding->notes) {
            struct finding_note *kept_note = ADD(arena, &kept->notes);
            *kept_note = *note;
            kept_note->text = copy(arena, note->text);
        }
    }
}

static void check_file(struct work *work, const char *path, struct file_result *result)
{
    struct unit unit = {.path = path};
    finding_vec findings = {0};
    result->path = path;
    if (!source_read(&unit.arena, path, &unit.source)) {
        result->broken = true;
        result->problem = strerrordesc_np(errno);
        unit_close(&unit);
        return;
    }
    result->content = hash_bytes(HASH_START, unit.source.text, unit.source.length);
    check_unit(&unit, &work->settings->options, &findings);
    result->lines = unit.lines;
    const char *problem = unit_problem(&unit);
    result->broken = problem != NULL;
    pthread_mutex_lock(&work->lock);
    result->problem = copy(work->arena, problem);
    keep(work->arena, &findings, &result->findings);
    EACH (header, &unit.headers)
        *ADD(work->arena, &result->headers) = *header;
    EACH (folder, &unit.folders)
        *ADD(work->arena, &result->folders) = *folder;
    EACH (name, &unit.asked)
        *ADD(work->arena, &result->asked) = *name;
    pthread_mutex_unlock(&work->lock);
    unit_close(&unit);
    if (work->settings->cache && !work->settings->fix && !result->broken)
        cache_put(work->settings, path, result);
}

static void show_progress(struct work *work)
{
    time_t now = time(NULL);
    if (work->settings->quiet || !isatty(2) || now - work->started < 2 || now == work->shown)
        return;
    work->shown = now;
    fprintf(stderr, "\r%d of %d files", work->next, work->paths->count);
}

static bool cached(struct work *work, int index)
{
    if (!work->settings->cache || work->settings->fix)
        return false; /* the cache holds no edits */
    pthread_mutex_lock(&work->lock);
    bool found = cache_get(work->arena, work->settings, work->paths->at[index],
                           &work->results[index]);
    pthread_mutex_unlock(&work->lock);
    return found;
}

static void summarise_file(struct work *work, int index)
{
    struct arena arena = {0};
    path_vec headers = {0};
    char *text = summary_text(&arena, work->settings, work->paths->at[index], &headers);
    pthread_mutex_lock(&work->lock);
    work->summaries[index] = text ? arena_copy(work->arena, text, strlen(text)) : NULL;
    pthread_mutex_unlock(&work->lock);
    arena_free(&arena);
}

static void *worker(void *argument)
{
    struct work *work = argument;
    for (;;) {
        pthread_mutex_lock(&work->lock);
        int index = work->next < work->paths->count ? work->next++ : -1;
        show_progress(work);
        pthread_mutex_unlock(&work->lock);
        if (index < 0)
            break;
        if (work->summaries)
            summarise_file(work, index);
        else if (!cached(work, index))
            check_file(work, work->paths->at[index], &work->results[index]);
    }
    cache_end_thread();
    return NULL;
}

static void in_threads(struct work *work)
{
    pthread_t threads[64];
    pthread_attr_t large;
    pthread_attr_init(&large);
    pthread_attr_setstacksize(&large, (size_t)64 << 20); /* deeply nested sources */
    int count = work->paths->count, jobs = work->settings->jobs;
    int wanted = jobs < count ? jobs : count, started = 0;
    work->next = 0;
    for (; started < wanted && started < 64; started++)
        if (pthread_create(&threads[started], &large, worker, work) != 0)
            break;
    if (started == 0)
        worker(work);
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    pthread_attr_destroy(&large);
}

/* First all files are summarised, so that each can be checked with what is known of the others' functions. */
static void gather_project(struct work *work)
{
    int count = work->paths->count;
    work->summaries = arena_take(work->arena, (size_t)count * sizeof(*work->summaries));
    in_threads(work);
    for (int i = 0; i < count; i++)
        if (work->summaries[i])
            project_add(work->paths->at[i], work->summaries[i]);
    work->summaries = NULL;
}

void check_all(struct arena *arena, const struct settings *settings, const path_vec *paths,
               result_vec *results)
{
    struct work work = {
        .settings = settings, .paths = paths, .arena = arena, .lock = PTHREAD_MUTEX_INITIALIZER};
    work.started = time(NULL);
    for (int i = 0; i < paths->count; i++)
        ADD(arena, results)->path = paths->at[i];
    work.results = results->at;
    if (settings->beside)
        neighbours_use(summary_text, settings);
    if (paths->count > 1 && !settings->alone)
        gather_project(&work);
    in_threads(&work);
    if (work.shown)
        fprintf(stderr, "\r\033[K");
}
