#define _GNU_SOURCE
#include "recover.h"

#include "message.h"
#include "origin.h"
#include "owner.h"
#include "place.h"
#include "sandbox.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static bool same_boot(const struct state_run *run)
{
    return strcmp(run->boot, boot_id()) == 0;
}

static bool is_seen(const struct state_run *run)
{
    return process_can_act(run->owner.pid, run->owner.started) ||
           process_can_act(run->runner.pid, run->runner.started);
}

/* The numbers that are recorded are those of the owner's PID namespace. Elsewhere its socket tells that it lives, and the kernel,
 * which number it has here: 0, if it cannot be seen from here. */
static bool listens_elsewhere(const char *place, const char *id)
{
    char *directory = place_of_run(place, id);
    lg_defer(free, directory);
    int fd;
    lg_error *err = place_connect(directory, &fd);
    lg_error_free(err);
    if (err)
        return false;
    lg_defer(close, fd);
    struct ucred peer = {0};
    socklen_t size = sizeof(peer);
    struct process process;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.pid == 0 ||
            (process_read(peer.pid, &process) && process_can_act(peer.pid, process.started)));
}

bool recover_is_owned(const char *place, const struct state_run *run)
{
    return same_boot(run) && (is_seen(run) || listens_elsewhere(place, run->id));
}

static lg_error *check_owned(const char *place, const struct state_run *run)
{
    if (!recover_is_owned(place, run))
        return NULL;
    if (!is_seen(run))
        return lg_error_newf("run %s has its guardian, in another container: it is left to that "
                             "(--force takes the run from it)",
                             run->id);
    return lg_error_newf("run %s has its runner (process %ld) or its guardian (process %ld): it is "
                         "left to them (--force takes the run from them)",
                         run->id, (long)run->runner.pid, (long)run->owner.pid);
}

static lg_error *check(const char *place, const struct state_run *run, enum recover_how how)
{
    if (run->uid != geteuid())
        return lg_error_newf("run %s belongs to user %lld: only this user may recover it", run->id,
                             (long long)run->uid);
    return run->phase == RUN_ACTIVE && how != RECOVER_BY_FORCE ? check_owned(place, run) : NULL;
}

/* The command may have outlived both. As always it ends before its cleanups run. */
static void end_command(struct owner *owner)
{
    struct process command;
    if (!process_read(owner->run.command.pid, &command) ||
        command.started != owner->run.command.started)
        return;
    owner->command = command;
    print_message("ending the command, process %ld (%s)", (long)command.pid, command.name);
    static const int signals[] = {SIGTERM, SIGKILL};
    for (int i = 0; i < 2 && process_is_alive(command.pid, command.started); i++) {
        lg_time deadline = lg_now() + owner->options.grace;
        owner->asked = signals[i];
        owner->asked_at = moment_now();
        process_signal(&command, signals[i]);
        owner_signal_command(owner, signals[i]);
        while (process_is_alive(command.pid, command.started) && lg_now() < deadline)
            owner_step(owner, lg_now() + 20 * LG_MILLISECOND);
    }
    owner->ended = true;
}

static void try_failed_again(struct owner *owner)
{
    for (struct item *item = owner->newest; item; item = item->older)
        if (item->record.state == CLEANUP_FAILED)
            item->record.state = CLEANUP_HELD;
}

static void report_recovering(const struct owner *owner, bool kept)
{
    size_t count = 0;
    for (const struct item *item = owner->newest; item; item = item->older)
        count += item_is_pending(item);
    print_message("run %s (%s) %s: recovering it: %zu cleanup%s", owner->run.id, owner->title,
                  kept ? "has cleanups left" : "has lost its runner and its guardian", count,
                  count == 1 ? "" : "s");
}

