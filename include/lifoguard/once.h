/* Once: calls a function at most once; all callers wait until that call has ended.
 *
 *     static lg_once once;                          // all zero: not called yet
 *     lg_once_do(&once, load_tables, path);
 *
 *     static lg_once_value config;                  // also keeps the result of the function
 *     struct config *c = lg_once_get(&config, read_config, path);
 *
 *     static lg_once_of(struct limits) limits;      // the same for a result of any type
 *     struct limits l = lg_once_of_get(&limits, read_limits, path);
 *
 * The function and its arguments follow the rules of lg_defer (defer.h), but the arguments of lg_once_of_get may have any
 * type. The arguments are evaluated only if the call may still have to be made. Only the function of the first caller is
 * called; a later caller may name another function, and that function is ignored.
 *
 * Panics: a panic of the function propagates in the goroutine that made the call, and counts as the call, as in Go. Later
 * lg_once_do calls do nothing. Later lg_once_get and lg_once_of_get calls panic, because the call has no result; their panics
 * have the same pointer, the same static error, or the same message as the first panic (as Go's OnceValue). If the function
 * ended its goroutine, the later calls panic too, and the message says that the function ended its goroutine.
 *
 * Deadlock: if the function calls lg_once_do for the same once, that inner call panics, because the function would wait for
 * itself (in Go a deadlock).
 *
 * Memory: no allocation, no destroy function; the caller owns the result of the function. Free an lg_once when no other
 * goroutine will use the lg_once; the call of the function must have ended, but lg_once_do need not have returned. Never copy
 * or move an lg_once that is in use.
 *
 * Threads: goroutines and all other threads may call every function here. All effects of the function are visible after
 * lg_once_do or lg_once_get has returned. After the call has ended, lg_once_do costs a comparison.
 */
#ifndef LIFOGUARD_ONCE_H
#define LIFOGUARD_ONCE_H

#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_once {
    uint64_t lgi_word; /* the goroutine that makes the call; see src/sync/once.c */
    uint32_t lgi_lock; /* protects the list of waiters */
    struct lgi_waiters lgi_waiters;
} lg_once;

typedef struct lg_once_value {
    lg_once lgi_once;
    int lgi_outcome;
    void *lgi_value;       /* or the pointer or static error of the panic */
    char lgi_message[256]; /* of the panic */
} lg_once_value;

/* Initialises a once whose call has not been made; equal to all zero. */
#define LG_ONCE_INIT {0, 0, {0, 0}}
#define LG_ONCE_VALUE_INIT {LG_ONCE_INIT, 0, 0, {0}}

