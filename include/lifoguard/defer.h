/* Deferred calls: calls that run when the enclosing block, or a scope, is left by any exit.
 *
 *     lg_defer_block { … }            defers a block; the block sees variables as they are when it runs
 *     lg_defer(fn, args…);            defers a call; function and arguments are evaluated now  (D2, D9)
 *     lg_scope(s); lg_defer_in(&s, fn, args…);
 *                                     defers a call until the block that declares `s` is left: for
 *                                     conditionals, loops and helper functions                 (D6)
 *     lg_defer_recover(fn, args…);    defers a call that receives the panic (panic.h)          (P2)
 *
 * Order: all four forms, cleanup variables of other libraries and C++ destructors on the same stack
 * run in one order, last registered first (D1, D13). They run on fall-through, return, break, continue,
 * goto, panic and goexit (D4). They do not run on exit, exec, abort, a fatal signal or longjmp (D10).
 *
 * Which functions can be deferred: a function with at most four parameters, each a pointer or an
 * integer at least as wide as int, whose result is void or a scalar. One parameter may be an lg_until
 * (until.h), which counts as two. The result is discarded. Any other function does not compile, and the
 * message says what to write instead. (The reason: during unwinding the library makes the call from
 * argument words.)
 *
 * Ownership: a deferred call owns none of its arguments. Memory behind a pointer argument must stay
 * alive until the call has run, so declare the object before you defer the call.
 *
 * Threads: a deferred call belongs to the goroutine or thread that registered it, and runs there. Any
 * thread may use this header without initialisation, also in constructors, destructors and atexit
 * handlers.
 *
 * Fork: a child process must not leave a block whose calls were pending at the fork, nor a goroutine of its
 * parent: the child calls exec or _exit instead. In such a child, lg_panic, lg_goexit and lg_exit print a message on
 * stderr and end the child with status 2. The library does not notice a return, which makes the calls of the
 * parent in the child.
 *
 * Pending calls: lg_pending_visit and lg_pending_print list the deferred calls of the calling goroutine
 * that have not run yet (D12). An `lg_defer_block` and a cleanup variable of another library have no
 * record, so neither function lists them.
 */
#ifndef LIFOGUARD_DEFER_H
#define LIFOGUARD_DEFER_H

#include <lifoguard/impl/record.h>
#include <stdbool.h>
#include <stdio.h>

LG_BEGIN_DECLS

/* An lg_deferred is one call that lg_defer_as or lg_defer_in registered. The pointer is valid until the
 * block is left that contains the lg_defer_as, or that declares the scope. After a scope has run its
 * calls, the next lg_defer_in on the scope may reuse the memory: do not keep an lg_deferred * of an
 * earlier call. */

/* Dismisses a pending call: the call will not run (D11). Does nothing if `deferred` is NULL, or if the
 * call has run or was dismissed already. Only the thread that registered the call may dismiss it. */
LG_API void lg_deferred_dismiss(lg_deferred *deferred);

/* Makes a pending call now; the call does not run again later (D11). Does nothing if `deferred` is NULL,
 * or if the call has run or was dismissed already. A panic in the call propagates to the caller. Only the
 * thread that registered the call may run it. */
LG_API void lg_deferred_run(lg_deferred *deferred);

/* The three functions of a scope: only the goroutine or thread that declared the scope may call them, and the
 * scope must not be NULL. */

/* Runs all calls that the scope holds, last registered first, and leaves the scope empty and ready for
 * new calls. A panic in a call propagates to the caller; the calls that have not run yet stay in the
 * scope and run when the scope is left. */
LG_API void lg_scope_run(lg_scope *scope);

/* Removes all calls from the scope without running them. */
LG_API void lg_scope_dismiss(lg_scope *scope);

/* The number of calls that the scope holds. */
LG_API size_t lg_scope_count(const lg_scope *scope);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_defer_block { … }: runs the block when the enclosing block is left.
 *
 * The code is as fast as hand-written cleanup. The block has no record, so lg_pending_visit does not
 * list it (D12). A panic must not leave the block while another unwinding is under way, as with a C++
 * destructor: code that clang compiled cannot propagate such a panic, and the process ends with a report
 * (panic.h). A `return` inside the block does not compile with clang; with gcc it compiles, and leaves
 * only the block. */
