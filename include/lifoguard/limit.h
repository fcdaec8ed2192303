/* A limit for a cleanup: a deferred call that takes longer is named (D20).
 *
 *     lg_error *store(struct remote *remote)
 *     {
 *         lg_func (lg_error *, err) {
 *             …
 *             lg_defer_within(2 * LG_SECOND, &err, remote_close, remote);     // lg_error *remote_close(struct remote *)
 *             …
 *         }
 *     }
 *
 * The limit interrupts nothing: the call runs to its end, since what it uses may be released only then. (A call that can
 * end early is given a context with a deadline: lg_context_for_cleanup.) A call that overran its limit is named:
 *   - in the error &lg_error_overrun, joined to *result:
 *     `remote_close(remote) took 3.2s, limit 2s: a cleanup overran its limit`;
 *   - in the report of a panic that was under way (P5), and in the text of an error that the panic became;
 *   - while the call still runs, by lg_overrun_visit and in the report of a shutdown (shutdown.h).
 *
 * If the function returns an lg_error *, that error is joined to *result too, before the overrun; any other result is
 * dropped. A NULL `result` drops the errors.
 */
#ifndef LIFOGUARD_LIMIT_H
#define LIFOGUARD_LIMIT_H

#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <lifoguard/time.h>

LG_BEGIN_DECLS

/* The error of a cleanup that overran its limit. Its errno value is ETIMEDOUT. */
extern LG_API lg_error lg_error_overrun;

/* A call that still runs, and has overrun its limit. */
typedef struct lg_overrun {
    const char *call; /* "remote_close(remote)" */
    const char *file;
    unsigned line;
    lg_duration took, limit;
} lg_overrun;

/* Calls visit(overrun, data) for each call of the process that runs now and has overrun its limit, the oldest first, until
 * `visit` returns false. Returns the number of calls of `visit`. The texts live until `visit` returns. `visit` must return
 * normally and must not call functions of limit.h. */
LG_API size_t lg_overrun_visit(bool (*visit)(const lg_overrun *overrun, void *data), void *data);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

// clang-format off: the compilers show every line of a macro with an error

/* lg_defer_within(limit, result, fn, args…): like lg_defer, with a limit. Needs no memory. A limit of 0 is no limit; a
 * negative limit, such as a remaining time that is over, names the call in any case. */
#define lg_defer_within(limit, result, ...)                                                        \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_WITHIN, __COUNTER__, LGI_COUNT(__VA_ARGS__), limit, result, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_within_in(scope, limit, result, fn [, argument]): like lg_defer_in, with a limit. `fn` is the name of a function,
 * with at most one argument. */
#define lg_defer_within_in(scope, limit, result, ...)                                              \
    LGI_EXPRESSION(LGI_WITHIN_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), scope, limit, result, #__VA_ARGS__, __VA_ARGS__)

#define LGI_RETURNS_ERROR(id) __builtin_types_compatible_p(LGI_RESULT(id), lg_error *)

#define LGI_IS_LIMIT(limit) (LGI_CLASS(limit) == LGI_INTEGER || LGI_CLASS(limit) == LGI_REAL)
#define LGI_NO_LIMIT_TEXT "the limit is a duration, as 2 * LG_SECOND: write the limit, &err or NULL, the function, and its arguments"
/* NULL is a void *, or 0; the nullptr of C23 has a type that C17 cannot name. An array of errors stands for its first one,
 * as the operand of a comma. */
#define LGI_KEEPS_ERROR(result)                                                                    \
    (__builtin_types_compatible_p(__typeof__(((void)0, (result))), lg_error **) ||                \
     __builtin_types_compatible_p(__typeof__(result), void *) || LGI_CLASS(result) != LGI_POINTER)
#define LGI_NO_RESULT_TEXT "after the limit comes &err, of an lg_error *err, or NULL, and then the function and its arguments"
/* Whether limit and result can be used, as the enumerator lgi_right_ID, with an error for the first that cannot; none
 * where something before them is wrong. */
