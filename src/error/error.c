/* Errors: made, wrapped and freed; and the list on which a panic keeps them. */
#define _GNU_SOURCE
#include "error_internal.h"
#include "tree.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

LG_ERROR_DEFINE_ERRNO(lg_error_out_of_memory, ENOMEM, "out of memory");

/* ---- Making ---- */

/* strerror is not safe with threads, and strerror_r comes in two sorts. */
static const char *describe_errno(int errno_value, char *buffer, size_t size)
{
#ifdef __GLIBC__
    return strerror_r(errno_value, buffer, size);
#else
    if (strerror_r(errno_value, buffer, size) != 0)
        snprintf(buffer, size, "error %d", errno_value);
    return buffer;
#endif
}

static struct lgi_error_single *allocate(const char *file, int line, size_t text_size)
{
    int saved_errno = errno;
    struct lgi_error_single *error = malloc(sizeof *error + text_size);
    lgi_error_restore_errno(saved_errno);
    if (!error)
        return NULL;
    *error = (struct lgi_error_single){
        .node.head = {.lgi_message = error->text,
                      .lgi_file = file ? file : "",
                      .lgi_line = line,
                      .lgi_form = LGI_ERROR_SINGLE},
    };
    error->own.error = &error->node.head;
    return error;
}

LGI_PRINTF(4, 0)
static struct lgi_error_single *make(const char *file, int line, int errno_value,
                                     const char *format, va_list arguments)
{
    /* Most messages fit here, and then are formatted once only. */
    char buffer[256];
    char description_buffer[128];
    const char *description = "";
    const char *separator = "";
    int saved_errno = errno;
    va_list again;

    if (!format)
        format = "no message";
    va_copy(again, arguments);
    int formatted = vsnprintf(buffer, sizeof buffer, format, arguments);
    lgi_error_restore_errno(saved_errno);

    /* What cannot be formatted (a wide character outside the locale, say) is reported unformatted
     * rather than lost. */
    size_t length = formatted < 0 ? strlen(format) : (size_t)formatted;
    if (errno_value) {
        description = describe_errno(errno_value, description_buffer, sizeof description_buffer);
        if (length > 0)
            separator = ": ";
        lgi_error_restore_errno(saved_errno);
    }

    size_t text_size = length + strlen(separator) + strlen(description) + 1;
    struct lgi_error_single *error = allocate(file, line, text_size);
    if (error) {
        if (formatted < 0 || length < sizeof buffer) {
            memcpy(error->text, formatted < 0 ? format : buffer, length);
        } else {
            /* A string among the arguments may have become shorter meanwhile, if the caller is
             * careless. */
            formatted = vsnprintf(error->text, length + 1, format, again);
            if (formatted < 0)
                length = 0;
            else if ((size_t)formatted < length)
                length = (size_t)formatted;
            lgi_error_restore_errno(saved_errno);
        }
        char *end = error->text + length;
        end = stpcpy(end, separator);
        stpcpy(end, description);
        error->node.head.lgi_errno = errno_value;
    }
    va_end(again);
    return error;
}

static void destroy_payload(const lg_error_kind *kind, void *payload)
{
    if (kind && kind->destroy && payload) {
        int saved_errno = errno;
        kind->destroy(payload);
        lgi_error_restore_errno(saved_errno);
    }
}

lg_error *lgi_error_new(const char *file, int line, const char *message)
{
    if (!message)
        message = "no message";
    size_t size = strlen(message) + 1;
    struct lgi_error_single *error = allocate(file, line, size);
    if (!error)
        return &lg_error_out_of_memory;
    memcpy(error->text, message, size);
    return &error->node.head;
}

lg_error *lgi_error_format(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct lgi_error_single *error = make(file, line, 0, format, arguments);
    va_end(arguments);
    return error ? &error->node.head : &lg_error_out_of_memory;
}

