/* lifoguard/error.h: errors as values.
 *
 * A function that can fail returns an `lg_error *`; NULL means success. An error is immutable and has one
 * owner. The owner returns the error, passes it to lg_error_wrap or lg_error_join, or frees it. An error
 * carries a message, the place where it was made, optionally an errno value, optionally a kind with a
 * payload, and its causes: one cause (a wrap) or several (a join). So an error is the root of a tree of
 * errors.
 *
 *     lg_error *load(const char *path)
 *     {
 *         int fd = open(path, O_RDONLY | O_CLOEXEC);
 *         if (fd < 0)
 *             return lg_error_new_errno("open %s", path);
 *         return lg_error_wrap(parse(fd), "load %s", path); // NULL if parse returned NULL
 *     }
 *
 * For every function here:
 *   - An argument NULL means "no error".
 *   - errno is preserved. No function blocks, panics, exits or writes, except the two that print.
 *   - Many threads may call the functions that only read for the same error at the same time; what these
 *     functions return belongs to the error and lives as long as the error. A thread that frees, wraps or
 *     joins an error must be the only user of the error.
 *   - Trees of any depth and width are walked and freed without recursion and without allocation.
 *   - Out of memory (rule E7): a function that makes an error returns &lg_error_out_of_memory; a function
 *     that adds to an error returns the error without the addition. Neither leaks, and an error never
 *     turns into NULL.
 *   - File names are kept by pointer (they are __FILE__): free an error that was made in a dlopen'ed plugin
 *     before dlclose.
 */
#ifndef LIFOGUARD_ERROR_H
#define LIFOGUARD_ERROR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <lifoguard/base.h>

LG_BEGIN_DECLS

/* The members are private to the library; use the functions below. The type is complete because
 * LG_ERROR_DEFINE makes static objects of the type; an allocated error is larger. Never copy an lg_error. */
typedef struct lg_error {
    const char *lgi_message;
    const char *lgi_file;
    int lgi_line;
    int lgi_errno;
    unsigned lgi_form; /* 0: a static error, which has no owner */
    unsigned lgi_reserved;
} lg_error;

/* A kind distinguishes errors that carry data. The address of the kind is its identity, so define each kind
 * once, as a static or global constant. The error owns the payload: when the error is freed, the payload is
 * freed too. */
typedef struct lg_error_kind {
    /* The name that lg_error_print_tree shows. */
    const char *name;
    /* Frees the payload. May be NULL. Not called for a NULL payload. Must return normally. */
    void (*free)(void *payload);
    /* May be NULL. Like Go's Is method: returns whether lg_error_is finds `target` in such an error. */
    bool (*is)(const void *payload, const lg_error *target);
    /* May be NULL. lg_error_print_tree calls `print` to write further lines about the error, each after
     * `indent` spaces. Not called for a NULL payload. Must return normally. */
    void (*print)(const void *payload, FILE *file, int indent);
} lg_error_kind;

/* ---- Sentinels ---- */

/* LG_ERROR_DEFINE(name, "message"); at file scope, with or without `static` before it, defines a static
 * error. Any thread may return, wrap, join and free `&name` (freeing does nothing) and look for it with
 * lg_error_is, any number of times. LG_ERROR_DECLARE(name); declares such an error in a header.
 * LG_ERROR_DEFINE_ERRNO gives the error an errno value, which lg_error_is_errno finds. */
#define LG_ERROR_DEFINE(name, message) lg_error name = {"" message, __FILE__, __LINE__, 0, 0, 0}
#define LG_ERROR_DEFINE_ERRNO(name, errno_value, message)                                          \
    lg_error name = {"" message, __FILE__, __LINE__, (errno_value), 0, 0}
#define LG_ERROR_DECLARE(name) extern lg_error name

/* The error that is returned when no memory is left to make an error (E7). Its errno value is ENOMEM. */
extern LG_API lg_error lg_error_out_of_memory;

/* ---- Making errors ---- */

/* lg_error *lg_error_new(const char *message): makes an error with a copy of `message`, at this place. */
#define lg_error_new(...)                                                                          \
    LGI_ERROR_PICK(__VA_ARGS__, LGI_ERROR_MORE, LGI_ERROR_MORE, LGI_ERROR_MORE, LGI_ERROR_MORE,    \
                   LGI_ERROR_MORE, LGI_ERROR_ONE, ~)                                               \
    (__FILE__, __LINE__, __VA_ARGS__)
