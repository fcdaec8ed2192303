#define _GNU_SOURCE
#include "guardian.h"

#include "buffer.h"
#include "closers/own_fd.h"
#include "command.h"
#include "execute.h"
#include "failed.h"
#include "front.h"
#include "message.h"
#include "place.h"
#include "recover.h"
#include "request.h"
#include "status.h"
#include "unit.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct run_end end_of(const struct owner *owner)
{
    if (owner->lost)
        return (struct run_end){.a = EXIT_OURS};
    if (owner->outcome == OUTCOME_TIMEOUT)
        return (struct run_end){.a = EXIT_TIMEOUT};
    if (!owner->ended)
        return (struct run_end){.a = EXIT_OURS};
    if (owner->end.si_code != CLD_EXITED)
        return (struct run_end){.b = owner->end.si_status};
    return (struct run_end){.a = owner->end.si_status};
}

/* ---- the command ---- */

struct command {
    struct process process;
    int go;      /* it waits for this */
    int failure; /* how it tells that it cannot execute */
};

static void call_engine(const struct guardian_start *start, int *status)
{
    *status = start->call(start->birth, start->data);
}

/* A panic must not reach the frames of the process that this one is a child of. */
static _Noreturn void be_engine(const struct guardian_start *start)
{
    int status = EXIT_OURS;
    failed_leave(lg_call_contained(call_engine, start, &status));
    _exit(status);
}

static _Noreturn void be_command(const struct guardian_start *start, int go, int failure)
{
    char byte;
    if (start->own_group)
        setpgid(0, 0);
    if (read(go, &byte, 1) != 1)
        _exit(EXIT_OURS);
    close(go);
    if (start->call) {
        birth_close_others(start->birth);
        be_engine(start);
    }
    birth_give(start->birth, true);
    union {
        char **mine;
        const char *const *text;
    } here = {.mine = environ};
    child_execute(start->arguments, here.text, failure);
}

static void close_both(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

/* It is there, with its process number, but does not execute before it is recorded. */
static lg_error *make_command(const struct guardian_start *start, struct command *command)
{
    int go[2];
    int failure[2];
    if (lgi_own_pipe(go, 0) != 0)
        return lg_error_new_errno("pipe");
    if (lgi_own_pipe(failure, 0) != 0) {
        lg_error *error = lg_error_new_errno("pipe");
        close_both(go);
        return error;
    }
    pid_t pid = fork();
    if (pid < 0) {
        lg_error *error = lg_error_new_errno("fork");
        close_both(go);
        close_both(failure);
        return error;
    }
    if (pid == 0) {
        close(go[1]);
        close(failure[0]);
        be_command(start, go[0], failure[1]);
    }
    /* Both sides do it, so that it is done whichever comes first. */
    if (start->own_group)
        setpgid(pid, pid);
    close(go[0]);
    close(failure[1]);
    command->go = go[1];
    command->failure = failure[0];
    process_read(pid, &command->process);
    return NULL;
}

/* The errno value with which it could not execute, or 0. */
static int let_command_go(struct command *command)
{
    ssize_t written = write(command->go, "", 1);
    (void)written;
    close(command->go);
    int failed = child_failure(command->failure);
    close(command->failure);
    return failed;
}

/* ---- nested runs ---- */

/* Where the outer run takes registrations, if there is one; and what this one is there. */
struct outer {
    char *directory;
    int64_t sequence;
};

/* The outer run has this one among its cleanups: it waits for its end, or recovers it. */
static lg_error *register_nested(struct outer *outer, const struct guardian_start *start)
{
    if (!outer->directory)
        return NULL;
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[length > 0 ? length : 0] = '\0';
    const char *arguments[] = {program,      "recover", "--nested", "--state",
                               start->place, start->id, NULL};
    struct spec spec = {.flags = SPEC_NESTED, .grace = CLEANUP_GRACE};
    lg_defer(request_empty, &spec);
    lg_error *err = request_fill(&spec, arguments, NULL);
    if (err)
        return err;
    request_set_directory(&spec, "/"); /* it needs none, and this one may be another by then */
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, "defer");
    spec_put(&fields, &spec);
    struct answer answer;
    err = request_send(outer->directory, &fields, &answer);
    if (!err && answer.status != 0)
        err = lg_error_newf("%s", answer.text);
    outer->sequence = answer.value;
    free(answer.text);
    return lg_error_wrap(err, "the run around this one");
}

