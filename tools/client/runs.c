/* About runs, from wherever: pending, recover, abandon. */
#define _GNU_SOURCE
#include "client.h"
#include "message.h"
#include "options.h"
#include "owner.h"
#include "place.h"
#include "recover.h"

#include <errno.h>
#include <inttypes.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char pending_help[] =
    "usage: lifoguard pending [--state DIRECTORY]\n"
    "\n"
    "Lists the cleanups that have not succeeded yet, of all runs: runs that still go on, runs that were kept\n"
    "(`keep`), and runs with a cleanup that failed. First, runs whose two lifoguard processes, the runner and\n"
    "the guardian, have both ended are recovered.\n"
    "\n"
    "Each cleanup is one line: run, number, state (intended, held, releasing, failed, abandoned), command,\n"
    "and the reason if the cleanup failed.\n";

static const char recover_help[] =
    "usage: lifoguard recover [--state DIRECTORY] RUN\n"
    "       lifoguard recover [--state DIRECTORY] --all\n"
    "       lifoguard recover [--state DIRECTORY] --when-orphaned RUN\n"
    "\n"
    "Runs the cleanups that a run has left: because both lifoguard processes of the run, the runner and its\n"
    "guardian, were killed (kill -9, a power cut), because the run was kept, or because a cleanup failed.\n"
    "Processes of the run that are still alive are ended first. RUN is the first word of a line of\n"
    "`lifoguard pending`. A state directory of another user is refused, also to root.\n"
    "\n"
    "  --all                each run that has lost its runner and its guardian; for boot time. Not a run that was\n"
    "                       kept or whose cleanup has failed: name that one\n"
    "  --directory PATH     where the cleanups run whose own directory has been removed or replaced; RUN is needed\n"
    "  --when-orphaned      waits until the run has ended, or its runner and guardian have, and then\n"
    "                       recovers the run; for a unit of systemd\n"
    "  --force              also if the runner or the guardian is alive, for example hung: these processes\n"
    "                       lose the run, and change nothing any more\n"
    "\n"
    "Exit status: 0 no cleanup of the run is left; 1 a cleanup is left; 125 wrong usage, or refused.\n";

static const char abandon_help[] =
    "usage: lifoguard abandon [--state DIRECTORY] --reason TEXT RUN NUMBER\n"
    "       lifoguard abandon [--state DIRECTORY] --forget RUN\n"
    "\n"
    "Gives up a failed cleanup, and records the reason. NUMBER is the number that `lifoguard pending` shows.\n"
    "The cleanup is shown as abandoned until the run is forgotten (--forget). A run can be forgotten when all\n"
    "its cleanups are abandoned, or when the state is a copy and the run was made in another one.\n";

struct place {
    const char *wanted;
    char *path;
    struct state *state;
    struct birth birth;
};

static void place_leave(struct place *place)
{
    state_close(place->state);
    free(place->path);
    birth_free(&place->birth);
}

/* Without an error and without a state: nothing was recorded so far. */
static lg_error *place_enter(struct place *place, bool recover)
{
    bool missing = false;
    birth_take(&place->birth);
    lg_error *err = place_find(place->wanted, &place->path, &missing);
    if (missing)
        return err;
    if (!err)
        err = state_open(place->path, &place->state);
    if (!err && recover)
        err = recover_orphans(&place->state, place->path, &place->birth);
    return err;
}

static lg_error *enter_for_run(struct place *place, const char *id, bool recover)
{
    lg_error *err = place_enter(place, recover);
    return err || place->state ? err : lg_error_newf("there is no run %s: none was recorded", id);
}

/* ---- pending ---- */

struct listing {
    struct state *state;
    const struct state_run *run;
};

static lg_error *list_cleanup(const struct state_cleanup *cleanup, void *data)
{
    const struct listing *listing = data;
    struct spec spec = {0};
    lg_defer(spec_free, &spec);
    struct buffer line = {0};
    lg_defer(buffer_free, &line);
    struct buffer what = {0};
    lg_defer(buffer_free, &what);
    if (!spec_take(cleanup->spec, cleanup->spec_size, &spec))
        return lg_error_new("a cleanup cannot be read");
    if (spec.name[0])
        buffer_format(&what, "%s: ", spec.name);
    spec_describe(&what, spec.arguments);
    buffer_format(&line, "%s\t%" PRId64 "\t%s\t", listing->run->id, cleanup->sequence,
                  cleanup_state_name(cleanup->state));
    buffer_add_visible(&line, what.text);
    if (cleanup->detail[0] && cleanup->state >= CLEANUP_FAILED) {
        buffer_add_text(&line, "\t");
        buffer_add_visible(&line, cleanup->detail);
    }
    puts(line.text);
    return NULL;
}

static lg_error *list_run(const struct state_run *run, void *data)
{
    struct listing listing = {data, run};
    return state_cleanups(listing.state, run->id, list_cleanup, &listing);
}

