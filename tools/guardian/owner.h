/* The owner of a run: the one process that writes the run's state and carries out its cleanups.
 *
 * Usually that is the guardian, which stands between the runner (the process that the user started) and the command. If the
 * guardian is killed, the runner becomes the owner; if both are, `lifoguard recover`. All three do the same, with this. */
#ifndef LIFOGUARD_GUARDIAN_OWNER_H
#define LIFOGUARD_GUARDIAN_OWNER_H

#include "child.h"
#include "spec.h"
#include "state.h"

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <signal.h>
#include <stdbool.h>

/* A cleanup, in the owner's memory. */
struct item {
    struct item *older;
    struct state_cleanup record; /* detail and spec are the item's own memory */
    struct spec spec;            /* points into record.spec */
    char **secrets;              /* assignments that are not stored */
    bool stored;
    bool stale; /* on disk it is in an earlier state: the last change of it could not be written */
    bool in_file;     /* the result of its attempt is in a file, for who takes the run over */
    bool under_way;   /* it is being carried out: nobody can withdraw it any more */
    bool plain;       /* started without the environment of its registration, which is too large */
    bool unconfirmed; /* it may be that nothing was acquired */
    struct process nested;   /* the guardian of the nested run that it stands for */
    struct process acquirer; /* the `acquire` that intends it */
    siginfo_t
        end; /* of its command, if that has ended as our child before we have come to it; si_pid 0: it has not */
    struct client *waiting; /* who waits to hear that it is stored */
};

struct client;
struct attempt;

enum outcome {
    OUTCOME_SUCCESS,
    OUTCOME_FAILURE,
    OUTCOME_CANCELLED,
    OUTCOME_TIMEOUT,
    OUTCOME_UNKNOWN
};

const char *outcome_name(enum outcome outcome);

struct owner_options {
    lg_duration grace, timeout; /* timeout 0: none */
    bool keep, verbose;
    bool patient; /* the command cleans up itself: signals are passed on to it, and none follows */
    const char *instead; /* for cleanups whose directory is not there any more; NULL */
};

struct owner {
    const char *place;
    char *directory; /* of the run */
    char *title;
    /* Processes of the run that are not below us have this in their environment; NULL: there are none. */
    char *mark;
    struct state *state;
    struct state_run run;
    const char **environment; /* run.environment, and the memory it points into */
    struct buffer environment_text;
    struct owner_options options;
    const struct birth *birth;

    int signals;  /* a signalfd */
    int front;    /* to the runner, or -1 */
    int listener; /* for clients, or -1 */
    int done;     /* see done.h, or -1 */
    struct client *clients;

    struct item *newest;
    int64_t sequence; /* of the last one registered */
    size_t unstored;  /* how many items are not on disk */

    /* The command: how it ended, the last signal that was sent to end it (0: none), and when the next one is due. */
    struct process command;
    siginfo_t end;
    lg_time began, deadline;
    int asked;
    struct moment asked_at;

    /* The attempt under way: of our own making, or of an owner before us, at this item. How its command ended, if that became
     * our child (si_pid 0: it did not). */
    const struct item *settling;
    struct item *released; /* the one before: see owner_release_later */
    struct attempt *attempt_mine;
    struct process attempt;
    siginfo_t attempt_end;

    struct process watcher; /* see guardian.c; spared */

    /* What has come. */
    lg_duration last_signal_at;
    lg_duration warned; /* when it was said that cleanups go on; 0: not yet */
    int last_signal;
    enum outcome outcome;
    int exit_code, exit_signal; /* of the command, or 0 */
    char cause[128];
    int scope_status; /* while a scope is undone: the exit status of what ran in the scope; else -1 */

    bool rebooted;      /* the run is one of another boot */
    bool own_group;     /* the command has a process group of its own */
    bool ended;         /* the command has */
    bool outlives_kill; /* it has not, though it was sent SIGKILL */
    bool attempt_ended; /* the attempt's own process has */
    bool to_store;      /* some of the items that are not on disk have not been tried yet */
    bool cleaning;      /* the command is over */
    bool outcome_due;   /* the outcome is to be written, with the next change */
    bool end_attempt;   /* the cleanup that runs is to be ended */
    bool runner_died;
    bool lost;     /* the run is another's by now: touch nothing more */
    bool busy;     /* an `undo` is being carried out */
    bool failed;   /* a cleanup failed for good */
    bool said_why; /* nothing can be written, and that has been said */
};

/* ---- its life ---- */

void owner_init(struct owner *owner, const char *place, const struct owner_options *options,
                const struct birth *birth);
/* For lg_defer. */
void owner_free(struct owner *owner);

/* A new run: recorded, with a socket to register at. */
lg_error *owner_begin(struct owner *owner, const char *id, const char *title,
                      const struct process *runner, const struct process *command)
    __attribute__((__warn_unused_result__));

/* There is no such run, or no longer. */
extern lg_error owner_unknown_run;

/* Looks a run up, as it is recorded: owner->run. */
lg_error *owner_find_run(struct owner *owner, const char *id)
    __attribute__((__warn_unused_result__));

/* Takes it over from an owner that has died (its epoch is raised), with what is pending. */
lg_error *owner_take(struct owner *owner) __attribute__((__warn_unused_result__));