#define lg_defer_block                                                                             \
    LGI_NEEDS_BRACES                                                                               \
    LGI_COUNTED                                                                                    \
    LGI_AT_EXIT_NUMBERED

/* `defer { … }`, the spelling of TS 25755: define LG_SHORT_NAMES before the include to get the name. Where the
 * compiler has TS 25755 (clang with -fdefer-ts), `defer` is the compiler's own. */
#if defined(LG_SHORT_NAMES) && !defined(defer)
#if defined(__STDC_DEFER_TS25755__)
#include <stddefer.h>
#else
#define defer LGI_AT_EXIT_NUMBERED
#endif
#endif

/* lg_defer(fn, args…): calls fn(args…) when the enclosing block is left. In a loop body, the call runs at
 * the end of each iteration (D6). Takes at most four arguments; allocates no memory. */
#define lg_defer(...)                                                                              \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_PLAIN, __COUNTER__, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_as(name, fn, args…): like lg_defer, and also declares `lg_deferred *const name`. Pass `name` to
 * lg_deferred_dismiss or lg_deferred_run. */
#define lg_defer_as(name, ...)                                                                     \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_NAMED_AS, __COUNTER__, LGI_COUNT(__VA_ARGS__), name, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_on_error(fn, args…) runs the call only if the function fails; lg_defer_on_success(fn, args…)
 * runs the call only if the function succeeds. Both compile only in an lg_func.
 *
 * The function succeeds if both conditions hold: the function was left by lg_return or after
 * lg_mark_success(); and the named result, if its type is lg_error *, is NULL at the moment when the
 * deferred call is due. Every other exit is a failure: a panic, goexit, cancellation, a C++ exception,
 * a plain `return` (D11). So lg_return(-1) in an lg_func (int, …) and lg_return(NULL) in an lg_func (char *, …)
 * count as success: in functions whose result is no lg_error *, use an lg_scope and lg_scope_dismiss instead.
 * A deferred call that may itself set the result, such as a closer, must run
 * before the on_error or on_success calls that depend on the result: so defer the closer after them. For a
 * closer in a scope (lg_adopt_fd and the like), register them in the same scope before the closer:
 *
 *     int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
 *     if (fd >= 0)
 *         lg_defer_on_error_in(&scope, unlink, path);               // also if the close fails
 *     lg_try(lg_adopt_fd(&scope, &out, fd, &err, "create %s", path));    // close.h
 *
 * The call's own result is discarded, as with every deferred call. So a commit that can fail is not deferred, but returned:
 * lg_return(commit(db)); or the deferred function gets &err, and joins its failure to the named result. An
 * lg_defer_on_error that was registered before the commit then runs after it, and undoes the work. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_defer_on_error(...)                                                                     \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_ON, __COUNTER__, LGI_COUNT(__VA_ARGS__), LGI_ON_ERROR, #__VA_ARGS__, __VA_ARGS__)
#define lg_defer_on_success(...)                                                                   \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_ON, __COUNTER__, LGI_COUNT(__VA_ARGS__), LGI_ON_SUCCESS, #__VA_ARGS__, __VA_ARGS__)
// clang-format on

/* lg_defer_contained(fn, args…): like lg_defer, but a panic in the call stops there and is joined, as an
 * error, to the function's result. Compiles only in an lg_func (lg_error *, …). A goexit in the call is
 * not contained. */
#define lg_defer_contained(...)                                                                    \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_CONTAIN, __COUNTER__, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

/* lg_scope(s): declares an lg_scope named `s`. The scope holds any number of calls and runs them, last
 * registered first, when the block that declares the scope is left. The first eight calls need no
 * allocation. An object whose address is passed to a call must be declared before the scope, so that the
 * object is still alive when the call runs (D13). Never copy or move a scope. */
#define lg_scope(name)                                                                             \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_SCOPE_AS, __COUNTER__, name)

/* lg_defer_in(scope, fn, args…): registers fn(args…) with the `lg_scope *` and returns an `lg_deferred *`.
 * An `lg_cleanups *` (move.h) will do too.
 * lg_defer_in is an expression. If no memory is left, lg_defer_in makes the call at once and then panics,
 * so that no cleanup is lost (D6). A deferred call may register further calls with the scope that is
 * running the deferred call. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_defer_in(scope, ...)                                                                    \
    LGI_EXPRESSION(LGI_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), scope, #__VA_ARGS__, __VA_ARGS__)
// clang-format on

/* ---- functions with a named result ------------------------------------------------------------- */

