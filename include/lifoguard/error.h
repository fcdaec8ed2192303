/*
 * lifoguard/error.h: errors as values.
 *
 * A function that can fail returns `lg_error *`; NULL means that it did not. An error is immutable
 * and has one owner, who returns it, hands it to lg_error_wrap or lg_error_join, or frees it. It
 * carries a message, the place where it was made, perhaps an errno value, perhaps a kind with a
 * payload, and what caused it: one error (a wrap), or several (a join), so that it stands for a
 * tree.
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
 *   - NULL is taken for "no error".
 *   - errno is left as it was, and nothing here blocks, panics, exits or writes (but the two that
 *     print).
 *   - Functions that only look may be called for one error by many threads at once; what they
 *     return belongs to the error and lives as long. Whoever frees, wraps or joins an error must be
 *     the only one who uses it.
 *   - Trees of any depth and width are walked and freed without recursion and without allocating.
 *   - Out of memory (rule E7): a function that makes an error returns &lg_error_out_of_memory; one
 *     that adds to an error returns that error without the addition. Neither ever leaks, and an
 *     error never turns into NULL.
 *   - File names are kept by pointer (they are __FILE__): an error made in a dlopen'ed plugin must
 *     be freed before dlclose.
 */
#ifndef LIFOGUARD_ERROR_H
#define LIFOGUARD_ERROR_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <lifoguard/base.h>

LG_BEGIN_DECLS

/*
 * The members are not for use outside the library (there are functions for them). They stand here
 * because LG_ERROR_DEFINE makes static objects of this type; an error that was allocated is larger.
 * Never copy one.
 */
typedef struct lg_error {
    const char *lgi_message;
    const char *lgi_file;
    int lgi_line;
    int lgi_errno;
    unsigned lgi_form; /* 0: static, in nobody's ownership */
    unsigned lgi_reserved;
} lg_error;

/*
 * What distinguishes errors that carry data: the address of the kind is its identity, so define
 * each kind once, as a static or global constant. The error owns the payload and destroys it when
 * it is freed.
 */
typedef struct lg_error_kind {
    /* Shown by lg_error_print_tree. */
    const char *name;
    /* May be NULL. Is not called for a NULL payload; must return normally. */
    void (*destroy)(void *payload);
    /* May be NULL. As Go's Is method: does such an error count as `target` for lg_error_is? */
    bool (*is)(const void *payload, const lg_error *target);
    /* May be NULL. For lg_error_print_tree: writes further lines about the error, each after `indent`
     * spaces. Is not called for a NULL payload; must return normally. */
    void (*print)(const void *payload, FILE *file, int indent);
} lg_error_kind;

/* ---- Sentinels ---- */

/*
 * LG_ERROR_DEFINE(name, "message"); at file scope, with `static` before it or not, defines a static
 * error. `&name` may be returned, wrapped, joined, freed (which does nothing) and looked for
 * (lg_error_is), any number of times and by any thread. LG_ERROR_DECLARE(name); announces one in a
 * header. The second form also answers to an errno value.
 */
#define LG_ERROR_DEFINE(name, message) lg_error name = {"" message, __FILE__, __LINE__, 0, 0, 0}
#define LG_ERROR_DEFINE_ERRNO(name, errno_value, message)                                          \
    lg_error name = {"" message, __FILE__, __LINE__, (errno_value), 0, 0}
#define LG_ERROR_DECLARE(name) extern lg_error name

/* What is returned when there is no memory to make an error (E7). Its errno value is ENOMEM. */
extern LG_API lg_error lg_error_out_of_memory;

/* ---- Making errors ---- */

/* lg_error *lg_error_new(const char *message): an error with a copy of `message`, made here. */
#define lg_error_new(message) lgi_error_new(__FILE__, __LINE__, (message))

/* lg_error *lg_error_newf(const char *format, ...): likewise, the message formatted as printf does. */
#define lg_error_newf(...) lgi_error_format(__FILE__, __LINE__, __VA_ARGS__)