static void withdraw_nested(const struct outer *outer)
{
    if (!outer->directory || outer->sequence == 0)
        return;
    struct buffer fields = {0};
    lg_defer(buffer_free, &fields);
    wire_put_text(&fields, "withdraw");
    wire_put_number(&fields, outer->sequence);
    struct answer answer;
    /* If it is gone, nobody is left to tell. */
    lg_error_free(request_send(outer->directory, &fields, &answer));
    free(answer.text);
}

/* ---- the guardian ---- */

/* Does this process adopt what loses its parent? A sandbox may have refused that. */
static bool is_subreaper(void)
{
    int is = 0;
    return prctl(PR_GET_CHILD_SUBREAPER, &is) == 0 && is;
}

static char *mark_of(const struct guardian_start *start)
{
    struct buffer mark = {0};
    buffer_format(&mark, "LIFOGUARD_RUN=%s", start->id);
    return mark.text;
}

static void owner_of(struct owner *owner, const struct guardian_start *start)
{
    owner_init(owner, start->place, &start->options, start->birth);
    owner->own_group = start->own_group;
    owner->began = start->began;
    if (!is_subreaper())
        owner->mark = mark_of(start);
}

static void describe(const struct guardian_start *start, struct buffer *title)
{
    spec_describe(title, start->arguments);
}

static struct run_end refused(lg_error *err)
{
    message_error(err);
    return (struct run_end){.a = EXIT_OURS};
}

static struct run_end not_executed(struct owner *owner, const struct guardian_start *start,
                                   int failed)
{
    int status = command_not_started("", start->arguments[0], failed);
    owner_finish(owner);
    return (struct run_end){.a = status};
}

static lg_error *begin(struct owner *owner, const struct guardian_start *start, struct outer *outer,
                       struct command *command)
{
    lg_error *err = state_open(start->place, &owner->state);
    if (!err)
        err = recover_orphans(&owner->state, start->place, start->birth);
    if (err)
        return err;
    struct buffer title = {0};
    lg_defer(buffer_free, &title);
    describe(start, &title);
    setenv("LIFOGUARD_STATE", start->place, 1);
    setenv("LIFOGUARD_RUN", start->id, 1);
    err = make_command(start, command);
    if (err)
        return err;
    err = owner_begin(owner, start->id, title.text, &start->runner, &command->process);
    return err ? err : register_nested(outer, start);
}

/* From the command's end on; tells the runner what to exit with before the run is forgotten, or the runner, if this
 * process is killed in between, could not know it. */
static struct run_end clean_up(struct owner *owner)
{
    owner_set_outcome(owner);
    struct run_end end = end_of(owner);
    front_send(owner->front, FRONT_OUTCOME, end.a, end.b);
    owner_clean(owner);
    owner_finish(owner);
    return end_of(owner);
}

/* A nested run is recovered by the run around it. */
static void start_unit(const struct guardian_start *start, const struct outer *outer)
{
    if (outer->directory || !unit_is_wanted())
        return;
    lg_error *err = unit_start(start->place, start->id, start->birth);
    if (!err)
        return;
    print_message("LIFOGUARD_UNIT=1: no unit of systemd watches this run");
    message_error(err);
}

static struct run_end guard(struct owner *owner, const struct guardian_start *start)
{
    struct outer outer = {.directory = request_run_directory()};
    lg_defer(free, outer.directory);
    lg_defer(withdraw_nested, &outer);
    struct command command = {0};
    lg_error *err = begin(owner, start, &outer, &command);
    if (err)
        return refused(err);
    start_unit(start, &outer);
    /* First: if this process is killed in between, the runner has a command to look after. */
    front_send(owner->front, FRONT_STARTED, command.process.pid, 0);
    int failed = let_command_go(&command);
    /* The command has been left in the runner's session. */
    setsid();
    birth_close_inherited(start->birth);
    memory_be_patient(MEMORY_PATIENCE_S * LG_SECOND);
    if (failed)
        return not_executed(owner, start, failed);
    owner_await_command(owner);
    return clean_up(owner);
}

