/* Registrations and requests, from processes of the run. */
#define _GNU_SOURCE
#include "error/refused.h"
#include "owner.h"
#include "request.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct client {
    struct client *next;
    int fd;
    pid_t pid;
    struct buffer input;
    bool waits;   /* for an answer */
    bool done;    /* to be closed */
    bool undoes;  /* what it asked for takes time */
    bool undoing; /* and is being carried out */
    int64_t undo_from, undo_to;
    char *undo_scope; /* of these, only those that were registered in this scope; NULL: all */
    int undo_status;  /* the exit status of what ran in the scope; -1: not known */
};

void owner_answer(struct client *client, int64_t status, int64_t value, const char *text)
{
    struct buffer frame = {0};
    lg_defer(buffer_free, &frame);
    wire_begin(&frame);
    wire_put_number(&frame, status);
    wire_put_number(&frame, value);
    wire_put_text(&frame, text);
    wire_end(&frame);
    for (size_t sent = 0; sent < frame.length;) {
        ssize_t count = send(client->fd, frame.text + sent, frame.length - sent, MSG_NOSIGNAL);
        if (count < 0 && errno == EINTR)
            continue;
        /* One that does not read its answer has five seconds (SO_SNDTIMEO). */
        client->done |= count <= 0;
        if (count <= 0)
            break;
        sent += (size_t)count;
    }
    client->waits = false;
}

static void answer_error(struct owner *owner, struct client *client, lg_error *err)
{
    lg_defer(lg_error_free, err);
    owner_is_lost(owner, err);
    char *text = err ? lg_error_text(err) : NULL;
    lg_defer(free, text);
    owner_answer(client, err ? 1 : 0, 0, err ? (text ? text : "out of memory") : "");
}

/* ---- requests ---- */

typedef void answer_request(struct owner *owner, struct client *client, struct wire_reader *reader);

/* The `acquire` that intends it must have ended before it is undone, or it could acquire afterwards: so for this cleanup the
 * moment of the registration is the one before that process started. */
static void set_acquirer(struct item *item, pid_t pid)
{
    struct process *acquirer = &item->acquirer;
    if (!process_read(pid, acquirer))
        return;
    item->record.moment = (struct moment){acquirer->started, acquirer->pid - 1};
    item->record.attempt_by = *acquirer;
}

static void add(struct owner *owner, struct client *client, struct wire_reader *reader,
                enum cleanup_state state, bool by_acquirer)
{
    struct item *item = owner_add(owner, reader->at, reader->left, state);
    if (!item) {
        owner_answer(client, 2, 0, "a malformed registration");
        return;
    }
    if (by_acquirer && !item->stored)
        set_acquirer(item, client->pid);
    if (item->spec.flags & SPEC_NESTED && !item->stored) {
        process_read(client->pid, &item->nested);
        item->record.attempt_by = item->nested;
    }
    if (item->stored)
        owner_answer(client, 0, item->record.sequence, "");
    else
        item->waiting = client;
}

static void request_defer(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    add(owner, client, reader, CLEANUP_HELD, false);
}

/* Intended by a command that goes on after it was acquired, and is ended before everything else if it has lost its owner. What it
 * has started before, a server that the cleanup needs, stays (R3). */
static void request_foresee(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    add(owner, client, reader, CLEANUP_INTENDED, false);
}

static void request_intend(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    add(owner, client, reader, CLEANUP_INTENDED, true);
}

/* NULL: there is none, and the client has its answer. */
static struct item *find_pending(struct owner *owner, struct client *client, int64_t sequence)
{
    struct item *item = owner_find_sequence(owner, sequence);
    if (item && item_is_pending(item) && item->record.state != CLEANUP_RELEASING &&
        !item->under_way)
        return item;
    if (item && item->record.state == CLEANUP_FAILED)
        owner_answer(client, 1, 0, "it failed");
    else
        owner_answer(client, ANSWER_GONE, 0, "no such cleanup is pending");
    return NULL;
}