/*
 * lg_error *lg_error_new_errno(const char *format, ...): likewise, with the present value of errno,
 * whose description is added to the message: "open /etc/x: No such file or directory". Evaluate an
 * argument that may change errno in a statement of its own before.
 *
 * lg_error *lg_error_new_code(int code, const char *format, ...): the same with an errno value that
 * was kept, or that a function has returned. For the value 0 no description is added.
 *
 * The format may use %m.
 */
#define lg_error_new_errno(...) lgi_error_errno(__FILE__, __LINE__, errno, __VA_ARGS__)
#define lg_error_new_code(code, ...) lgi_error_errno(__FILE__, __LINE__, (code), __VA_ARGS__)

/*
 * lg_error *lg_error_new_kind(const lg_error_kind *kind, void *payload, const char *format, ...):
 * an error of a kind. It takes the payload (which may be NULL); out of memory, the payload is
 * destroyed.
 */
#define lg_error_new_kind(kind, payload, ...)                                                      \
    lgi_error_new_kind(__FILE__, __LINE__, (kind), (payload), __VA_ARGS__)

/*
 * lg_error *lg_error_wrap(lg_error *cause, const char *format, ...): takes `cause` and returns an
 * error that reads "context: cause" (E2), as Go's fmt.Errorf("context: %w", cause). A NULL cause
 * gives NULL, whatever the format. Out of memory, `cause` itself is returned. C does not say in
 * which order arguments are evaluated: if the call that makes the cause changes what the format
 * prints, make it in a statement of its own before.
 */
#define lg_error_wrap(cause, ...) lgi_error_wrap(__FILE__, __LINE__, (cause), __VA_ARGS__)

/*
 * lg_error *lg_error_wrap_kind(lg_error *cause, const lg_error_kind *kind, void *payload, const
 * char *format, ...): a wrap that is of a kind. The payload is taken in any case: destroyed if the
 * cause is NULL or memory is short.
 */
#define lg_error_wrap_kind(cause, kind, payload, ...)                                              \
    lgi_error_wrap_kind(__FILE__, __LINE__, (cause), (kind), (payload), __VA_ARGS__)

/*
 * Takes two errors and returns one that holds both, `first` before `second` (E4). Either may be
 * NULL; then the other is returned. Joins do not nest: joining a join adds to its list (both lists,
 * if both are joins), so a join always holds two errors or more, and none that is itself a join; a
 * join below a wrap stays below the wrap. Takes constant time, or time in the length of the shorter
 * list.
 *
 * It needs no memory, with one exception: when static errors would outnumber the others in the
 * join. If that memory is not to be had, `first` is returned and `second` freed: the earlier error
 * is never masked. (Joining two errors that were made, or one that was made with a sentinel, cannot
 * fail.)
 *
 * An error joined with itself is returned once. An error that another one holds already (a cause, a
 * member of a join) is left where it is and ignored.
 */
LG_API lg_error *lg_error_join(lg_error *first, lg_error *second)
    __attribute__((__warn_unused_result__));

/*
 * Joins `error` to *result, after what is there; frees it if `result` is NULL. Does nothing for a NULL
 * error. For closers of your own: lg_error_join_into(result, release(thing)).
 */
LG_API void lg_error_join_into(lg_error **result, lg_error *error);

/*
 * Frees an error with all that it holds, and destroys the payloads, each error's before those of
 * its causes. Does nothing for NULL and for static errors. Never free what another error holds.
 */
LG_API void lg_error_free(lg_error *error);

/*
 * ---- Looking for something in the whole tree (E3) ----
 *
 * The order is that of Go: depth first, an error before its causes, the members of a join in their
 * order.
 */

/*
 * Whether `target` is `error` or anywhere below it, or one of them has a kind whose `is` says so. A
 * NULL target is found only in NULL. As a join is merged into others, it cannot be looked for by
 * address; its members can.
 */
LG_API bool lg_error_is(const lg_error *error, const lg_error *target);

/* Whether an error of the tree carries this errno value. 0 is never found. */
LG_API bool lg_error_is_errno(const lg_error *error, int errno_value);

/* The first errno value in the tree, or 0. */
LG_API int lg_error_errno(const lg_error *error);

