/* The connections of processes of the run, and what they have asked to undo. */
#define _GNU_SOURCE
#include "connection.h"
#include "error/refused.h"
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
        owner_handle(owner, client, client->input.text + WIRE_HEAD, length);
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