int pending_command(char **arguments)
{
    bool help = false;
    struct place place = {0};
    const struct option table[] = {
        {"state", OPTION_TEXT, &place.wanted}, {"help", OPTION_FLAG, &help}, {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && help)
        return print_text(pending_help);
    if (!err && *arguments)
        err = lg_error_newf("not expected: %s", *arguments);
    if (err)
        return wrong_usage("pending", err);
    lg_defer(place_leave, &place);
    err = place_enter(&place, true);
    if (!err && place.state)
        err = state_runs(place.state, list_run, place.state);
    if (err)
        client_failed("pending", err);
    return err ? EXIT_WRONG_USAGE : 0;
}

/* ---- recover ---- */

static lg_error *count_orphan(const struct state_run *run, void *data)
{
    *(size_t *)data += run->phase == RUN_ACTIVE;
    return NULL;
}

static int recover_every(struct place *place)
{
    lg_error *err = place_enter(place, true);
    if (err) {
        client_failed("recover", err);
        return EXIT_WRONG_USAGE;
    }
    size_t left = 0;
    if (place->state)
        err = state_runs(place->state, count_orphan, &left);
    if (err)
        client_failed("recover", err);
    return err ? EXIT_WRONG_USAGE : 0;
}

struct search {
    const char *place, *id;
    bool found, active, owned;
    struct process owner, runner;
};

static lg_error *find_id(const struct state_run *run, void *data)
{
    struct search *search = data;
    if (strcmp(run->id, search->id) != 0)
        return NULL;
    search->found = true;
    search->owned = run->phase == RUN_ACTIVE && recover_is_owned(search->place, run);
    search->active = run->phase == RUN_ACTIVE;
    search->owner = run->owner;
    search->runner = run->runner;
    return NULL;
}

/* For the run around a nested one: that is mostly over by now. If it is not, it is to end, also if its runner is just about
 * to take its guardian's place. */
static lg_error *await_nested(struct place *place, const char *id, bool *over)
{
    struct search search = {.place = place->path, .id = id};
    pid_t told = 0;
    lg_error *err = state_runs(place->state, find_id, &search);
    while (!err && search.owned) {
        if (told != search.owner.pid)
            process_signal(&search.owner, SIGTERM);
        told = search.owner.pid;
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        search = (struct search){.place = place->path, .id = id};
        err = state_runs(place->state, find_id, &search);
    }
    *over = !err && !search.found;
    return err;
}

/* Until the process has ended, or a signal has come: false. */
static bool await_end_of(const struct process *process, int signals)
{
    int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
    bool told = false;
    while (!told && process_can_act(process->pid, process->started)) {
        /* Without such a descriptor it is looked at every second. */
        poll(fds, 2, pidfd >= 0 ? -1 : 1000);
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof(info)) == sizeof(info))
            told |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
    }
    if (pidfd >= 0)
        close(pidfd);
    return !told;
}

/* For a unit of systemd. True in *over: nothing is to be recovered, or a signal has come. */
static lg_error *await_orphan(struct place *place, const char *id, bool *over)
{
    int signals = birth_signals(&place->birth);
    lg_defer(close, signals);
    struct search search = {.place = place->path, .id = id};
    lg_error *err = state_runs(place->state, find_id, &search);
    while (!err && search.owned) {
        *over = !await_end_of(&search.owner, signals) || !await_end_of(&search.runner, signals);
        if (*over)
            return NULL;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
        search = (struct search){.place = place->path, .id = id};
        err = state_runs(place->state, find_id, &search);
    }
    *over = !err && !search.active;
    return err;
}

static lg_error *await_how(struct place *place, const char *id, enum recover_how how, bool nested,
                           bool *over)
{
    if (nested)
        return await_nested(place, id, over);
    return how == RECOVER_ORPHAN ? await_orphan(place, id, over) : NULL;
}

/* Has a state that was there before been removed? */
static bool is_gone(const struct place *place)
{
    return place->wanted && access(place->wanted, F_OK) != 0 && errno == ENOENT;
}

static int recover_named(struct place *place, const char *id, enum recover_how how, bool nested,
                         const char *instead)
{
    bool good = false;
    /* The machinery of a run, which recovers it, is content if its state was removed. */
    bool over = (nested || how == RECOVER_ORPHAN) && is_gone(place);
    if (over)
        return 0;
    lg_error *err = enter_for_run(place, id, false);
    if (!err)
        err = await_how(place, id, how, nested, &over);
    if (over) {
        lg_error_free(err);
        return 0;
    }
    state_close(place->state);
    place->state = NULL;
    if (!err)
        err = recover_run(place->path, id, how, instead, &place->birth, &good);
    if (err) {
        client_failed("recover", err);
        return EXIT_WRONG_USAGE;
    }
    return good ? 0 : 1;
}

static lg_error *check_directory(const char *directory)
{
    struct stat info;
    if (directory && stat(directory, &info) != 0)
        return lg_error_new_errno("--directory %s", directory);
    return directory && !S_ISDIR(info.st_mode)
               ? lg_error_newf("--directory %s is not a directory", directory)
               : NULL;
}

