/* All forms of lg_defer in a scope: calls that depend on how the function ends, registered by an `if`, a loop or a helper
 * function (D19).
 *
 *     static void begin(lg_scope *scope, struct db *db)
 *     {
 *         lg_defer_on_error_in(scope, rollback, db);      // if the function that declares the scope fails
 *         lg_defer_on_success_in(scope, commit, db);
 *     }
 *
 * Each form is an expression, takes the `lg_scope *`, and returns an `lg_deferred *`, as lg_defer_in does (defer.h). "The
 * function" is always the function that declares the scope, even if another function registers the call. If lg_scope_run runs
 * the calls early, the function's success is judged at that moment. lg_deferred_run makes such a call in any case; a panic in
 * the call propagates.
 *
 * Each form requires a scope that was declared in a suitable function, and checks this when the call is registered. If the
 * scope is not suitable, the form panics with a message that says where to declare the scope, and does not register the call.
 */
#ifndef LIFOGUARD_DEFER_IN_H
#define LIFOGUARD_DEFER_IN_H

#include <lifoguard/defer.h>
#include <lifoguard/panic.h>

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

// clang-format off: the compilers show every line of a macro with an error

/* lg_defer_recover_in(scope, fn, args…): calls fn(lg_panic_info *panic, args…), as lg_defer_recover does: lg_recover(panic) in
 * the call stops the panic. The scope must be declared in an lg_func_recovers. (In an lg_defer_block a panic can be stopped so only while
 * nothing else panics, if clang compiles the block: see panic.h.) */
#define lg_defer_recover_in(scope, ...)                                                            \
    LGI_EXPRESSION(LGI_RECOVERING_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), scope, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_on_error_in(scope, fn, args…) and lg_defer_on_success_in(scope, fn, args…): as lg_defer_on_error and
 * lg_defer_on_success do. The scope must be declared in an lg_func. */
#define lg_defer_on_error_in(scope, ...)                                                           \
    LGI_EXPRESSION(LGI_SPECIAL_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), LGI_ON_ERROR, scope, #__VA_ARGS__, __VA_ARGS__)
#define lg_defer_on_success_in(scope, ...)                                                         \
    LGI_EXPRESSION(LGI_SPECIAL_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), LGI_ON_SUCCESS, scope, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_contained_in(scope, fn, args…): as lg_defer_contained does: a panic in the call is joined to the function's result.
 * The scope must be declared in an lg_func (lg_error *, …). */
#define lg_defer_contained_in(scope, ...)                                                          \
    LGI_EXPRESSION(LGI_SPECIAL_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), LGI_CONTAINED, scope, #__VA_ARGS__, __VA_ARGS__)

// clang-format on

#endif /* !__cplusplus */
#endif
