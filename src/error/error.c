/* Errors: made, wrapped and freed; and the list on which a panic keeps them. */
#define _GNU_SOURCE
#include "error/error_internal.h"

#include "error/keep_errno.h"
#include "error/tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

LG_ERROR_DEFINE_ERRNO(lg_error_out_of_memory, ENOMEM, "out of memory");

/* ---- Making ---- */

static struct lgi_error_single *allocate(const char *file, int line, size_t text_size)
{
    LGI_KEEP_ERRNO;
    struct lgi_error_single *error = malloc(sizeof(*error) + text_size);
    if (!error)
        return NULL;
    error->node = (struct lgi_error_node){
        .head = {.lgi_message = error->text,
                 .lgi_file = file ? file : "",
                 .lgi_line = line,
                 .lgi_form = LGI_ERROR_SINGLE},
    };
    error->cause = NULL;
    error->kind = NULL;
    error->payload = NULL;
    error->own = (struct lgi_error_cell){.error = &error->node.head};
    /* What only a join needs gets its value there, since few errors are ever joined. */
    return error;
}

/* strerror is not safe with threads, and strerror_r comes in two sorts. */
static const char *describe_errno(int errno_value, char *buffer, size_t size)
{
    LGI_KEEP_ERRNO;
#ifdef __GLIBC__
    return strerror_r(errno_value, buffer, size);
#else
    if (strerror_r(errno_value, buffer, size) != 0)
        snprintf(buffer, size, "error %d", errno_value);
    return buffer;
#endif
}

/* A text that is formatted: once, if it fits into the buffer, as most do. */
struct text {
    char buffer[256];
    size_t length;
    bool as_it_stands; /* the format itself is the text */
};

/* A format that fails (with a wide character outside the locale, say) is itself the text, rather than lost. */
LGI_PRINTF(2, 0)
static void measure(struct text *text, const char *format, va_list arguments)
{
    LGI_KEEP_ERRNO;
    int formatted = vsnprintf(text->buffer, sizeof(text->buffer), format, arguments);
    text->as_it_stands = formatted < 0;
    text->length = formatted < 0 ? strlen(format) : (size_t)formatted;
}

/* Writes the text, and returns its end: at most text->length bytes behind `to`. */
LGI_PRINTF(3, 0)
static char *put(char *to, const struct text *text, const char *format, va_list arguments)
{
    LGI_KEEP_ERRNO;
    if (text->as_it_stands)
        return mempcpy(to, format, text->length);
    if (text->length < sizeof(text->buffer))
        return mempcpy(to, text->buffer, text->length);
    /* A string among the arguments may have become shorter meanwhile, if the caller is careless. */
    int formatted = vsnprintf(to, text->length + 1, format, arguments);
    if (formatted < 0)
        return to;
    return to + ((size_t)formatted < text->length ? (size_t)formatted : text->length);
}

LGI_PRINTF(4, 0)
static struct lgi_error_single *make(const char *file, int line, int errno_value,
                                     const char *format, va_list arguments)
{
    char buffer[128];
    const char *description = "", *separator = "";
    struct text text;
    va_list again;

    if (!format)
        format = "no message";
    va_copy(again, arguments);
    measure(&text, format, arguments);
    if (errno_value) {
        description = describe_errno(errno_value, buffer, sizeof(buffer));
        separator = text.length > 0 ? ": " : "";
    }
    size_t size = text.length + strlen(separator) + strlen(description) + 1;
    struct lgi_error_single *error = allocate(file, line, size);
    if (error) {
        char *end = put(error->text, &text, format, again);
        stpcpy(stpcpy(end, separator), description);
        error->node.head.lgi_errno = errno_value;
    }
    va_end(again);
    return error;
}

static void destroy_payload(const lg_error_kind *kind, void *payload)
{
    if (kind && kind->free && payload) {
        LGI_KEEP_ERRNO;
        kind->free(payload);
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

/* Puts the error before the rest of what is to be freed. A static error is not freed. */
static struct lgi_error_node *before(lg_error *error, struct lgi_error_node *rest)
{
    if (!error || lgi_error_is_static(error))
        return rest;
    struct lgi_error_node *node = (struct lgi_error_node *)error;
    node->parent = rest;
    return node;
}

static void free_blocks(struct lgi_error_join *join)
{
    for (struct lgi_error_block *block = join->blocks, *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

/* Frees a join; its members come before the rest of what is to be freed. The cells of the join are inside its members and
 * blocks, so all cells are read before the first is freed. */
static struct lgi_error_node *free_join(struct lgi_error_join *join, struct lgi_error_node *rest)
{
    struct lgi_error_node *members = NULL, **end = &members;
    for (struct lgi_error_cell *cell = join->first; cell; cell = cell->next) {
        struct lgi_error_node *member = before(cell->error, NULL);
        if (member) {
            *end = member;
            end = &member->parent;
        }
    }
    *end = rest;
    free_blocks(join);
    return members;
}

static struct lgi_error_node *free_single(struct lgi_error_single *single,
                                          struct lgi_error_node *rest)
{
    rest = before(single->cause, rest);
    destroy_payload(single->kind, single->payload);
    free(single);
    return rest;
}

/* Without recursion, however deep the tree is: `parent` links what is to be freed. */
void lg_error_free(lg_error *error)
{
    if (!error)
        return;
    LGI_KEEP_ERRNO;
    struct lgi_error_node *node = before(error, NULL);
    while (node) {
        struct lgi_error_join *join = lgi_error_own_join(&node->head);
        node = join ? free_join(join, node->parent)
                    : free_single(lgi_error_own_single(&node->head), node->parent);
    }
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
