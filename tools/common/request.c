#define _GNU_SOURCE
#include "request.h"

#include "place.h"
#include "process.h"
#include "random.h"
#include "wire.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* How long to look for an owner that answers: time enough for another one to take the run over. */
static const lg_duration patience = 20 * LG_SECOND;

static char *directory_of(const char *place, const char *id)
{
    return place && *place && id && *id && !strchr(id, '/') ? place_of_run(place, id) : NULL;
}

/* What a process of the run has started with another environment (`env -i`, tox) is of the run too: the owner of the run sees that.
 * The environment of a runner or a guardian is not looked at: it tells of the run around theirs. */
static bool adopt_from(pid_t pid)
{
    char *place = process_variable(pid, "LIFOGUARD_STATE");
    lg_defer(free, place);
    char *id = process_variable(pid, "LIFOGUARD_RUN");
    lg_defer(free, id);
    return place && id && setenv("LIFOGUARD_STATE", place, 1) == 0 &&
           setenv("LIFOGUARD_RUN", id, 1) == 0;
}

void request_adopt_run(void)
{
    static const char ours[] = "lifoguard";
    struct process at;
    pid_t pid = getenv("LIFOGUARD_STATE") && getenv("LIFOGUARD_RUN") ? 0 : getppid();
    while (pid > 1 && process_read(pid, &at) && strncmp(at.name, ours, strlen(ours)) != 0 &&
           !adopt_from(pid))
        pid = at.parent;
}

char *request_run_directory(void)
{
    request_adopt_run();
    return directory_of(getenv("LIFOGUARD_STATE"), getenv("LIFOGUARD_RUN"));
}

static bool send_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

static bool receive_all(int fd, char *data, size_t size)
{
    while (size > 0) {
        ssize_t got = recv(fd, data, size, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        data += got;
        size -= (size_t)got;
    }
    return true;
}

static bool take_answer(const char *data, size_t size, struct answer *answer)
{
    struct wire_reader reader = wire_read(data, size);
    answer->status = wire_take_number(&reader);
    answer->value = wire_take_number(&reader);
    const char *text = wire_take_text(&reader);
    answer->text = need_copy(text, strlen(text));
    return wire_is_done(&reader);
}

static bool receive_answer(int fd, struct answer *answer)
{
    char head[WIRE_HEAD];
    if (!receive_all(fd, head, sizeof(head)) || wire_length(head) > WIRE_LONGEST)
        return false;
    size_t size = wire_length(head);
    char *data = need_memory(NULL, size);
    lg_defer(free, data);
    return receive_all(fd, data, size) && take_answer(data, size, answer);
}

/* One try. False without an error: worth another. `sent`: whether an owner has got it. */
static bool try_once(const char *run_directory, const struct buffer *frame, struct answer *answer,
                     bool *sent, lg_error **err)
{
    int fd;
    *err = place_connect(run_directory, &fd);
    if (*err) {
        bool again = lg_error_is_errno(*err, ECONNREFUSED);
        struct stat info;
        again |= lg_error_is_errno(*err, ENOENT) && stat(run_directory, &info) == 0;
        if (again) {
            lg_error_free(*err);
            *err = NULL;
        }
        return false;
    }
    lg_defer(close, fd);
    bool again = *sent;
    *sent = true;
    if (!send_all(fd, frame->text, frame->length) || !receive_answer(fd, answer))
        return false;
    answer->again = again;
    return true;
}

/* `sudo lifoguard defer …`, say. */
static bool is_of_another_user(const char *run_directory, const lg_error *err)
{
    struct stat info;
    return lg_error_is_errno(err, EACCES) ||
           (lstat(run_directory, &info) == 0 && info.st_uid != geteuid());
}

static lg_error *explain(const char *run_directory, lg_error *err)
{
    if (lg_error_is_errno(err, ENOENT))
        return lg_error_wrap(err, "the run has ended, or was begun elsewhere");
    if (!is_of_another_user(run_directory, err))
        return err;
    lg_error_free(err);
    return lg_error_newf("the run is another user's than this process (%ld), which may not "
                         "register: instead of sudo lifoguard defer … say lifoguard defer sudo …",
                         (long)geteuid());
}

lg_error *request_send(const char *run_directory, const struct buffer *fields,
                       struct answer *answer)
{
    *answer = (struct answer){0};
    struct buffer frame = {0};
    lg_defer(buffer_free, &frame);
    wire_begin(&frame);
    buffer_add(&frame, fields->text, fields->length);
    wire_end(&frame);
    if (frame.length > WIRE_LONGEST)
        return lg_error_new("larger than 8 MiB, with the environment");
    lg_time deadline = lg_now() + patience;
    bool sent = false;
    do {
        lg_error *err;
        if (try_once(run_directory, &frame, answer, &sent, &err))
            return NULL;
        if (err)
            return explain(run_directory, err);
        free(answer->text);
        answer->text = NULL;
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
    } while (lg_now() < deadline);
    return lg_error_newf("nobody answers at %s/socket: was lifoguard killed? (lifoguard recover)",
                         run_directory);
}

void request_put_number(struct buffer *fields, const char *request, int64_t number)
{
    wire_put_text(fields, request);
    wire_put_number(fields, number);
}

void request_put_claim(struct buffer *fields, int64_t sequence, pid_t attempt)
{
    request_put_number(fields, "claim", sequence);
    wire_put_number(fields, attempt);
}

void request_put_settle(struct buffer *fields, int64_t sequence, bool good, const char *detail)
{
    request_put_number(fields, "settle", sequence);
    wire_put_number(fields, good);
    wire_put_text(fields, detail);
}

void request_acquire_mark(struct buffer *mark, const char *run, int64_t sequence)
{
    buffer_format(mark, REQUEST_ACQUIRE "=%s.%lld", run, (long long)sequence);
}

lg_error *request_fill(struct spec *spec, const char *const *arguments, const char *const *kept)
{
    union {
        char **mine;
        const char *const *text;
    } here = {.mine = environ};
    size_t count = 0;
    while (arguments[count])
        count++;
    spec->arguments = need_memory(NULL, (count + 1) * sizeof(*spec->arguments));
    memcpy(spec->arguments, arguments, (count + 1) * sizeof(*spec->arguments));
    spec->environment = spec_select(here.text, false, kept);
    spec->secrets = spec_select(here.text, true, kept);
    spec->umask = place_umask();
    if (!spec->name)
        spec->name = "";
    lg_error *err = random_fill(&spec->nonce, sizeof(spec->nonce));
    if (err)
        return err;
    spec->identity = identity_here();
    spec->directory = place_here();
    return spec->directory ? NULL : lg_error_new_errno("the working directory");
}

static void free_directory(struct spec *spec)
{
    union {
        const char *text;
        char *mine;
    } directory = {.text = spec->directory};
    free(directory.mine);
    spec->directory = NULL;
}

void request_set_directory(struct spec *spec, const char *directory)
{
    free_directory(spec);
    spec->directory = need_copy(directory, strlen(directory));
    spec->identity = (struct identity){0};
}

void request_empty(struct spec *spec)
{
    free_directory(spec);
    spec_free(spec);
}