static lg_error *recover(struct owner *owner, const char *id, enum recover_how how)
{
    lg_error *err = owner_find_run(owner, id);
    if (!err)
        err = check(owner->place, &owner->run, how);
    if (err)
        return err;
    bool marked = same_boot(&owner->run);
    bool kept = owner->run.phase != RUN_ACTIVE;
    struct buffer mark = {0};
    buffer_format(&mark, "LIFOGUARD_RUN=%s", id);
    owner->mark = mark.text;
    owner->run.runner = process_self();
    err = owner_take(owner);
    if (err)
        return err;
    if (!marked) {
        free(owner->mark);
        owner->mark = NULL;
    }
    if (owner->options.keep && how != RECOVER_ORPHAN)
        err = owner_keep(owner, false);
    if (err)
        return err;
    try_failed_again(owner);
    report_recovering(owner, kept);
    if (!owner->cause[0])
        snprintf(owner->cause, sizeof(owner->cause), "runner and guardian were killed");
    if (marked && !owner->options.keep)
        end_command(owner);
    owner_clean(owner);
    owner_finish(owner);
    return NULL;
}

lg_error *recover_run(const char *place, const char *id, enum recover_how how, const char *instead,
                      const struct birth *birth, bool *good)
{
    const struct owner_options options = {.grace = 10 * LG_SECOND, .instead = instead};
    *good = false;
    lg_error *err = sandbox_check();
    if (err)
        return err;
    struct owner owner;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    memory_be_patient(MEMORY_PATIENCE_S * LG_SECOND);
    owner_init(&owner, place, &options, birth);
    lg_defer(owner_free, &owner);
    err = state_open(place, &owner.state);
    if (!err)
        err = recover(&owner, id, how);
    *good = !err && !owner.lost && !owner.failed;
    return err;
}

/* ---- all that are orphans ---- */

struct orphans {
    const char *place;
    struct buffer ids; /* one after the other, each with its NUL */
};

bool recover_is_copy(const char *place, const struct state_run *run)
{
    char *directory = place_of_run(place, run->id);
    lg_defer(free, directory);
    return run->phase == RUN_ACTIVE && !recover_is_owned(place, run) &&
           origin_is_elsewhere(directory);
}

/* Its processes and what they hold are elsewhere, and so are the cleanups: who knows better names the run. */
static bool leave_copy(const struct orphans *orphans, const struct state_run *run)
{
    if (!recover_is_copy(orphans->place, run))
        return false;
    struct buffer title = {0};
    lg_defer(buffer_free, &title);
    buffer_add_visible(&title, run->title);
    print_message(
        "run %s (%s) is not recovered: this state is a copy, and the run was made in another "
        "one. If its cleanups are to run here: lifoguard recover --state %s %s; if not: "
        "lifoguard abandon --state %s --forget %s",
        run->id, title.text, orphans->place, run->id, orphans->place, run->id);
    return true;
}

static lg_error *see_orphan(const struct state_run *run, void *data)
{
    struct orphans *orphans = data;
    bool orphan = run->phase == RUN_ACTIVE && run->uid == geteuid() &&
                  !recover_is_owned(orphans->place, run);
    if (orphan && !leave_copy(orphans, run))
        buffer_add(&orphans->ids, run->id, strlen(run->id) + 1);
    return NULL;
}

static _Noreturn void recover_all(const struct orphans *orphans, const char *place,
                                  const struct birth *birth)
{
    setsid();
    child_close_all_but(-1, -1);
    const char *id = orphans->ids.text;
    while (id < orphans->ids.text + orphans->ids.length) {
        bool good;
        lg_error *err = recover_run(place, id, RECOVER_ORPHAN, NULL, birth, &good);
        /* Another command was faster. */
        if (lg_error_is(err, &state_lost))
            lg_error_free(err);
        else
            message_error(err);
        id += strlen(id) + 1;
    }
    _exit(0);
}

lg_error *recover_orphans(struct state **state, const char *place, const struct birth *birth)
{
    struct orphans orphans = {.place = place};
    lg_defer(buffer_free, &orphans.ids);
    lg_error *err = state_runs(*state, see_orphan, &orphans);
    if (err || orphans.ids.length == 0)
        return err;
    state_close(*state);
    *state = NULL;
    pid_t pid = fork();
    if (pid == 0)
        recover_all(&orphans, place, birth);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return state_open(place, state);
}
