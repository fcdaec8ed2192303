/* What a command of a job is started with, and its start. */
#define _GNU_SOURCE
#include "child.h"
#include "run/direct.h"
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- environment ---- */

static void assign_all(struct arena *arena, struct words *words, const struct words *from)
{
    for (size_t i = 0; i < from->count; i++) {
        const char *equals = strchr(from->items[i], '=');
        if (equals)
            words_assign(arena, words,
                         arena_copy(arena, from->items[i], (size_t)(equals - from->items[i])),
                         equals + 1);
    }
}

static const struct file_scope *scope_of(const struct work *work)
{
    const struct graph *graph = work->engine->graph;
    if (work->job)
        return work->job->scope;
    return graph->defers_scope ? graph->defers_scope : graph->scopes[0];
}

struct words work_environment(struct work *work, const char *pass)
{
    struct engine *engine = work->engine;
    struct arena *arena = engine->arena;
    struct words words = {0};
    for (size_t i = 0; i < engine->environment.count; i++)
        words_add(arena, &words, engine->environment.items[i]);
    assign_all(arena, &words, &scope_of(work)->environment);
    assign_all(arena, &words, &work->exports);
    if (work->job)
        assign_all(arena, &words, &work->job->environment);
    if (pass && work->job)
        words_assign(arena, &words, work->job->variable, pass);
    if (work->job)
        words_assign(arena, &words, "LIFOGUARD_JOB", work->name);
    if (work->exports_path)
        words_assign(arena, &words, "LIFOGUARD_ENV", work->exports_path);
    return words;
}

const char *work_directory(const struct work *work)
{
    if (work->job && work->job->directory)
        return work->job->directory;
    return scope_of(work)->directory;
}

/* ---- arguments ---- */

static const char *shell_of(const struct work *work)
{
    if (work->job)
        return graph_shell_of(work->job);
    const char *shell = scope_of(work)->shell;
    return shell ? shell : "/bin/sh";
}

/* `bash -o pipefail` is a shell with its options. */
static void add_shell(struct work *work, struct words *words)
{
    struct arena *arena = work->engine->arena;
    const char *shell = shell_of(work);
    char *rest = arena_copy(arena, shell, strlen(shell));
    for (char *word; (word = strsep(&rest, " ")) != NULL;)
        if (*word)
            words_add(arena, words, word);
}

const char *const *work_arguments(struct work *work, const char *text, bool strict)
{
    struct arena *arena = work->engine->arena;
    struct words words = {0};
    add_shell(work, &words);
    words_add(arena, &words, strict ? "-euc" : "-ec");
    words_add(arena, &words, text);
    words_add(arena, &words, work->name);
    if (work->job && work->job->has_args) {
        for (size_t i = 0; i < work->job->args.count; i++)
            words_add(arena, &words, work->job->args.items[i]);
        return words.items;
    }
    for (char *const *more = work->engine->options->arguments; *more; more++)
        words_add(arena, &words, *more);
    return words.items;
}

/* ---- start ---- */

static int add_actions(posix_spawn_file_actions_t *actions, const char *directory, int output)
{
    int failed = posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (!failed)
        failed = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
    if (!failed && directory)
        failed = posix_spawn_file_actions_addchdir_np(actions, directory);
    return failed;
}

/* A process group of its own. The engine has given up its terminal (engine.c), and only the leader of a session can acquire one: so
 * the command has none, without a session of its own, each of which would cost half a millisecond where the kernel groups
 * processes by session for the scheduler (sched_autogroup). */
static int add_attributes(posix_spawnattr_t *attributes, const struct birth *birth)
{
    sigset_t reset;
    birth_defaults(birth, &reset);
    int failed = posix_spawnattr_setsigmask(attributes, &birth->mask);
    if (!failed)
        failed = posix_spawnattr_setsigdefault(attributes, &reset);
    if (!failed)
        failed = posix_spawnattr_setflags(
            attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    return failed;
}

static int try_to_spawn(struct work *work, const char *const *arguments,
                        const struct words *environment, int output, pid_t *pid)
{
    lg_func (int, failed) {
        posix_spawn_file_actions_t actions;
        failed = posix_spawn_file_actions_init(&actions);
        if (failed)
            lg_return(failed);
        lg_defer(posix_spawn_file_actions_destroy, &actions);
        posix_spawnattr_t attributes;
        failed = posix_spawnattr_init(&attributes);
        if (failed)
            lg_return(failed);
        lg_defer(posix_spawnattr_destroy, &attributes);
        failed = add_actions(&actions, work_directory(work), output);
        if (!failed)
            failed = add_attributes(&attributes, work->engine->birth);
        /* posix_spawn changes neither: its prototype is older than const. */
        union {
            const char *const *text;
            char *const *words;
        } argv = {.text = arguments}, envp = {.text = environment->items};
        if (!failed)
            failed = posix_spawnp(pid, arguments[0], &actions, &attributes, argv.words, envp.words);
        lg_return(failed);
    }
}

/* A command with the PATH by which this process looks for programs, in the directory that PWD names. */
static bool is_found_as_here(const struct work *work, const struct words *environment)
{
    const char *path = getenv("PATH");
    if (!path || work_directory(work))
        return false;
    for (size_t i = environment->count; i-- > 0;)
        if (strncmp(environment->items[i], "PATH=", 5) == 0)
            return strcmp(environment->items[i] + 5, path) == 0;
    return false;
}

/* Without a shell if that is the same; as `sh -e -c` otherwise. */
static int spawn_command(struct work *work, const char *text, const struct words *environment,
                         int output, pid_t *pid)
{
    lg_func (int, failed) {
        bool same = strcmp(shell_of(work), "/bin/sh") == 0 && is_found_as_here(work, environment);
        char **words = same ? direct_words(text) : NULL;
        lg_defer(free, words);
        union {
            char **mine;
            const char *const *text;
        } direct = {.mine = words};
        failed = words ? try_to_spawn(work, direct.text, environment, output, pid) : ENOENT;
        if (failed && direct_is_for_shell(failed))
            failed = try_to_spawn(work, work_arguments(work, text, false), environment, output,
                                  pid);
        lg_return(failed);
    }
}

static bool may_go_better(int failed)
{
    return failed == EAGAIN || failed == ENOMEM || failed == EMFILE || failed == ENFILE;
}

lg_error *spawn(struct work *work, const char *text, const char *const *arguments,
                const struct words *environment, int output, pid_t *pid)
{
    const char *directory = work_directory(work);
    if (directory && access(directory, X_OK) != 0)
        return lg_error_new_errno("dir %s", directory);
    int failed;
    /* R6: for want of processes or memory it is tried again, for some seconds. */
    lg_duration pause = 10 * LG_MILLISECOND;
    for (int tries = 0;; tries++) {
        failed = arguments ? try_to_spawn(work, arguments, environment, output, pid)
                           : spawn_command(work, text, environment, output, pid);
        if (tries == 10 || !may_go_better(failed))
            break;
        lg_sleep(pause);
        pause = pause < LG_SECOND ? 2 * pause : pause;
    }
    const char *program = arguments ? arguments[0] : shell_of(work);
    return failed ? lg_error_new_code(failed, "starting %s", program) : NULL;
}