#define LGI_ERROR_PICK(a, b, c, d, e, f, picked, ...) picked
#define LGI_ERROR_ONE(file, line, message) lgi_error_new(file, line, (message))
#define LGI_ERROR_MORE(...) lgi_error_new_takes_one_text__write_lg_error_newf_for_a_format()
lg_error *lgi_error_new_takes_one_text__write_lg_error_newf_for_a_format(int never_declared);

/* lg_error *lg_error_newf(const char *format, ...): like lg_error_new, with a printf-style message. */
#define lg_error_newf(...) lgi_error_format(__FILE__, __LINE__, __VA_ARGS__)

/* lg_error *lg_error_new_errno(const char *format, ...): like lg_error_newf, and the error carries the current
 * value of errno. The description of that value is added to the message: "open /etc/x: No such file or
 * directory". If an argument may change errno, evaluate the argument in an earlier statement.
 *
 * lg_error *lg_error_new_code(int code, const char *format, ...): like lg_error_new_errno, with an errno
 * value that was saved or that a function has returned. For the value 0, no description is added.
 *
 * The format may use %m. */
#define lg_error_new_errno(...) lgi_error_errno(__FILE__, __LINE__, errno, __VA_ARGS__)
#define lg_error_new_code(code, ...) lgi_error_errno(__FILE__, __LINE__, (code), __VA_ARGS__)

/* lg_error *lg_error_new_kind(const lg_error_kind *kind, void *payload, const char *format, ...): makes an
 * error of a kind. The error takes ownership of the payload, which may be NULL; if no memory is left, the
 * payload is freed. */
#define lg_error_new_kind(kind, payload, ...)                                                      \
    lgi_error_new_kind(__FILE__, __LINE__, (kind), (payload), __VA_ARGS__)

/* lg_error *lg_error_wrap(lg_error *cause, const char *format, ...): takes ownership of `cause` and returns an
 * error that reads "context: cause" (E2), like Go's fmt.Errorf("context: %w", cause). A NULL cause gives NULL,
 * whatever the format. If no memory is left, lg_error_wrap returns `cause` itself. C leaves the order in which
 * arguments are evaluated open: if the call that makes the cause changes values that the format prints, make
 * that call in an earlier statement. */
#define lg_error_wrap(cause, ...) lgi_error_wrap(__FILE__, __LINE__, (cause), __VA_ARGS__)

/* lg_error *lg_error_wrap_kind(lg_error *cause, const lg_error_kind *kind, void *payload, const char *format,
 * ...): like lg_error_wrap, and the new error is of a kind. The payload is taken in any case: it is freed
 * if the cause is NULL or no memory is left. */
#define lg_error_wrap_kind(cause, kind, payload, ...)                                              \
    lgi_error_wrap_kind(__FILE__, __LINE__, (cause), (kind), (payload), __VA_ARGS__)

/* Takes ownership of two errors and returns one error that holds both, `first` before `second` (E4). Either
 * may be NULL; then the result is the other. Joins do not nest: joining a join adds to its list, and joining
 * two joins concatenates their lists. So a join always holds at least two errors, none of which is itself a
 * join. (A join below a wrap stays below the wrap.) The time is constant, or linear in the shorter list.
 *
 * A join needs memory in one case only: if more than half of its errors would be static. If that memory is
 * not available, `first` is returned and `second` is freed, so an earlier error is never masked. (Joining two
 * allocated errors, or an allocated and a static error, cannot fail.)
 *
 * An error that is joined with itself is returned once. An error that the other error already holds, as a
 * cause or as a member of a join, stays where it is and is not added again. */
LG_API lg_error *lg_error_join(lg_error *first, lg_error *second)
    __attribute__((__warn_unused_result__));

/* Joins `error` to *result, after the errors that *result already holds. Frees `error` if `result` is NULL.
 * Does nothing for a NULL error. For closers of your own: lg_error_join_into(result, release(thing)). */
LG_API void lg_error_join_into(lg_error **result, lg_error *error);

/* Frees an error and everything that it holds, with the payloads: the payload of an error before the
 * payloads of its causes. Does nothing for NULL and for static errors. Never free an error that another error
 * holds. */
LG_API void lg_error_free(lg_error *error);

/* ---- Searching the whole tree (E3) ----
 *
 * The order is Go's: depth first, an error before its causes, the members of a join in their order. */

/* Whether the tree of `error` contains `target`, or contains an error whose kind has an `is` function that
 * accepts `target`. A NULL target is found only in a NULL error. A join that is merged into another join
 * cannot be found by its address; its members can. */
LG_API bool lg_error_is(const lg_error *error, const lg_error *target);

/* Whether an error in the tree carries this errno value. The value 0 is never found. */
LG_API bool lg_error_is_errno(const lg_error *error, int errno_value);

