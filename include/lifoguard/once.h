/* A function that is called once, whoever asks for it first; all others wait until it has ended.
 *
 *     static lg_once once;                          // all zero: not called yet
 *     lg_once_do(&once, load_tables, path);
 *
 *     static lg_once_value config;                  // the same, and what the function returned is kept
 *     struct config *c = lg_once_get(&config, read_config, path);
 *
 * The function and its arguments obey the rules of lg_defer (defer.h). They are evaluated only if the call may have to
 * be made; one that is not the first may name another function, and it makes no difference.
 *
 * A panic of the function goes on in the goroutine that called it, and counts as a call, as in Go. Later lg_once_do do
 * nothing. Later lg_once_get panic too, since there is no value: with the same pointer, the same static error, or the same
 * message (as Go's OnceValue). The same holds for a function that ended its goroutine; then the message says so.
 *
 * A function that asks for itself is a panic: it would wait for itself (in Go a deadlock).
 *
 * Memory: no allocation, nothing to destroy; the value is the caller's affair. It may be freed by whoever knows
 * that nobody uses it any more, also when the call has ended but has not returned yet. Never copy or move one that
 * is in use.
 *
 * Threads: any, and all goroutines. What the function did is seen by all whose lg_once_do or lg_once_get returned. What it costs
 * once that is so is a comparison.
 */
#ifndef LIFOGUARD_ONCE_H
#define LIFOGUARD_ONCE_H

#include <lifoguard/defer.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_once {
    uint64_t lgi_word; /* whose call it is; src/sync/once.c */
    uint32_t lgi_lock; /* for the list */
    struct lgi_waiters lgi_waiters;
} lg_once;

typedef struct lg_once_value {
    lg_once lgi_once;
    int lgi_outcome;
    void *lgi_value;       /* or the pointer or static error of the panic */
    char lgi_message[256]; /* of the panic */
} lg_once_value;

/* Not called yet. The same as all zero. */
#define LG_ONCE_INIT {0, 0, {0, 0}}
#define LG_ONCE_VALUE_INIT {LG_ONCE_INIT, 0, 0, {0}}

/* Has the call ended? */
static inline bool lg_once_is_done(const lg_once *once)
{
    return __atomic_load_n(&once->lgi_word, __ATOMIC_ACQUIRE) == 2;
}

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* lg_once_do(once, fn, args…): calls fn(args…), if that was not done yet; returns when it has ended. Its result is
 * dropped. */