static void be_guardian(const struct guardian_start *start, int front)
{
    struct owner owner;
    owner_of(&owner, start);
    owner.front = front;
    struct run_end end = guard(&owner, start);
    front_send(owner.front, FRONT_DONE, end.a, end.b);
    owner_free(&owner);
}

/* The runner goes on in its place if it panics. */
_Noreturn void guardian_be(const struct guardian_start *start, int front)
{
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_NAME, "lifoguard-guard");
    failed_leave(lg_call_contained(be_guardian, start, front));
    _exit(0);
}

/* ---- in the guardian's place ---- */

/* False: it has ended, and nobody knows how. */
static bool adopt_command(struct owner *owner, const struct guardian_legacy *legacy)
{
    owner->command = legacy->command;
    owner->ended = legacy->ended;
    if (legacy->ended)
        owner->end = legacy->command_end;
    siginfo_t info;
    return legacy->ended ||
           waitid(P_PID, (id_t)legacy->command.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

/* The guardian may not have come to act on the last signal. Twice is better than never. */
static void repeat_signal(struct owner *owner, const struct guardian_legacy *legacy)
{
    if (legacy->passed && !owner->ended)
        owner_signal(owner, legacy->passed, legacy->from_terminal);
}

/* The run is forgotten already, if the guardian was killed between that and its last word. */
static struct run_end not_taken(lg_error *err, const struct guardian_legacy *legacy)
{
    if (!legacy->has_end || !lg_error_is(err, &owner_unknown_run))
        return refused(err);
    lg_error_free(err);
    return legacy->end;
}

/* A new guardian, which cannot be the command's parent any more: it only watches the runner, and recovers the run if that
 * is killed too. Returns the descriptor that holds it back; closing it after a byte was written sends it home. */
static int start_watcher(const struct guardian_start *start, struct process *watcher)
{
    *watcher = (struct process){0};
    int hold[2];
    if (lgi_own_pipe(hold, 0) != 0)
        return -1;
    pid_t pid = fork();
    if (pid != 0) {
        close(hold[0]);
        process_read(pid, watcher);
        return hold[1];
    }
    setsid();
    prctl(PR_SET_NAME, "lifoguard-guard");
    child_close_all_but(hold[0], -1);
    char byte;
    ssize_t got;
    do
        got = read(hold[0], &byte, 1);
    while (got < 0 && errno == EINTR);
    bool good;
    lg_error *err = got == 0 ? recover_run(start->place, start->id, RECOVER_ORPHAN, NULL,
                                           start->birth, &good)
                             : NULL;
    if (err)
        message_error(err);
    _exit(0);
}

static void dismiss_watcher(int hold)
{
    if (hold < 0)
        return;
    ssize_t written = write(hold, "", 1);
    (void)written;
    close(hold);
}

struct run_end guardian_replace(const struct guardian_start *start,
                                const struct guardian_legacy *legacy)
{
    if (!legacy->command.pid) {
        print_message("the guardian was killed before the command was started");
        return (struct run_end){.a = EXIT_OURS};
    }
    memory_be_patient(MEMORY_PATIENCE_S * LG_SECOND);
    struct process watcher;
    int hold = start_watcher(start, &watcher);
    lg_defer(dismiss_watcher, hold);
    struct outer outer = {.directory = request_run_directory()};
    lg_defer(free, outer.directory);
    lg_defer(withdraw_nested, &outer);
    struct owner owner;
    owner_of(&owner, start);
    lg_defer(owner_free, &owner);
    owner.watcher = watcher;
    lg_error *err = state_open(start->place, &owner.state);
    if (!err)
        err = owner_find_run(&owner, start->id);
    if (!err)
        err = owner_take(&owner);
    if (err)
        return not_taken(err, legacy);
    print_message("the guardian was killed: the runner goes on in its place");
    /* The run around this one is to wait for us from now on. */
    lg_error_free(register_nested(&outer, start));
    if (adopt_command(&owner, legacy)) {
        repeat_signal(&owner, legacy);
        owner_await_command(&owner);
    }
    struct run_end end = clean_up(&owner);
    return legacy->has_end && !owner.lost ? legacy->end : end;
}
