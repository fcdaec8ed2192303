/* The text of errors. */
#define _GNU_SOURCE
#include "error/tree.h"

#include <stdlib.h>
#include <string.h>

#include "error/escape.h"
#include "error/keep_errno.h"
#include "error/libc.h"
#include "error/share.h"

/* ThreadSanitizer does not see that a stream is locked, but it knows what putc does. */
#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#endif
#if defined(HAS_TSAN)
#define putc_unlocked putc
#endif

/* ---- One line ---- */

/* Where text goes. */
struct sink {
    void (*put)(struct sink *sink, const char *text);
    FILE *file;
    char *buffer;
    size_t size;
    size_t length; /* of all that was put, whether there was room for it or not */
};

static void put_line(struct sink *sink, const lg_error *error)
{
    if (!error) {
        sink->put(sink, lg_error_message(NULL));
        return;
    }
    struct lgi_error_walk walk = lgi_error_walk(error);
    while (walk.at) {
        const lg_error *at = walk.at;
        bool is_join = lgi_error_join(at) != NULL;
        if (!is_join)
            sink->put(sink, lg_error_message(at));
        lgi_error_walk_next(&walk);
        if (walk.at && !is_join)
            sink->put(sink, lg_error_cause(at) ? ": " : "; ");
    }
}

static void put_in_buffer(struct sink *sink, const char *text)
{
    size_t length = strlen(text);
    if (sink->length < sink->size) {
        size_t room = sink->size - sink->length - 1;
        memcpy(sink->buffer + sink->length, text, length < room ? length : room);
    }
    sink->length += length;
}

size_t lg_error_format(const lg_error *error, char *buffer, size_t size)
{
    struct sink sink = {.put = put_in_buffer, .buffer = buffer, .size = size};
    put_line(&sink, error);
    if (size > 0)
        buffer[sink.length < size ? sink.length : size - 1] = '\0';
    return sink.length;
}

char *lg_error_text(const lg_error *error)
{
    LGI_KEEP_ERRNO;
    size_t size = lg_error_format(error, NULL, 0) + 1;
    char *text = malloc(size);
    if (text)
        lg_error_format(error, text, size);
    return text;
}

/* ---- To a stream ---- */

/* Locked by the caller, so the unlocked forms do. */
static void put_in_file(struct sink *sink, const char *text)
{
    while (*text) {
        char escaped[LGI_ESCAPED];
        size_t length = lgi_escape_next(&text, escaped);
        for (size_t i = 0; i < length; i++)
            putc_unlocked(escaped[i], sink->file);
    }
}

/* Writing to a stream is a cancellation point: cleanup variables, so that the lock does not outlive
 * the thread. */
static void unlock(FILE **file)
{
    funlockfile(*file);
}

void lg_error_print(const lg_error *error, FILE *file)
{
    LGI_KEEP_ERRNO;
    struct sink sink = {.put = put_in_file, .file = file};
    flockfile(file);
    {
        __attribute__((__cleanup__(unlock))) FILE *locked = file;
        put_line(&sink, error);
        putc_unlocked('\n', locked);
    }
}

enum { DEEPEST_INDENT = 32 };

static const char *name_errno(int errno_value, char *buffer, size_t size)
{
#if LGI_GLIBC(2, 32)
    const char *name = strerrorname_np(errno_value);
    if (name)
        return name;
#endif
    snprintf(buffer, size, "errno %d", errno_value);
    return buffer;
}

static void put_tree_line(struct sink *sink, const lg_error *error, size_t depth)
{
    char buffer[64];
    for (size_t i = 0; i < depth; i++)
        sink->put(sink, "  ");

    const struct lgi_error_join *join = lgi_error_join(error);
    if (join) {
        snprintf(buffer, sizeof(buffer), "%zu errors", join->count);
        sink->put(sink, buffer);
        return;
    }
    const struct lgi_error_single *single = lgi_error_single(error);
    sink->put(sink, lg_error_message(error));
    sink->put(sink, " (");
    sink->put(sink, lg_error_file(error));
    if (lg_error_line(error) > 0) {
        snprintf(buffer, sizeof(buffer), ":%d", lg_error_line(error));
        sink->put(sink, buffer);
    }
    if (error->lgi_errno) {
        sink->put(sink, ", ");
        sink->put(sink, name_errno(error->lgi_errno, buffer, sizeof(buffer)));
    }
    if (single && single->kind && single->kind->name) {
        sink->put(sink, ", ");
        sink->put(sink, single->kind->name);
    }
    sink->put(sink, ")");
}

/* What its kind has to say. */
static void put_more(const lg_error *error, FILE *file, size_t depth)
{
    const struct lgi_error_single *single = lgi_error_single(error);
    if (!single || !single->kind || !single->kind->print || !single->payload)
        return;
    single->kind->print(single->payload, file, (int)(depth * 2 + 4));
}

void lgi_error_print_tree_at(const lg_error *error, FILE *file, int indent)
{
    struct sink sink = {.put = put_in_file, .file = file};
    struct lgi_error_walk walk = lgi_error_walk(error);
    for (; walk.at; lgi_error_walk_next(&walk)) {
        size_t depth = walk.depth + (size_t)indent / 2;
        if (depth > DEEPEST_INDENT)
            depth = DEEPEST_INDENT;
        const lg_error *shared = lgi_error_shared(walk.at);
        if (shared) { /* the reader is shown the error itself, with everything below it */
            lgi_error_print_tree_at(shared, file, (int)depth * 2);
            continue;
        }
        put_tree_line(&sink, walk.at, depth);
        putc_unlocked('\n', file);
        put_more(walk.at, file, depth);
    }
}

void lg_error_print_tree(const lg_error *error, FILE *file)
{
    if (!error) {
        lg_error_print(NULL, file);
        return;
    }
    LGI_KEEP_ERRNO;
    flockfile(file);
    {
        __attribute__((__cleanup__(unlock))) FILE *locked = file;
        lgi_error_print_tree_at(error, locked, 0);
    }
}