static void request_find(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    const struct item *item = owner_find(owner, wire_take_text(reader));
    owner_answer(client, item ? 0 : ANSWER_GONE, item ? item->record.sequence : 0,
                 item ? "" : "no such cleanup is pending");
}

static void request_confirm(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    struct item *item = find_pending(owner, client, wire_take_number(reader));
    if (!item)
        return;
    bool ours = owner_move(owner, item, CLEANUP_HELD, "");
    owner_answer(client, ours ? 0 : 1, 0, ours ? "" : lg_error_message(&state_lost));
}

/* What was not acquired, or is not to be released any more. */
static void withdraw(struct owner *owner, struct client *client, struct item *item)
{
    if (!item)
        return;
    bool ours = owner_move(owner, item, CLEANUP_RELEASED, "");
    if (ours)
        owner_drop(owner, item);
    owner_answer(client, ours ? 0 : 1, 0, ours ? "" : lg_error_message(&state_lost));
}

static void request_withdraw(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    withdraw(owner, client, find_pending(owner, client, wire_take_number(reader)));
}

static void undo(struct owner *owner, struct client *client, int64_t from, int64_t to)
{
    /* It would wait for itself. */
    if (owner->cleaning ||
        (owner->attempt.pid && process_is_below(client->pid, owner->attempt.pid))) {
        owner_answer(client, 1, 0, "not in a cleanup: they are being carried out already");
        return;
    }
    client->undoes = true;
    client->undo_from = from;
    client->undo_to = to;
    client->undo_status = -1;
}

static void request_undo(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    int64_t sequence = wire_take_number(reader);
    /* An owner that has taken the run over while that one was carried out settles how it ended. */
    const struct item *item = owner->settling && owner->settling->record.sequence == sequence
                                  ? owner->settling
                                  : find_pending(owner, client, sequence);
    if (item)
        undo(owner, client, item->record.sequence, item->record.sequence);
}

static void request_undo_since(struct owner *owner, struct client *client,
                               struct wire_reader *reader)
{
    int64_t mark = wire_take_number(reader);
    const char *scope = wire_take_text(reader);
    free(client->undo_scope);
    client->undo_scope = *scope ? need_copy(scope, strlen(scope)) : NULL;
    undo(owner, client, mark + 1, INT64_MAX);
    if (reader->left > 0)
        client->undo_status = (int)wire_take_number(reader);
}

static void request_mark(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    (void)reader;
    owner_answer(client, 0, owner->sequence, "");
}

static void request_keep(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    answer_error(owner, client, owner_keep(owner, wire_take_number(reader) != 0));
}

static void request_set(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    const char *name = wire_take_text(reader);
    const char *value = wire_take_text(reader);
    if (*name == '\0' || *name == '.')
        owner_answer(client, 2, 0, "not a variable's name");
    else
        answer_error(owner, client, state_set_variable(owner->state, &owner->run, name, value));
}

/* ---- a command that carries its cleanups out itself ---- */

static struct item *find_own(struct owner *owner, struct client *client, int64_t sequence)
{
    struct item *item = owner_find_sequence(owner, sequence);
    if (item && item_is_pending(item))
        return item;
    owner_answer(client, 1, 0, "no such cleanup is pending");
    return NULL;
}

/* The answer is the number of the attempt. */
static void request_claim(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    struct item *item = find_own(owner, client, wire_take_number(reader));
    struct process attempt;
    if (!item)
        return;
    if (!process_read((pid_t)wire_take_number(reader), &attempt) ||
        !owner_claim(owner, item, &attempt))
        owner_answer(client, 1, 0, "it is not to be had any more");
    else
        owner_answer(client, 0, item->record.attempt, "");
}

static void request_settle(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    struct item *item = find_own(owner, client, wire_take_number(reader));
    if (!item)
        return;
    bool good = wire_take_number(reader) != 0;
    bool ours = owner_settle(owner, item, good, wire_take_text(reader));
    owner_answer(client, ours ? 0 : 1, 0, ours ? "" : lg_error_message(&state_lost));
}