/* Whether the call of the function has ended. */
static inline bool lg_once_is_done(const lg_once *once)
{
    return __atomic_load_n(&once->lgi_word, __ATOMIC_ACQUIRE) == 2;
}

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_once_do(once, fn, args…): calls fn(args…) if no call was made with this once yet; otherwise waits until the earlier call
 * has ended. The result of fn is dropped. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_once_do(once, ...)                                                                      \
    LGI_EXPRESSION(LGI_ONCE_DO, LGI_ID, LGI_COUNT(__VA_ARGS__), once, #__VA_ARGS__, __VA_ARGS__)

/* lg_once_do_until(once, until, fn, args…): like lg_once_do, but a wait for the call of another goroutine ends when `until`
 * comes. Returns NULL if the call has ended, or the error that until.h describes. */
#define lg_once_do_until(once, until, ...)                                                         \
    LGI_EXPRESSION(LGI_ONCE_DO_UNTIL, LGI_ID, LGI_COUNT(__VA_ARGS__), once, until, #__VA_ARGS__, __VA_ARGS__)

/* lg_once_get(value, fn, args…): like lg_once_do, for an lg_once_value and a function that returns a pointer. Returns the
 * pointer that the function returned. */
#define lg_once_get(value, ...)                                                                    \
    LGI_EXPRESSION(LGI_ONCE_GET, LGI_ID, LGI_COUNT(__VA_ARGS__), value, #__VA_ARGS__, __VA_ARGS__)

/* lg_once_get_until(value, until, result, fn, args…): like lg_once_get with a limit. Sets *result to the pointer and returns
 * NULL; if `until` comes first, leaves *result unchanged and returns the error that until.h describes. */
#define lg_once_get_until(value, until, result, ...)                                               \
    LGI_EXPRESSION(LGI_ONCE_GET_UNTIL, LGI_ID, LGI_COUNT(__VA_ARGS__), value, until, result, #__VA_ARGS__, __VA_ARGS__)
/* lg_once_of(T): the type of a once that keeps a result of type T, which is any type that can be assigned. All zero: not
 * called yet. Each use of lg_once_of makes a new type, so give the type a name by typedef to pass it on.
 *
 * lg_once_of_get(once, fn, args…): like lg_once_get, for an lg_once_of(T) and a function whose result is converted to T. At most
 * four arguments, of any type. Returns a copy of the result.
 *
 * lg_once_of_get_until(once, until, result, fn, args…): like lg_once_of_get with a limit. Sets *result to the result and
 * returns NULL; if `until` comes first, leaves *result unchanged and returns the error that until.h describes. */
#define lg_once_of(...)                                                                            \
    struct {                                                                                       \
        lg_once_value lgi_once;                                                                    \
        LGI_IF_GIVEN(LGI_ONCE_KEEPS, LGI_ONCE_KEEPS_NOTHING, __VA_ARGS__)(__VA_ARGS__)             \
    }
#define LGI_ONCE_KEEPS(...) __typeof__(__VA_ARGS__) lgi_result;
#define LGI_ONCE_KEEPS_NOTHING() int lgi_result; _Static_assert(0, "the type of the result is missing: write lg_once_of(type)");
#define lg_once_of_get(once, ...)                                                                  \
    LGI_EXPRESSION(LGI_ONCE_OF_GET, LGI_ID, LGI_COUNT(__VA_ARGS__), once, #__VA_ARGS__, __VA_ARGS__)
#define lg_once_of_get_until(once, until, result, ...)                                             \
    LGI_EXPRESSION(LGI_ONCE_OF_GET_UNTIL, LGI_ID, LGI_COUNT(__VA_ARGS__), once, until, result, #__VA_ARGS__, __VA_ARGS__)

// clang-format on

// clang-format off

/* The macro makes the call, because only the macro knows the types. The guard ends the call on every exit. */
#define LGI_ONCE_OF_MAKE(id, n, until, text, ...)                                                  \
    LGI_SITE(id, 0, LGI_ENTRY, text, 0, 1)                                                         \
    struct lgi_once_guard lgi_guard_##id __attribute__((cleanup(lgi_once_of_end))) = {             \
        &lgi_once_##id->lgi_once, 0};                                                              \
    lgi_error_##id = lgi_once_of_begin(&lgi_guard_##id, until, &LGI_SITE_OF(id));                  \
    if (lgi_guard_##id.value) {                                                                    \
        lgi_once_##id->lgi_result = LGI_ONCE_CALL_##n(__VA_ARGS__);                                \
        lgi_guard_##id.returned = 1;                                                               \
    }
#define LGI_ONCE_CALL_0(f) (f)()
#define LGI_ONCE_CALL_1(f, a) (f)(a)
#define LGI_ONCE_CALL_2(f, a, b) (f)(a, b)
#define LGI_ONCE_CALL_3(f, a, b, c) (f)(a, b, c)
#define LGI_ONCE_CALL_4(f, a, b, c, d) (f)(a, b, c, d)
#define LGI_ONCE_CALL_lgi_nothing(...) __extension__({ _Static_assert(0, LGI_NOTHING_TEXT); 0; })
#define LGI_ONCE_CALL_lgi_many(f, ...)                                                             \
    __extension__({                                                                                \
        _Static_assert(0, LGI_MANY_TEXT LGI_ADVICE_GO);                 \
        (f)(__VA_ARGS__);                                                                          \
    })

#define LGI_ONCE_OF_GET(id, n, once, text, ...)                                                    \
    __extension__({                                                                                \
        __typeof__(once) const lgi_once_##id = (once);                                             \
        if (!LGI_LIKELY(lgi_once_of_has(&lgi_once_##id->lgi_once))) {                              \
            lg_error *lgi_error_##id;                                                              \
            LGI_ONCE_OF_MAKE(id, n, lg_until_forever(), text, __VA_ARGS__)                         \
            (void)lgi_error_##id;                                                                  \
        }                                                                                          \
        lgi_once_##id->lgi_result;                                                                 \
    })

#define LGI_ONCE_OF_GET_UNTIL(id, n, once, until, result, text, ...)                               \
    LGI_USED(__extension__({                                                                                \
        __typeof__(once) const lgi_once_##id = (once);                                             \
        lg_error *lgi_error_##id = (lg_error *)0;                                                  \
        if (!LGI_LIKELY(lgi_once_of_has(&lgi_once_##id->lgi_once))) {                              \
            LGI_ONCE_OF_MAKE(id, n, until, text, __VA_ARGS__)                                      \
        }                                                                                          \
        if (!lgi_error_##id)                                                                       \
            *(result) = lgi_once_##id->lgi_result;                                                 \
        LGI_LAST(lgi_error_##id);                                                                            \
    }))

#define LGI_ONCE_TEXT "write the address of the once, the limit if the form takes one, the function, and its arguments"
#define LGI_ONCE_DO(id, n, once, text, ...)                                                       \
    __extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_once, once) }; \
        _Static_assert(!!lgi_right_##id, LGI_ONCE_TEXT); \
        lg_once *const lgi_once_##id = LGI_ADDRESS_OF(lg_once, once);                              \
        if (!LGI_LIKELY(lg_once_is_done(lgi_once_##id))) {                                         \
            LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                                      \
            LGI_HANDED(id, n, text)                                                                \
            lgi_once_do(lgi_once_##id, LGI_HANDED_ARGS(id));                                         \
        }                                                                                          \
        (void)0;                                                                                   \
    })

#define LGI_ONCE_DO_UNTIL(id, n, once, until, text, ...)                                          \
    LGI_USED(__extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_once, once) && LGI_IS_A(lg_until, until) }; \
        _Static_assert(!!lgi_right_##id, LGI_ONCE_TEXT); \
        lg_once *const lgi_once_##id = LGI_ADDRESS_OF(lg_once, once);                              \
        lg_error *lgi_error_##id = (lg_error *)0;                                                  \
        if (!LGI_LIKELY(lg_once_is_done(lgi_once_##id))) {                                         \
            LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                                      \
            LGI_HANDED(id, n, text)                                                                \
            lgi_error_##id = lgi_once_do_until(lgi_once_##id, LGI_A(lg_until, until), LGI_HANDED_ARGS(id));           \
        }                                                                                          \
        LGI_LAST(lgi_error_##id);                                                                            \
    }))

#define LGI_ONCE_POINTER(id)                                                                       \
    _Static_assert(!(lgi_right_##id && !LGI_RESULT_IN(lgi_type_##id, LGI_POINTER, LGI_POINTER)), "an lg_once_value keeps a pointer, and this function returns none")

#define LGI_ONCE_GET(id, n, value, text, ...)                                                     \
    __extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_once_value, value) }; \
        _Static_assert(!!lgi_right_##id, LGI_ONCE_TEXT); \
        lg_once_value *const lgi_value_##id = LGI_ADDRESS_OF(lg_once_value, value);                \
        void *lgi_result_##id;                                                                     \
        if (!LGI_LIKELY(lgi_once_has(lgi_value_##id, &lgi_result_##id))) {                         \
            LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                                      \
            LGI_HANDED(id, n, text)                                                                \
            LGI_ONCE_POINTER(id);                                                     \
            lgi_result_##id = lgi_once_get(lgi_value_##id, LGI_HANDED_ARGS(id));                     \
        }                                                                                          \
        lgi_result_##id;                                                                           \
    })

#define LGI_ONCE_GET_UNTIL(id, n, value, until, result, text, ...)                                \
    LGI_USED(__extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_once_value, value) && LGI_IS_A(lg_until, until) }; \
        _Static_assert(!!lgi_right_##id, LGI_ONCE_TEXT); \
        lg_once_value *const lgi_value_##id = LGI_ADDRESS_OF(lg_once_value, value);                \
        void *lgi_result_##id;                                                                     \
        lg_error *lgi_error_##id = (lg_error *)0;                                                  \
        if (!LGI_LIKELY(lgi_once_has(lgi_value_##id, &lgi_result_##id))) {                         \
            LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                                      \
            LGI_HANDED(id, n, text)                                                                \
            LGI_ONCE_POINTER(id);                                                     \
            lgi_error_##id = lgi_once_get_until(lgi_value_##id, LGI_A(lg_until, until), &lgi_result_##id,           \
                                                LGI_HANDED_ARGS(id));                                \
        }                                                                                          \
        if (!lgi_error_##id)                                                                       \
            *(result) = lgi_result_##id;                                                           \
        LGI_LAST(lgi_error_##id);                                                                            \
    }))

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

static inline bool lgi_once_of_has(const lg_once_value *value)
{
    void *unused;
    return lgi_once_has(value, &unused);
}

/* A call that is being made for an lg_once_of. */
struct lgi_once_guard {
    lg_once_value *value; /* NULL: the caller must not make the call */
    int returned;
};

/* Keeps guard->value if the caller must make the call; otherwise sets guard->value to NULL. Returns an error if `until` came
 * first. Panics if the call has been made and has no result. */
LG_API lg_error *lgi_once_of_begin(struct lgi_once_guard *guard, lg_until until,
                                   const struct lgi_site *site);
LG_API void lgi_once_of_end(struct lgi_once_guard *guard);

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

/* ---- a close that happens once ---------------------------------------------------------------------- */

/* A close that happens once: the first call closes, and every later call returns the result of the first.
 *
 *     lg_close_once once = LG_CLOSE_ONCE_INIT(hang_up, line);
 *     lg_defer(lg_close_once_close, &once, &err);
 *     ...
 *     err = lg_close_once_now(&once);      // closes early; the deferred call then only frees the result
 *
 * Threads: any number of goroutines and threads may close at the same time. One of them calls the close function; the
 * others wait, and get the same result. The close function may wait as a goroutine. Never copy or move an lg_close_once.
 *
 * Ownership: the lg_close_once keeps the result until lg_close_once_close. Every caller, also the first, gets an
 * error of its own and owns this error. The caller's error has the text, the place and the first errno value of the
 * kept error. lg_error_is finds in the caller's error what it finds in the kept error, and regards all errors of one
 * close as the same error. The causes and payloads can be read only from the kept error (lg_close_once_result).
 *
 * Out of memory: if no memory is left when the close fails, the first caller gets the error of the close itself, and
 * later callers get &lg_error_out_of_memory.
 */

LG_BEGIN_DECLS

typedef struct lg_close_once {
    lg_error *(*lgi_close)(void *object);
    void *lgi_object;
    lg_once lgi_once;                    /* the call of lgi_close */
    lg_error *lgi_static;                /* the result, if it is a static error */
    struct lgi_shared_error *lgi_result; /* the result, if it is another one */
} lg_close_once;

/* An initialiser. The close function is called as close(object) and has the type `lg_error *(*)(void *)`. */
#define LG_CLOSE_ONCE_INIT(close, object) {(close), (object), LG_ONCE_INIT, 0, 0}

/* Initialises an lg_close_once that was not initialised by LG_CLOSE_ONCE_INIT. */
LG_API void lg_close_once_init(lg_close_once *once, lg_error *(*close)(void *object), void *object);

/* Closes if no call has closed yet, and returns the result of the close; NULL: the close succeeded. If the close
 * function panics, the panic propagates to the caller, the object counts as closed, and later calls return an error that
 * says so. If the close function calls lg_close_once_now for its own lg_close_once, the inner call returns an error,
 * because it would wait for itself. */
LG_API lg_error *lg_close_once_now(lg_close_once *once) __attribute__((__warn_unused_result__));

/* Like lg_close_once_now; joins the result of the close to *result, after the errors that *result already holds.
 * Does not join the result if *result already holds an error of the same close. A NULL `result` discards the error. */
LG_API void lg_close_once_into(lg_close_once *once, lg_error **result);

/* The kept result; NULL if the close has succeeded or has not ended yet. The error belongs to `once`, and lives until
 * lg_close_once_close. */
LG_API const lg_error *lg_close_once_result(lg_close_once *once);

/* Does what lg_close_once_into does, and then frees the kept result. Call lg_close_once_close last, when no other goroutine
 * uses the lg_close_once any more. Initialise the lg_close_once before using it again. Does nothing for NULL. */
LG_API void lg_close_once_close(lg_close_once *once, lg_error **result);

LG_END_DECLS

#endif