/*
 * The payload of the first error of this kind, or NULL if there is none, as Go's errors.As. It
 * belongs to the error. If payloads of a kind may be NULL, ask lg_error_find.
 */
LG_API const void *lg_error_as(const lg_error *error, const lg_error_kind *kind);

/* The first error of this kind, or NULL: for its message and place. */
LG_API const lg_error *lg_error_find(const lg_error *error, const lg_error_kind *kind);

/* ---- Looking at one error ---- */

/*
 * Its own message, without those of its causes. "no error" for NULL, "several errors" for a join.
 * Never NULL.
 */
LG_API const char *lg_error_message(const lg_error *error);

/*
 * Where it was made (a join: where its first member was; a static error: where it is defined). ""
 * and 0 for NULL; "lifoguard" and 0 for an error of the library's own (E8).
 */
LG_API const char *lg_error_file(const lg_error *error);
LG_API int lg_error_line(const lg_error *error);

/* What it wraps, or NULL. NULL for a join too, as Go's errors.Unwrap. */
LG_API const lg_error *lg_error_cause(const lg_error *error);

/*
 * The errors one level below: the cause of a wrap, the members of a join, in order.
 *
 *     lg_error_cursor cursor = lg_error_children(err);
 *     for (const lg_error *child; (child = lg_error_next(&cursor)) != NULL;)
 *         ...
 *
 * A cursor needs no release. Joining the error with another one ends its use.
 */
typedef struct lg_error_cursor {
    const lg_error *lgi_one;
    const void *lgi_rest;
} lg_error_cursor;

LG_API lg_error_cursor lg_error_children(const lg_error *error);
LG_API const lg_error *lg_error_next(lg_error_cursor *cursor);

/* ---- Text (E5) ---- */

/*
 * The tree as one line: "a: b: c", members of a join separated by "; ", and "no error" for NULL.
 * Messages are given as they are: a line feed in one is one in the text.
 *
 * lg_error_format works as snprintf does: writes at most `size` bytes with the ending NUL, returns
 * the length of the whole text; size 0 is allowed, with any buffer. It never allocates.
 * lg_error_text returns the text in memory from malloc, to be freed by the caller; NULL if there is
 * none.
 */
LG_API size_t lg_error_format(const lg_error *error, char *buffer, size_t size);
LG_API char *lg_error_text(const lg_error *error) __attribute__((__warn_unused_result__));

/*
 * Writes that line and a line feed. Control characters in messages, and bytes that are not UTF-8,
 * are written as \n, \t or \x1b, so that a line is a line and no message can drive a terminal (E8). `file` is locked meanwhile; whether
 * writing failed can be asked of it (ferror).
 */
LG_API void lg_error_print(const lg_error *error, FILE *file);

/*
 * Writes a line an error, indented by its depth, with place, errno and kind:
 *
 *     load settings (settings.c:40)
 *       2 errors
 *         open /etc/x: No such file or directory (file.c:12, ENOENT)
 *         line 3: no value (parse.c:88, parse error)
 *
 * Below an error stands what its kind has to print. Deeper than 32 levels the indentation grows no
 * more. Otherwise as lg_error_print.
 */
LG_API void lg_error_print_tree(const lg_error *error, FILE *file);

/* ---- What the macros above expand to ---- */

LG_API lg_error *lgi_error_new(const char *file, int line, const char *message)
    __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_error_format(const char *file, int line, const char *format, ...)
    LGI_PRINTF(3, 4) __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_error_errno(const char *file, int line, int errno_value, const char *format,
                                 ...) LGI_PRINTF(4, 5) __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_error_new_kind(const char *file, int line, const lg_error_kind *kind,
                                    void *payload, const char *format, ...) LGI_PRINTF(5, 6)
    __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_error_wrap(const char *file, int line, lg_error *cause, const char *format,
                                ...) LGI_PRINTF(4, 5) __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_error_wrap_kind(const char *file, int line, lg_error *cause,
                                     const lg_error_kind *kind, void *payload, const char *format,
                                     ...) LGI_PRINTF(6, 7) __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