static void request_epoch(struct owner *owner, struct client *client, struct wire_reader *reader)
{
    (void)reader;
    owner_answer(client, 0, owner->run.epoch, "");
}

static const struct {
    const char *name;
    answer_request *answer;
} requests[] = {{"defer", request_defer},
                {"intend", request_intend},
                {"foresee", request_foresee},
                {"confirm", request_confirm},
                {"withdraw", request_withdraw},
                {"undo", request_undo},
                {"undo-since", request_undo_since},
                {"find", request_find},
                {"mark", request_mark},
                {"keep", request_keep},
                {"set", request_set},
                {"claim", request_claim},
                {"settle", request_settle},
                {"epoch", request_epoch}};

static void handle(struct owner *owner, struct client *client, const char *data, size_t size)
{
    struct wire_reader reader = wire_read(data, size);
    const char *name = wire_take_text(&reader);
    client->waits = true;
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        if (strcmp(requests[i].name, name) == 0) {
            requests[i].answer(owner, client, &reader);
            return;
        }
    }
    owner_answer(client, 2, 0, "this request is not known here");
}

/* ---- connections ---- */

/* By the kernel's word, not the client's own: of our user, and below us. As the owner adopts all orphans of the run
 * (PR_SET_CHILD_SUBREAPER), the walk from parent to parent ends here for every process of the run, and for no other. */
static bool may_register(int fd, pid_t *pid)
{
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return false;
    *pid = peer.pid;
    return peer.uid == geteuid() && peer.pid > 0 && process_is_below(peer.pid, getpid());
}

/* Closed by exec, also where accept4 is refused. */
static int accept_client(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0 || !lgi_is_refused(errno))
        return fd;
    fd = accept(listener, NULL, NULL);
    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}

static void take_connection(struct owner *owner)
{
    int fd = accept_client(owner->listener);
    if (fd < 0) {
        /* No descriptors are left: those who hold them have their turn first. */
        nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
        return;
    }
    struct client *client = need_memory(NULL, sizeof(*client));
    *client = (struct client){.next = owner->clients, .fd = fd};
    const struct timeval limit = {.tv_sec = 5};
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    owner->clients = client;
    if (!may_register(fd, &client->pid)) {
        owner_answer(client, 3, 0, "only processes of this run may register");
        client->done = true;
    }
}

static void read_client(struct owner *owner, struct client *client)
{
    char bytes[16384];
    ssize_t count = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        client->done = true;
        return;
    }
    buffer_add(&client->input, bytes, (size_t)count);
    if (client->input.length < WIRE_HEAD)
        return;
    size_t length = wire_length(client->input.text);
    if (length > WIRE_LONGEST) {
        owner_answer(client, 2, 0, "larger than 8 MiB");
        client->done = true;
    } else if (client->input.length - WIRE_HEAD >= length) {
        handle(owner, client, client->input.text + WIRE_HEAD, length);
        client->input.length = 0;
    }
}

void owner_forget_waiting(struct owner *owner, const struct client *client)
{
    for (struct item *item = owner->newest; item; item = item->older)
        if (item->waiting == client)
            item->waiting = NULL;
}

static void close_done(struct owner *owner)
{
    for (struct client **place = &owner->clients; *place;) {
        struct client *client = *place;
        if (!client->done || client->undoing) {
            place = &client->next;
            continue;
        }
        *place = client->next;
        owner_forget_waiting(owner, client);
        close(client->fd);
        buffer_free(&client->input);
        free(client->undo_scope);
        free(client);
    }
}

size_t owner_client_fds(const struct owner *owner, struct pollfd *fds, size_t most)
{
    size_t count = 0;
    for (const struct client *client = owner->clients; client && count < most;
         client = client->next)
        if (!client->done)
            fds[count++] = (struct pollfd){.fd = client->fd, .events = POLLIN};
    if (count < most && owner->listener >= 0)
        fds[count++] = (struct pollfd){.fd = owner->listener, .events = POLLIN};
    return count;
}