/* The first errno value in the tree, or 0. */
LG_API int lg_error_errno(const lg_error *error);

/* The payload of the first error of this kind, or NULL if the tree has no such error; like Go's errors.As. The
 * payload belongs to the error. If payloads of the kind may be NULL, use lg_error_find. */
LG_API const void *lg_error_as(const lg_error *error, const lg_error_kind *kind);

/* The first error of this kind in the tree, or NULL; for reading its message and place. */
LG_API const lg_error *lg_error_find(const lg_error *error, const lg_error_kind *kind);

/* ---- Reading one error ---- */

/* The error's own message, without the messages of its causes. "no error" for NULL, "several errors" for a
 * join. Never NULL. */
LG_API const char *lg_error_message(const lg_error *error);

/* The file and line where the error was made; for a join, where its first member was made; for a static
 * error, where the error is defined. "" and 0 for NULL; "lifoguard" and 0 for an error that the library itself
 * made (E8). */
LG_API const char *lg_error_file(const lg_error *error);
LG_API int lg_error_line(const lg_error *error);

/* The error that this error wraps, or NULL. NULL for a join too, as for Go's errors.Unwrap. */
LG_API const lg_error *lg_error_cause(const lg_error *error);

/* Iterates over the errors one level below: the cause of a wrap, or the members of a join in order.
 *
 *     lg_error_cursor cursor = lg_error_children(err);
 *     for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL;)
 *         ...
 *
 * A cursor needs no release. Joining the error with another error invalidates the cursor. */
typedef struct lg_error_cursor {
    const lg_error *lgi_one;
    const void *lgi_rest;
} lg_error_cursor;

LG_API lg_error_cursor lg_error_children(const lg_error *error);
LG_API const lg_error *lg_error_next(lg_error_cursor *cursor);

/* ---- Text (E5) ---- */

/* The tree as one line: "a: b: c", the members of a join separated by "; ", and "no error" for NULL. Messages
 * are not escaped: a line feed in a message is a line feed in the text.
 *
 * lg_error_format works like snprintf: writes at most `size` bytes including the final NUL, and returns the
 * length of the whole text; `size` may be 0, with any buffer. lg_error_format never allocates. lg_error_text
 * returns the text in memory from malloc, which the caller frees; NULL if no memory is left. */
LG_API size_t lg_error_format(const lg_error *error, char *buffer, size_t size);
LG_API char *lg_error_text(const lg_error *error) __attribute__((__warn_unused_result__));

/* Writes the text of lg_error_format and a line feed to `file`. Control characters in messages, and bytes that
 * are not UTF-8, are written as \n, \t or \x1b, so that an error is always one line and no message can drive a
 * terminal (E8). `file` is locked while lg_error_print writes; ferror(file) tells whether writing failed. */
LG_API void lg_error_print(const lg_error *error, FILE *file);

/* Writes one line for each error of the tree, indented by its depth, with place, errno and kind:
 *
 *     load settings (settings.c:40)
 *       2 errors
 *         open /etc/x: No such file or directory (file.c:12, ENOENT)
 *         line 3: no value (parse.c:88, parse error)
 *
 * The lines that the `print` function of a kind writes follow the line of the error. The indentation stops
 * growing at 32 levels. Escaping and locking are as for lg_error_print. */
LG_API void lg_error_print_tree(const lg_error *error, FILE *file);

/* ---- Internal: the expansions of the macros above ---- */

LG_API lg_error *lgi_error_new(const char *file, int line, const char *message)
    __attribute__((__warn_unused_result__, __returns_nonnull__));
LG_API lg_error *lgi_error_format(const char *file, int line, const char *format, ...)
    LGI_PRINTF(3, 4) __attribute__((__warn_unused_result__, __returns_nonnull__));
LG_API lg_error *lgi_error_errno(const char *file, int line, int errno_value, const char *format,
                                 ...) LGI_PRINTF(4, 5)
    __attribute__((__warn_unused_result__, __returns_nonnull__));
LG_API lg_error *lgi_error_new_kind(const char *file, int line, const lg_error_kind *kind,
                                    void *payload, const char *format, ...) LGI_PRINTF(5, 6)
    __attribute__((__warn_unused_result__, __returns_nonnull__));
LG_API lg_error *lgi_error_wrap(const char *file, int line, lg_error *cause, const char *format,
                                ...) LGI_PRINTF(4, 5) __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_error_wrap_kind(const char *file, int line, lg_error *cause,
                                     const lg_error_kind *kind, void *payload, const char *format,
                                     ...) LGI_PRINTF(6, 7) __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
