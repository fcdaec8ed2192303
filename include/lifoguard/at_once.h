/* A scope whose calls run at the same time: for closers that each wait for a peer (D21).
 *
 *     lg_error *use_all(struct remote **remotes, int count)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_at_once(remotes_open, &err);
 *             for (int i = 0; i < count; i++) {
 *                 lg_try(remote_open(remotes[i]));
 *                 lg_defer_at_once(&remotes_open, remote_close, remotes[i]);   // lg_error *remote_close(struct remote *)
 *             }
 *             …
 *         } // all remote_close calls run at the same time; this waits for all of them
 *     }
 *
 * On every exit from the block, each call runs in a goroutine of its own, and the block waits for all these goroutines.
 * The wait takes its place in the reverse order of deferred calls (D13), so an object that the calls use by pointer must
 * be declared before the scope. Nothing interrupts the wait. The calls are started last registered first.
 *
 * Errors: the errors that the calls return are joined to the result in the order in which an lg_scope would have made the
 * calls, however the calls ended. A panic in a call becomes an error of the kind lg_panic_kind (panic.h), and the other
 * calls run all the same. A call that ends its goroutine by lg_goexit has no error.
 *
 * Memory: the first eight calls need none. Out of memory: the call is made at once, and then the goroutine panics (D6). A
 * call for which no goroutine can be made, for want of memory or because lg_exit ends the process, is made by the
 * goroutine that leaves the block.
 *
 * Threads: only one thread at a time may register calls. The calls may run on other threads than the registering thread.
 */
#ifndef LIFOGUARD_AT_ONCE_H
#define LIFOGUARD_AT_ONCE_H

#include <lifoguard/defer.h>
#include <lifoguard/go.h>
#include <lifoguard/impl/at_once.h>
#include <lifoguard/limit.h>

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

// clang-format off: the compilers show every line of a macro with an error

/* lg_at_once(name, result): declares an lg_at_once `name` for the enclosing block, whose calls run when the block is left. Never
 * copy or move an lg_at_once. The errors are joined to *result, an `lg_error *` that is declared before; NULL drops the
 * errors. */
#define lg_at_once(...)                                                                            \
    LGI_NEEDS_BRACES LGI_SEVENTH(__VA_ARGS__, LGI_AT_ONCE_WRONG, LGI_AT_ONCE_WRONG, LGI_AT_ONCE_WRONG, LGI_AT_ONCE_WRONG, LGI_AT_ONCE_COUNTED, LGI_AT_ONCE_WRONG, ~)(__VA_ARGS__)

/* lg_defer_at_once(scope, fn, args…): registers a call with the `lg_at_once *`. The function and its arguments are evaluated
 * now, and follow the rules of lg_defer. If the function returns an lg_error *, that is an error of the scope; any other
 * result is dropped.
 *
 * lg_defer_at_once_within(scope, limit, fn, args…): the same with a limit (limit.h): the error that names a call that overran is
 * joined behind the call's own. */
#define lg_defer_at_once(scope, ...)                                                               \
    LGI_LINED(LGI_DEFER_AT_ONCE, __LINE__, LGI_COUNT(__VA_ARGS__), scope, 0, #__VA_ARGS__, __VA_ARGS__)
#define lg_defer_at_once_within(scope, limit, ...)                                                 \
    LGI_LINED(LGI_DEFER_AT_ONCE, __LINE__, LGI_COUNT(__VA_ARGS__), scope, limit, #__VA_ARGS__, __VA_ARGS__)

#define LGI_AT_ONCE_TEXT "write lg_at_once(name, &err): a new name, and the address of an lg_error * or NULL"
LGI_DEMANDED(lgi_demand_at_once, LGI_AT_ONCE_TEXT)
#define LGI_AT_ONCE_WRONG(name, ...) LGI_NUMBERED(LGI_AT_ONCE_REFUSED, ~, name)
#define LGI_AT_ONCE_REFUSED(id, name)                                                              \
    LGI_DEMAND(lgi_demand_at_once, 0, LGI_AT_ONCE_TEXT)                                            \
    struct lg_at_once name
#define LGI_AT_ONCE_COUNTED(name, result) LGI_NUMBERED(LGI_AT_ONCE, __COUNTER__, name, result)
/* (One declaration has both arguments, and ends in a brace: if `name` is none, gcc passes over all of it.) */
#define LGI_AT_ONCE(id, name, result)                                                              \
    LGI_DEMAND(lgi_demand_at_once, LGI_IS_NAME(#name), LGI_AT_ONCE_TEXT)                           \
    struct lg_at_once *lgi_calls_##id = (struct lg_at_once *)0;                                    \
    struct lg_at_once name,                                                                        \
        *const lgi_opened_##id LGI_UNUSED = LGI_IN_FUNCTION((lgi_at_once_open(&name, LGI_ADDRESS_OF(lg_error *, result)), lgi_calls_##id = &name), &name),\
        *const lgi_checked_##id[1] LGI_UNUSED = {LGI_IN_FUNCTION(LGI_ASSERTED(lgi_demand_at_once, LGI_IS_AT(lg_error *, result), LGI_AT_ONCE_TEXT, (struct lg_at_once *)0), (struct lg_at_once *)0)};\
    LGI_PLAIN(id, 1, "lg_at_once, " #name, lgi_at_once_run, LGI_IN_FUNCTION(lgi_calls_##id, (struct lg_at_once *)0))

/* The site is that of the goroutine, which is given the call. */
#define LGI_DEFER_AT_ONCE(id, n, scope, limit_, text, ...)                                         \
    __extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(struct lg_at_once, scope) && LGI_IS_LIMIT(limit_) }; \
        _Static_assert(!!lgi_right_##id, "write &scope, declared by lg_at_once, then the limit if the form takes one, then the function and its arguments"); \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__) \
        LGI_REFUSE_UNTIL(id, n)                                                                    \
        LGI_SITE(id, 1, LGI_ENTRY, text, 0, 1)                                                     \
        struct lg_at_once *const lgi_scope_##id = LGI_ADDRESS_OF(struct lg_at_once, scope);                                         \
        struct lgi_at_once_call *const lgi_call_##id = lgi_at_once_add(lgi_scope_##id);            \
        lgi_call_##id->call.site = &LGI_SITE_OF(id);                                               \
        lgi_call_##id->call.function = (lgi_function)LGI_FN(id);                                   \
        lgi_call_##id->call.limit = __builtin_choose_expr(lgi_right_##id, limit_, 0);                                                      \
        lgi_call_##id->call.count = n;                                                             \
        lgi_call_##id->call.reports = LGI_RETURNS_ERROR(id);                                       \
        LGI_STORE_##n(id, lgi_call_##id->call.word)                                                \
        lgi_at_once_added(lgi_scope_##id, lgi_call_##id);                                          \
    })

// clang-format on

#endif /* !__cplusplus */

/* ---- internal: used by the macros ---- */

LG_BEGIN_DECLS

LG_API void lgi_at_once_open(struct lg_at_once *scope, lg_error **result);
LG_API struct lgi_at_once_call *lgi_at_once_add(struct lg_at_once *scope);
LG_API void lgi_at_once_added(struct lg_at_once *scope, struct lgi_at_once_call *call);
LG_API void lgi_at_once_run(struct lg_at_once *scope);

LG_END_DECLS

#endif
