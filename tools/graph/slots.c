/* How many commands run at once. Below make, that is the job server's to say: one command runs for free, and each further one
 * needs a token, a byte that is read from the job server's pipe, and written back when the command has ended. */
#define _GNU_SOURCE
#include "child.h"
#include "work.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct slots {
    lg_semaphore free;
    bool has_server, free_one_taken;
    int from, to;         /* the job server's */
    struct buffer tokens; /* those that we have */
};

static size_t processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? (size_t)count : 1;
}

static bool is_fifo(int fd)
{
    struct stat status;
    return fd >= 0 && fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* make has given it to us: it is none that has been opened since, with the number of one that make has closed. */
static bool is_given(const struct engine *engine, int fd)
{
    const struct birth *birth = engine->birth;
    for (size_t i = 0; i < birth->inherited_count; i++)
        if (birth->inherited[i] == fd)
            return is_fifo(fd);
    return false;
}

/* A description of our own, so that reading does not block, and others' reading still does. */
static int open_again(int fd, int flags)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, flags | O_NONBLOCK | O_CLOEXEC);
}

static bool open_named(struct slots *slots, const char *path)
{
    char name[4096];
    size_t length = strcspn(path, " ");
    if (length >= sizeof(name))
        return false;
    memcpy(name, path, length);
    name[length] = '\0';
    slots->from = open(name, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    slots->to = slots->from;
    return slots->from >= 0 && is_fifo(slots->from);
}

/* The last one in MAKEFLAGS counts. */
static bool open_server(const struct engine *engine, struct slots *slots)
{
    const char *flags = getenv("MAKEFLAGS");
    const char *found = NULL;
    for (const char *at = flags; at && (at = strstr(at, "--jobserver-")) != NULL; at++) {
        const char *equals = strchr(at, '=');
        if (equals &&
            (strncmp(at, "--jobserver-auth=", 17) == 0 || strncmp(at, "--jobserver-fds=", 16) == 0))
            found = equals + 1;
    }
    if (!found)
        return false;
    if (strncmp(found, "fifo:", 5) == 0)
        return open_named(slots, found + 5);
    char *end;
    int from = (int)strtol(found, &end, 10);
    int to = *end == ',' ? (int)strtol(end + 1, NULL, 10) : -1;
    if (!is_given(engine, from) || !is_given(engine, to))
        return false;
    slots->from = open_again(from, O_RDONLY);
    slots->to = to;
    return slots->from >= 0;
}

struct slots *slots_new(struct engine *engine)
{
    struct slots *slots = need_memory(NULL, sizeof(*slots));
    *slots = (struct slots){.from = -1, .to = -1};
    slots->has_server = engine->options->limit == 0 && open_server(engine, slots);
    size_t limit = engine->options->limit ? engine->options->limit : processors();
    if (!slots->has_server)
        lg_semaphore_release(&slots->free, limit);
    return slots;
}

static void give_token(struct slots *slots)
{
    ssize_t written = write(slots->to, &slots->tokens.text[--slots->tokens.length], 1);
    (void)written;
}

void slots_free(struct slots *slots)
{
    while (slots->tokens.length)
        give_token(slots);
    buffer_free(&slots->tokens);
    if (slots->from >= 0)
        close(slots->from);
    free(slots);
}

bool slots_take(struct engine *engine)
{
    struct slots *slots = engine->slots;
    lg_until until = lg_until_context(engine->going);
    lg_error *err = NULL;
    if (!slots->has_server) {
        err = lg_semaphore_acquire_until(&slots->free, 1, until);
    } else if (!slots->free_one_taken) {
        slots->free_one_taken = true;
    } else {
        char token;
        size_t count = 0;
        buffer_reserve(&slots->tokens, 1); /* or a token would be lost */
        /* Our own free one may be given back while we wait for a token. */
        while (!err && count == 0 && slots->free_one_taken) {
            err = lg_read(slots->from, &token, 1, lg_until_within(until, 20 * LG_MILLISECOND),
                          &count);
            if (err && !engine_is_stopping(engine) &&
                lg_error_is(err, &lg_error_deadline_exceeded)) {
                lg_error_free(err);
                err = NULL;
            } else if (!err && count == 0) {
                break; /* make has gone */
            }
        }
        if (count)
            buffer_add_char(&slots->tokens, token);
        else if (!err)
            slots->free_one_taken = true;
    }
    bool taken = !err;
    lg_error_free(err);
    return taken;
}

void slots_give(struct engine *engine)
{
    struct slots *slots = engine->slots;
    if (!slots->has_server)
        lg_semaphore_release(&slots->free, 1);
    else if (slots->tokens.length)
        give_token(slots);
    else
        slots->free_one_taken = false;
}