#define lg_once_do(once, ...)                                                                      \
    LGI_NUMBER(LGI_ONCE_DO, LGI_COUNT(__VA_ARGS__), once, #__VA_ARGS__, __VA_ARGS__)

/* lg_once_do_until(once, until, fn, args…): the same, but waits for another's call only until `until`: its value is
 * then an error (until.h). */
#define lg_once_do_until(once, until, ...)                                                         \
    LGI_NUMBER(LGI_ONCE_DO_UNTIL, LGI_COUNT(__VA_ARGS__), once, until, #__VA_ARGS__, __VA_ARGS__)

/* lg_once_get(value, fn, args…): the same with an lg_once_value and a function that returns a pointer, which is
 * lg_once_get's value. */
#define lg_once_get(value, ...)                                                                    \
    LGI_NUMBER(LGI_ONCE_GET, LGI_COUNT(__VA_ARGS__), value, #__VA_ARGS__, __VA_ARGS__)

/* lg_once_get_until(value, until, result, fn, args…): stores it in *result instead, unless it returns an error. */
#define lg_once_get_until(value, until, result, ...)                                               \
    LGI_NUMBER(LGI_ONCE_GET_UNTIL, LGI_COUNT(__VA_ARGS__), value, until, result, #__VA_ARGS__,     \
               __VA_ARGS__)

// clang-format off

#define LGI_ONCE_DO(id, n, once, text, ...) LGI_ONCE_DO_(id, n, once, text, __VA_ARGS__)
#define LGI_ONCE_DO_(id, n, once, text, ...)                                                       \
    __extension__({                                                                                \
        lg_once *const lgi_once_##id = (once);                                                     \
        if (!LGI_LIKELY(lg_once_is_done(lgi_once_##id))) {                                         \
            LGI_HANDED(id, n, text, __VA_ARGS__)                                                   \
            lgi_once_do(lgi_once_##id, LGI_HANDED_ARGS(id));                                         \
        }                                                                                          \
        (void)0;                                                                                   \
    })

#define LGI_ONCE_DO_UNTIL(id, n, once, until, text, ...)                                           \
    LGI_ONCE_DO_UNTIL_(id, n, once, until, text, __VA_ARGS__)
#define LGI_ONCE_DO_UNTIL_(id, n, once, until, text, ...)                                          \
    __extension__({                                                                                \
        lg_once *const lgi_once_##id = (once);                                                     \
        lg_error *lgi_error_##id = (lg_error *)0;                                                  \
        if (!LGI_LIKELY(lg_once_is_done(lgi_once_##id))) {                                         \
            LGI_HANDED(id, n, text, __VA_ARGS__)                                                   \
            lgi_error_##id = lgi_once_do_until(lgi_once_##id, until, LGI_HANDED_ARGS(id));           \
        }                                                                                          \
        lgi_error_##id;                                                                            \
    })

#define LGI_ONCE_POINTER(R)                                                                        \
    _Static_assert(LGI_RESULT_IN(R, LGI_POINTER, LGI_POINTER),                                     \
                   "an lg_once_value keeps a pointer, and this function returns none")

#define LGI_ONCE_GET(id, n, value, text, ...) LGI_ONCE_GET_(id, n, value, text, __VA_ARGS__)
#define LGI_ONCE_GET_(id, n, value, text, ...)                                                     \
    __extension__({                                                                                \
        lg_once_value *const lgi_value_##id = (value);                                             \
        void *lgi_result_##id;                                                                     \
        if (!LGI_LIKELY(lgi_once_has(lgi_value_##id, &lgi_result_##id))) {                         \
            LGI_HANDED(id, n, text, __VA_ARGS__)                                                   \
            LGI_ONCE_POINTER(LGI_RESULT(id));                                                     \
            lgi_result_##id = lgi_once_get(lgi_value_##id, LGI_HANDED_ARGS(id));                     \
        }                                                                                          \
        lgi_result_##id;                                                                           \
    })

#define LGI_ONCE_GET_UNTIL(id, n, value, until, result, text, ...)                                 \
    LGI_ONCE_GET_UNTIL_(id, n, value, until, result, text, __VA_ARGS__)
#define LGI_ONCE_GET_UNTIL_(id, n, value, until, result, text, ...)                                \
    __extension__({                                                                                \
        lg_once_value *const lgi_value_##id = (value);                                             \
        void *lgi_result_##id;                                                                     \
        lg_error *lgi_error_##id = (lg_error *)0;                                                  \
        if (!LGI_LIKELY(lgi_once_has(lgi_value_##id, &lgi_result_##id))) {                         \
            LGI_HANDED(id, n, text, __VA_ARGS__)                                                   \
            LGI_ONCE_POINTER(LGI_RESULT(id));                                                     \
            lgi_error_##id = lgi_once_get_until(lgi_value_##id, until, &lgi_result_##id,           \
                                                LGI_HANDED_ARGS(id));                                \
        }                                                                                          \
        if (!lgi_error_##id)                                                                       \
            *(result) = lgi_result_##id;                                                           \
        lgi_error_##id;                                                                            \
    })

// clang-format on
#endif

LG_BEGIN_DECLS

static inline bool lgi_once_has(const lg_once_value *value, void **result)
{
    if (!lg_once_is_done(&value->lgi_once) || value->lgi_outcome != 1)
        return false;
    *result = value->lgi_value;
    return true;
}

LG_API void lgi_once_do(lg_once *once, const struct lgi_site *site, lgi_function function,
                        const uintptr_t *words);
LG_API lg_error *lgi_once_do_until(lg_once *once, lg_until until, const struct lgi_site *site,
                                   lgi_function function, const uintptr_t *words);
LG_API void *lgi_once_get(lg_once_value *value, const struct lgi_site *site, lgi_function function,
                          const uintptr_t *words);
LG_API lg_error *lgi_once_get_until(lg_once_value *value, lg_until until, void **result,
                                    const struct lgi_site *site, lgi_function function,
                                    const uintptr_t *words);

LG_END_DECLS

#endif