/* Waits for the command, serving registrations; ends it when its time is over or a signal says so. */
void owner_await_command(struct owner *owner);

/* Carries out all that is pending, the newest first, and ends what the run left running. */
void owner_clean(struct owner *owner);

/* Records the end: forgets the run, or keeps what failed. */
void owner_finish(struct owner *owner);

/* ---- parts of it ---- */

/* Handles what has come; if nothing has, waits for it until `deadline` (0: for ever). */
void owner_step(struct owner *owner, lg_time deadline);

/* Whether an error tells that the run is lost: notes it, and says so once. */
bool owner_is_lost(struct owner *owner, const lg_error *err);

/* Whether a signal asks for the end. Others are the command's own affair. */
bool owner_is_request(int number);

/* A signal, from wherever; from_terminal: the command has got it too. */
void owner_signal(struct owner *owner, int number, bool from_terminal);

/* Sends a signal to the command and its process group. */
void owner_signal_command(struct owner *owner, int number);

/* Notes how the command ended, if that is known. */
void owner_set_outcome(struct owner *owner);

/* What a cleanup is told, and what decides whether it is wanted: the outcome of the run, or, as long as the run has none, that of
 * the scope that is being undone. */
struct result {
    enum outcome outcome;
    int exit_code, exit_signal;
    const char *cause; /* until the next call */
};
struct result owner_result(const struct owner *owner);

/* Ends processes of the run that started after `after` (NULL: all). */
void owner_end_processes(struct owner *owner, const struct moment *after);

/* Ends the `acquire` that intends an item, and what it has started, also if it was itself killed before. All of these are then in
 * `family`, also the guardians of nested runs, which are spared. */
void owner_end_acquirer(struct owner *owner, const struct item *item, struct process_list *family);

/* ---- items (items.c) ---- */

/* Registers what a client sent. NULL: malformed. */
struct item *owner_add(struct owner *owner, const char *spec, size_t size,
                       enum cleanup_state state);
/* Brings what is new to disk; answers those who wait for it. */
void owner_store(struct owner *owner);
void owner_remove(struct owner *owner, struct item *item);
/* Forgets one that is released; but not before the disk has that too (see owner_bring_to_disk). */
void owner_drop(struct owner *owner, struct item *item);
/* Writes what could not be written before. False: some of it still cannot. */
bool owner_bring_to_disk(struct owner *owner);
struct item *owner_find(const struct owner *owner, const char *name);
struct item *owner_find_sequence(const struct owner *owner, int64_t sequence);
/* Moves it, on disk too; if the disk does not take that, it is stale. False: it must not be carried out, since the run is
 * lost. */
bool owner_move(struct owner *owner, struct item *item, enum cleanup_state state,
                const char *detail);
/* ---- writing (due.c) ---- */

/* Writes how an item has changed (NULL: nothing has), with what is due. False: the run is lost. */
bool owner_write(struct owner *owner, struct item *item);
/* Before it waits for anything, an owner writes what is due. */
void owner_write_due(struct owner *owner);
/* An item is released, which the next change brings to disk: the start of the next attempt, or the end of the run. Until then the record
 * says that it is under way, and whoever takes the run over finds the result in the attempt's file. The item may be gone at the next
 * change. */
void owner_release_later(struct owner *owner, struct item *item);

lg_error *owner_load(struct owner *owner) __attribute__((__warn_unused_result__));
/* Whether the cleanups are left to a later `recover`: remembered for those who take the run over, too. */
lg_error *owner_keep(struct owner *owner, bool keep) __attribute__((__warn_unused_result__));
/* What an item's command is started with: for assignments_free. */
char **owner_environment(struct owner *owner, const struct item *item);
/* Whether it is pending: not failed for good, not given up. */
bool item_is_pending(const struct item *item);
void item_describe(const struct item *item, struct buffer *text);

/* ---- clients (serve.c) ---- */

enum { CLIENTS_MOST = 1000 };

struct pollfd;
size_t owner_client_fds(const struct owner *owner, struct pollfd *fds, size_t most);
void owner_serve(struct owner *owner, const struct pollfd *fds, size_t count);
void owner_answer(struct client *client, int64_t status, int64_t value, const char *text);
/* Carries out what clients have asked to undo, one request at a time: what is asked meanwhile waits. Nothing while the run is
 * cleaned up, which is an order of its own. */
void owner_undo(struct owner *owner);
/* Those who still wait for an `undo` when the command has ended. */
void owner_refuse_undos(struct owner *owner);
void owner_free_clients(struct owner *owner);
/* An item is gone: nobody waits for it any more. */
void owner_forget_waiting(struct owner *owner, const struct client *client);

/* ---- cleanups (clean.c) ---- */

/* "WHAT: lifoguard recover …": a command for a shell. */
void owner_explain_recovery(const struct owner *owner, const char *what);

/* The command carries one out itself, in the process `attempt`: so that whoever takes the run over finds it. False: the run is
 * lost, or the cleanup is not to be had. */
bool owner_claim(struct owner *owner, struct item *item, const struct process *attempt);

/* How that has ended; `detail` says why it failed. The item may be gone afterwards. */
bool owner_settle(struct owner *owner, struct item *item, bool good, const char *detail);

/* Carries one out, with all its attempts; true: it succeeded. The item may be gone afterwards. */
bool owner_release(struct owner *owner, struct item *item);

#endif