#define LGI_BOUNDED(id, before, limit, result)                                                     \
    enum {                                                                                         \
        lgi_timed_##id = LGI_IS_LIMIT(limit),                                                      \
        lgi_right_##id = lgi_timed_##id && LGI_KEEPS_ERROR(result)                               \
    };                                                                                             \
    _Static_assert(!(before) || lgi_timed_##id, LGI_NO_LIMIT_TEXT);                                \
    _Static_assert(!(before) || !lgi_timed_##id || lgi_right_##id, LGI_NO_RESULT_TEXT);

#define LGI_LIMIT_OF(id, limit) (lg_duration)__builtin_choose_expr(lgi_right_##id, limit, 0)
#define LGI_RESULT_AT(id, result) (lg_error **)__builtin_choose_expr(lgi_right_##id, result, 0)

#define LGI_WITHIN(id, n, limit, result, text, ...)                                                \
    LGI_BOUNDED(id, 1, limit, result) \
    LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_REFUSE_UNTIL(id, n)                                                                        \
    LGI_SITE(id, n, LGI_ENTRY, text, 0, 1)                                                         \
    struct lgi_limited lgi_limited_##id = {                                                        \
        &LGI_SITE_OF(id), (lgi_function)LGI_FN(id), LGI_LIMIT_OF(id, limit), LGI_RESULT_AT(id, result), n, LGI_RETURNS_ERROR(id), {0}}; \
    LGI_STORE_##n(id, lgi_limited_##id.word)                                                       \
    LGI_PLAIN(id##_within, 1, text, lgi_limited_run, &lgi_limited_##id)

#define LGI_WITHIN_IN(id, n, scope, limit, result, text, ...)                                      \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_BOUNDED(id##_limit, lgi_right_##id, limit, result)                                                             \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_DEFER, __VA_ARGS__)  \
        LGI_REFUSE_UNTIL(id, n)                                                                    \
        _Static_assert(!(n > 1 || LGI_IS_KEPT(id, n, LGI_FUNCTION_TEXT(__VA_ARGS__))), "in a scope, a call with a limit is the name of a function and at most one argument"); \
        LGI_SITE(id, n, LGI_ENTRY, text, 0, 1)                                                     \
        static const struct lgi_limited_in lgi_limited_##id = {                                    \
            &LGI_SITE_OF(id), (lgi_function)__builtin_choose_expr(LGI_IS_KEPT(id, n, LGI_FUNCTION_TEXT(__VA_ARGS__)) || !lgi_right_##id, lgi_any, LGI_NAME_##n(__VA_ARGS__)), n,   \
            LGI_RETURNS_ERROR(id)};                                                                \
        LGI_IN(id##_within, 4, LGI_OWNED(id), text, lgi_limited_run_in, LGI_LIMIT_OF(id##_limit, limit), LGI_RESULT_AT(id##_limit, result), &lgi_limited_##id, LGI_ONE_WORD_##n(id)); \
    })
#define LGI_ONE_WORD_0(id) (uintptr_t)0
#define LGI_ONE_WORD_1(id) LGI_WORD(id, 1)
#define LGI_ONE_WORD_2(id) (uintptr_t)0
#define LGI_ONE_WORD_3(id) (uintptr_t)0
#define LGI_ONE_WORD_4(id) (uintptr_t)0
#define LGI_ONE_WORD_lgi_many(id) (uintptr_t)0
#define LGI_ONE_WORD_lgi_nothing(id) (uintptr_t)0

// clang-format on

#endif /* !__cplusplus */

/* ---- internal: used by the macros ---- */

LG_BEGIN_DECLS

struct lgi_limited {
    const struct lgi_site *site; /* what the call is named by */
    lgi_function function;
    lg_duration limit; /* 0: none */
    lg_error **result;
    unsigned count;
    bool reports; /* returns an error */
    uintptr_t word[LGI_MAX_ARGS];
};

struct lgi_limited_in {
    const struct lgi_site *site;
    lgi_function function;
    unsigned count;
    bool reports;
};

LG_API void lgi_limited_run(const struct lgi_limited *call);
LG_API void lgi_limited_run_in(lg_duration limit, lg_error **result,
                               const struct lgi_limited_in *call, uintptr_t argument);

LG_END_DECLS

#endif