/* lg_func (T, name) { … }: the body of a function that returns T. `name` is the function's result;
 * its initial value is zero. Deferred calls may read and change `name` (D7).
 *
 *     lg_error *work(void)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_defer(annotate, &err);
 *             lg_return(lg_error_new("disk full"));    // err = …; defers run; return err
 *         }
 *     }
 *
 * Write lg_func once in a function, as the last statement. When control reaches the end of the block, the
 * function returns the result. A plain `return x;` compiles, but fixes the value x before the deferred
 * calls run, and counts as a failure (D11); if a deferred call then panics and the panic is recovered, x
 * is lost. A `break` or `continue` outside of a loop of the body leaves the block as reaching its end does.
 *
 * Debugging: if LG_DEBUG is defined before the first include of Lifoguard, a plain `return` out of an lg_func panics
 * after the deferred calls have run, and the message names the function; unless lg_mark_success was called. (A `goto` out
 * of the block does the same, and so do a C++ exception and pthread_exit that pass through the function.) */
#define lg_func(...)                                                                               \
    LGI_SEVENTH(__VA_ARGS__, LGI_FUNC_WRONG, LGI_FUNC_WRONG, LGI_FUNC_WRONG, LGI_FUNC_WRONG,       \
                LGI_FUNC_OF, LGI_FUNC_WRONG, ~)(__VA_ARGS__) if (0)                                \
    {                                                                                              \
    lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block:             \
        LGI_UNUSED;                                                                                \
        continue;                                                                                  \
    }                                                                                              \
    else

/* lg_func_void { … }: the body of a function that returns nothing; otherwise like lg_func. */
#define lg_func_void                                                                               \
    LGI_FUNC_VOID if (0)                                                                           \
    {                                                                                              \
    lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block:             \
        LGI_UNUSED;                                                                                \
        continue;                                                                                  \
    }                                                                                              \
    else

/* lg_func_recovers (T, name) { … } and lg_func_recovers_void { … }: like lg_func and lg_func_void, for a
 * function that may stop a panic with lg_defer_recover (panic.h). Entering such a function costs some
 * nanoseconds more. */
#define lg_func_recovers(...)                                                                      \
    LGI_SEVENTH(__VA_ARGS__, LGI_FUNC_WRONG, LGI_FUNC_WRONG, LGI_FUNC_WRONG, LGI_FUNC_WRONG,       \
                LGI_FUNC_OF, LGI_FUNC_WRONG, ~)(__VA_ARGS__)                                       \
        LGI_HEAD((void *)lg_return_stands_only_in_an_lg_func) if (LGI_SAVE(lgi_head))              \
    {                                                                                              \
    lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block:             \
        LGI_UNUSED;                                                                                \
        break;                                                                                     \
    }                                                                                              \
    else
#define lg_func_recovers_void                                                                      \
    LGI_FUNC_VOID LGI_HEAD((void *)0) if (LGI_SAVE(lgi_head))                                      \
    {                                                                                              \
    lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block:             \
        LGI_UNUSED;                                                                                \
        break;                                                                                     \
    }                                                                                              \
    else

// clang-format off: it takes the check in lg_return for an operand
/* lg_return(x): assigns x to the named result, runs the deferred calls, and returns the result.
 * lg_return_void(): the same in the two void forms; does not compile where the function has a result. Neither compiles inside a
 * deferred block. */