lg_error *lgi_error_errno(const char *file, int line, int errno_value, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct lgi_error_single *error = make(file, line, errno_value, format, arguments);
    va_end(arguments);
    return error ? &error->node.head : &lg_error_out_of_memory;
}

lg_error *lgi_error_new_kind(const char *file, int line, const lg_error_kind *kind, void *payload,
                             const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct lgi_error_single *error = make(file, line, 0, format, arguments);
    va_end(arguments);
    if (!error) {
        destroy_payload(kind, payload);
        return &lg_error_out_of_memory;
    }
    error->kind = kind;
    error->payload = payload;
    return &error->node.head;
}

static lg_error *hold_cause(struct lgi_error_single *error, lg_error *cause)
{
    error->cause = cause;
    lgi_error_set_parent(cause, &error->node);
    return &error->node.head;
}

lg_error *lgi_error_wrap(const char *file, int line, lg_error *cause, const char *format, ...)
{
    if (!cause)
        return NULL;
    va_list arguments;
    va_start(arguments, format);
    struct lgi_error_single *error = make(file, line, 0, format, arguments);
    va_end(arguments);
    return error ? hold_cause(error, cause) : cause;
}

lg_error *lgi_error_wrap_kind(const char *file, int line, lg_error *cause,
                              const lg_error_kind *kind, void *payload, const char *format, ...)
{
    struct lgi_error_single *error = NULL;
    if (cause) {
        va_list arguments;
        va_start(arguments, format);
        error = make(file, line, 0, format, arguments);
        va_end(arguments);
    }
    if (!error) {
        destroy_payload(kind, payload);
        return cause;
    }
    error->kind = kind;
    error->payload = payload;
    return hold_cause(error, cause);
}

/* ---- Freeing ---- */

/* Puts what `error` holds before the rest of what is to be freed. */
static struct lgi_error_node *before(lg_error *error, struct lgi_error_node *rest)
{
    if (lgi_error_is_static(error))
        return rest;
    struct lgi_error_node *node = (struct lgi_error_node *)error;
    node->parent = rest;
    return node;
}

void lg_error_free(lg_error *error)
{
    if (!error)
        return;
    int saved_errno = errno;
    struct lgi_error_node *node = before(error, NULL);
    while (node) {
        struct lgi_error_node *rest = node->parent;
        struct lgi_error_join *join = lgi_error_own_join(&node->head);
        struct lgi_error_single *single = lgi_error_own_single(&node->head);
        if (join) {
            /* Its cells are inside its members and blocks: go through all before the first is
             * freed. */
            struct lgi_error_node *members = NULL, **end = &members;
            for (struct lgi_error_cell *cell = join->first; cell; cell = cell->next) {
                if (lgi_error_is_static(cell->error))
                    continue;
                *end = before(cell->error, NULL);
                end = &(*end)->parent;
            }
            *end = rest;
            rest = members;
            for (struct lgi_error_block *block = join->blocks, *next; block; block = next) {
                next = block->next;
                free(block);
            }
        } else {
            if (single->cause)
                rest = before(single->cause, rest);
            destroy_payload(single->kind, single->payload);
            free(single);
        }
        node = rest;
    }
    lgi_error_restore_errno(saved_errno);
}

/* ---- The panic machinery's list ---- */

bool lgi_error_link(lg_error **list, lg_error *error)
{
    if (!error || lgi_error_is_static(error))
        return false;
    ((struct lgi_error_node *)error)->link = (struct lgi_error_node *)*list;
    *list = error;
    return true;
}

lg_error *lgi_error_unlink(lg_error **list)
{
    struct lgi_error_node *node = (struct lgi_error_node *)*list;
    if (!node)
        return NULL;
    *list = node->link ? &node->link->head : NULL;
    node->link = NULL;
    return &node->head;
}

const lg_error *lgi_error_linked(const lg_error *error)
{
    const struct lgi_error_node *node = (const struct lgi_error_node *)error;
    return node->link ? &node->link->head : NULL;
}