int recover_command(char **arguments)
{
    bool help = false;
    const char *directory = NULL;
    bool all = false;
    bool force = false;
    bool nested = false;
    bool orphaned = false;
    struct place place = {0};
    const struct option table[] = {
        {"state", OPTION_TEXT, &place.wanted}, {"all", OPTION_FLAG, &all},
        {"force", OPTION_FLAG, &force},        {"directory", OPTION_TEXT, &directory},
        {"nested", OPTION_FLAG, &nested},      {"when-orphaned", OPTION_FLAG, &orphaned},
        {"help", OPTION_FLAG, &help},          {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && help)
        return print_text(recover_help);
    if (!err && all == (*arguments != NULL))
        err = lg_error_new(all ? "either RUN or --all" : "which RUN? See `lifoguard pending`");
    if (!err && *arguments && arguments[1])
        err = lg_error_newf("not expected: %s", arguments[1]);
    if (!err && all && directory)
        err = lg_error_new("--directory needs the RUN whose cleanups are to run there");
    if (!err)
        err = check_directory(directory);
    if (err)
        return wrong_usage("recover", err);
    lg_defer(place_leave, &place);
    enum recover_how how = force ? RECOVER_BY_FORCE : orphaned ? RECOVER_ORPHAN : RECOVER_BY_NAME;
    return all ? recover_every(&place) : recover_named(&place, *arguments, how, nested, directory);
}

/* ---- abandon ---- */

struct giving_up {
    int64_t number;
    const char *reason;
};

static lg_error *give_up(struct owner *owner, const struct giving_up *what)
{
    struct item *item = owner_find_sequence(owner, what->number);
    if (!item || item->record.state != CLEANUP_FAILED)
        return lg_error_newf("run %s has no failed cleanup %" PRId64, owner->run.id, what->number);
    const struct passwd *user = getpwuid(geteuid());
    struct buffer detail = {0};
    lg_defer(buffer_free, &detail);
    buffer_format(&detail, "by %s: %s (%s)", user ? user->pw_name : "?", what->reason,
                  item->record.detail);
    owner_move(owner, item, CLEANUP_ABANDONED, detail.text);
    return item->stale
               ? lg_error_new("the reason could not be recorded (is the disk full?): try again")
               : NULL;
}

static lg_error *forget(struct owner *owner)
{
    for (const struct item *item = owner->newest; item; item = item->older)
        if (item->record.state != CLEANUP_ABANDONED)
            return lg_error_newf("cleanup %" PRId64 " of run %s is not abandoned",
                                 item->record.sequence, owner->run.id);
    return state_forget_run(owner->state, &owner->run);
}

static lg_error *abandon(struct owner *owner, const char *id, const struct giving_up *what)
{
    lg_error *err = owner_find_run(owner, id);
    if (!err && !what && recover_is_copy(owner->place, &owner->run))
        return state_forget_run(owner->state, &owner->run);
    if (!err && owner->run.phase != RUN_ENDED)
        err = lg_error_newf("run %s has not ended: `dismiss` inside of it, or `recover`", id);
    if (!err)
        err = owner_load(owner);
    if (!err)
        err = what ? give_up(owner, what) : forget(owner);
    return err;
}

static int abandon_in(struct place *place, const char *id, const struct giving_up *what)
{
    lg_error *err = enter_for_run(place, id, true);
    if (!err) {
        static const struct owner_options options = {0};
        struct owner owner;
        owner_init(&owner, place->path, &options, &place->birth);
        owner.state = place->state;
        place->state = NULL;
        lg_defer(owner_free, &owner);
        err = abandon(&owner, id, what);
    }
    return err ? client_failed("abandon", err) : 0;
}

int abandon_command(char **arguments)
{
    bool help = false;
    bool all = false;
    const char *reason = NULL;
    struct place place = {0};
    const struct option table[] = {{"state", OPTION_TEXT, &place.wanted},
                                   {"reason", OPTION_TEXT, &reason},
                                   {"forget", OPTION_FLAG, &all},
                                   {"help", OPTION_FLAG, &help},
                                   {0}};
    lg_error *err = options_take(table, &arguments);
    if (!err && help)
        return print_text(abandon_help);
    if (!err && !*arguments)
        err = lg_error_new("which RUN? See `lifoguard pending`");
    if (!err && !all && (!reason || !*reason || !arguments[1]))
        err = lg_error_new("write --reason TEXT, RUN and NUMBER");
    if (err || !*arguments)
        return wrong_usage("abandon", err);
    lg_defer(place_leave, &place);
    if (all)
        return abandon_in(&place, *arguments, NULL);
    const char *number = arguments[1] ? arguments[1] : "";
    struct giving_up what = {strtoll(number, NULL, 10), reason};
    return abandon_in(&place, *arguments, &what);
}