#define lg_return(...)                                                                             \
    do {                                                                                           \
        _Static_assert(sizeof(#__VA_ARGS__) > 1, LGI_RETURNED_TEXT);                               \
        LGI_IF_SEVERAL(LGI_RETURN_SEVERAL, LGI_RETURN_ONE, __VA_ARGS__, )(#__VA_ARGS__)            \
        *lg_return_stands_only_in_an_lg_func =                                                     \
            LGI_IF_GIVEN(LGI_RETURNED, LGI_RETURNED_NOTHING, __VA_ARGS__)(__VA_ARGS__);            \
        lgi_frame_succeeded((void *)&lgi_frame);                                                   \
        goto lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block;    \
    } while (0)
// clang-format on
#define lg_return_void()                                                                           \
    do {                                                                                           \
        _Static_assert(LGI_NO_RESULT, "the function has a result: write lg_return(value)");        \
        lgi_return_result();                                                                       \
    } while (0)
#define lgi_return_result()                                                                        \
    do {                                                                                           \
        lgi_frame_succeeded((void *)&lgi_frame);                                                   \
        goto lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block;    \
    } while (0)

/* lg_mark_success() marks the function as successful for lg_defer_on_success and lg_defer_on_error: for a
 * function that is left by another exit than lg_return. lg_mark_failure() removes the mark. lg_return and
 * lg_return_void set the mark again, so a lg_mark_failure() before them has no effect: leave a function that
 * has failed, and whose result is no lg_error *, by another exit. */
#define lg_mark_success() ((void)(LGI_FRAME.ok = 1))
#define lg_mark_failure() ((void)(LGI_FRAME.ok = 0))

#endif /* !__cplusplus */
/* ---- pending calls (D12) ------------------------------------------------------------------------- */

LG_BEGIN_DECLS

/* One pending call, as lg_pending_visit passes it to `visit`. */
typedef struct lg_pending_call {
    const char *call; /* the source text of the call: "fclose(file)" */
    const char *file; /* the file, function and line of the lg_defer */
    const char *caller;
    unsigned line;
    unsigned count;         /* the number of argument words */
    const uintptr_t *words; /* the arguments, each converted to uintptr_t */
} lg_pending_call;

/* Calls `visit` for each pending call of the calling goroutine, in the order in which the calls will run,
 * until `visit` returns false. Returns the number of calls visited. The lg_pending_call, and the memory
 * that its members point to, are valid only during the call of `visit`. `visit` may defer calls, but must
 * not leave by a panic that unwinds the caller's own pending calls. Calls that the library itself has
 * deferred are not visited. */
LG_API size_t lg_pending_visit(bool (*visit)(const lg_pending_call *call, void *data), void *data);

/* Writes each pending call of the calling goroutine to `stream` as one line, in the order of lg_pending_visit:
 * "fclose(file)  main.c:12 in read_all  0x5581…", the argument words last. ferror(stream) tells whether writing
 * failed. */
LG_API void lg_pending_print(FILE *stream);

/* The number of times that a longjmp of this goroutine has skipped deferred calls (D10). The library
 * notices skipped calls when the next enclosing record is left; the skipped calls never run. */
LG_API size_t lg_pending_skipped_count(void);

LG_END_DECLS

/* ---- all forms in a scope --------------------------------------------------------------------------- */

/* All forms of lg_defer in a scope: calls that depend on how the function ends, registered by an `if`, a loop or a helper
 * function (D19).
 *
 *     static void begin(lg_scope *scope, struct db *db)
 *     {
 *         lg_defer_on_error_in(scope, rollback, db);      // if the function that declares the scope fails
 *         lg_defer_on_success_in(scope, commit, db);
 *     }
 *
 * Each form is an expression, takes the `lg_scope *`, and returns an `lg_deferred *`, as lg_defer_in does. "The
 * function" is always the function that declares the scope, even if another function registers the call. If lg_scope_run runs
 * the calls early, the function's success is judged at that moment. lg_deferred_run makes such a call in any case; a panic in
 * the call propagates.
 *
 * Each form requires a scope that was declared in a suitable function, and checks this when the call is registered. If the
 * scope is not suitable, the form panics with a message that says where to declare the scope, and does not register the call.
 */

#ifndef __cplusplus
// clang-format off: the compilers show every line of a macro with an error

/* lg_defer_recover_in(scope, fn, args…): calls fn(lg_panic_info *panic, args…), as lg_defer_recover does: lg_recover(panic) in
 * the call stops the panic. The scope must be declared in an lg_func_recovers. (In an lg_defer_block a panic can be stopped so only while
 * nothing else panics, if clang compiles the block: see panic.h.) */
#define lg_defer_recover_in(scope, ...)                                                            \
    LGI_EXPRESSION(LGI_RECOVERING_IN, LGI_ID, LGI_COUNT(__VA_ARGS__), scope, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_on_error_in(scope, fn, args…) and lg_defer_on_success_in(scope, fn, args…): as lg_defer_on_error and
 * lg_defer_on_success do. The scope must be declared in an lg_func. If no memory is left, both panic: before that,
 * lg_defer_on_error_in makes the call, since the panic is a failure, and lg_defer_on_success_in does not. */
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