static struct client *client_of(struct owner *owner, int fd)
{
    for (struct client *client = owner->clients; client; client = client->next)
        if (client->fd == fd)
            return client;
    return NULL;
}

void owner_serve(struct owner *owner, const struct pollfd *fds, size_t count)
{
    for (size_t i = 0; i < count && !owner->lost; i++) {
        if (fds[i].revents == 0)
            continue;
        struct client *client = client_of(owner, fds[i].fd);
        if (client)
            read_client(owner, client);
        else
            take_connection(owner);
    }
    owner_store(owner);
    close_done(owner);
}

/* Scopes of one script may run side by side. What is registered in a scope has the scope's name, or a path of several, in its
 * environment. */
static bool is_in_scope(const struct item *item, const char *scope)
{
    static const char variable[] = "LIFOGUARD_SCOPE=";
    size_t length = strlen(scope);
    const char *const *assignment = item->spec.environment;
    while (*assignment && strncmp(*assignment, variable, sizeof(variable) - 1) != 0)
        assignment++;
    if (!*assignment)
        return false;
    for (const char *at = *assignment + sizeof(variable) - 1; (at = strstr(at, scope)); at++)
        if (at[-1] == '/' && (at[length] == '/' || at[length] == '\0'))
            return true;
    return false;
}

static struct item *newest_of(const struct owner *owner, int64_t from, int64_t to,
                              const char *scope)
{
    struct item *item = owner->newest;
    while (item && item->record.sequence >= from &&
           (!item_is_pending(item) || item->record.sequence > to ||
            (scope && !is_in_scope(item, scope))))
        item = item->older;
    return item && item->record.sequence >= from ? item : NULL;
}

/* False: the command has ended, so the rest is cleaned up in the order of all; or the run is lost. What is carried out may
 * register more. */
static bool carry_out_undo(struct owner *owner, int64_t from, int64_t to, const char *scope,
                           bool *all_good)
{
    for (struct item *item; (item = newest_of(owner, from, to, scope)) != NULL;) {
        if (owner->lost || owner->ended)
            return false;
        *all_good &= owner_release(owner, item);
    }
    return true;
}

/* Who has waited longest: a new client comes first in the list. */
static struct client *next_to_undo(const struct owner *owner)
{
    struct client *next = NULL;
    for (struct client *client = owner->clients; client; client = client->next)
        if (client->undoes && !client->done)
            next = client;
    return next;
}

static void refuse_undo(struct client *client)
{
    client->undoes = false;
    owner_answer(client, 1, 0, "the command has ended: the cleanups are being carried out already");
}

/* The client may go meanwhile, but stays in the list, so that its descriptor is not another's by then. */
static void undo_for(struct owner *owner, struct client *client)
{
    bool all_good = true;
    char *scope = client->undo_scope;
    lg_defer(free, scope);
    client->undo_scope = NULL;
    client->undoes = false;
    client->undoing = true;
    owner->scope_status = client->undo_status;
    bool whole = carry_out_undo(owner, client->undo_from, client->undo_to, scope, &all_good);
    owner->scope_status = -1;
    client->undoing = false;
    if (!client->waits || client->done || owner->lost)
        return;
    if (whole)
        owner_answer(client, all_good ? 0 : 1, 0, all_good ? "" : "it failed");
    else
        refuse_undo(client);
}

void owner_undo(struct owner *owner)
{
    if (owner->busy || owner->cleaning)
        return;
    owner->busy = true;
    for (struct client *client;
         !owner->lost && !owner->ended && (client = next_to_undo(owner)) != NULL;)
        undo_for(owner, client);
    owner->busy = false;
    close_done(owner);
}

void owner_refuse_undos(struct owner *owner)
{
    for (struct client *client; (client = next_to_undo(owner)) != NULL;)
        refuse_undo(client);
}

void owner_free_clients(struct owner *owner)
{
    for (struct client *client = owner->clients; client; client = client->next)
        client->done = true;
    close_done(owner);
}
