/* Deferred calls: run when the enclosing block, or a scope, is left, however it is left.
 *
 *     lg_defer_block { … }            a block; sees variables as they are when it runs
 *     lg_defer(fn, args…);            a call; function and arguments evaluated now       (D2, D9)
 *     lg_scope(s); lg_defer_in(&s, fn, args…);
 *                                     a call, made when the block that holds `s` is left: for
 *                                     conditionals, loops and helpers                    (D6)
 *     lg_defer_recover(fn, args…);    a call that is given the panic (panic.h)           (P2)
 *
 * All of them, other people's cleanup variables and C++ destructors on the same stack run in the one
 * true reverse order (D1, D13), on fall-through, return, break, continue, goto, panic and goexit (D4);
 * not on exit, exec, abort, a fatal signal or longjmp (D10).
 *
 * Which functions: all parameters are pointers or integers of int width or more, at most four; the
 * result is void or a scalar, and is dropped. Anything else does not compile, and the message says
 * what to write. (The reason: while unwinding, the library makes the call from argument words.)
 *
 * Threads: everything here belongs to the calling thread (goroutine). Any thread may use it, with
 * nothing to initialise, also in constructors, destructors and atexit handlers. After fork, the child
 * must not unwind into the parent's pending calls: lg_panic, lg_goexit and lg_exit there refuse, say
 * so on stderr and end the child with status 2.
 */
#ifndef LIFOGUARD_DEFER_H
#define LIFOGUARD_DEFER_H

#include <lifoguard/impl/record.h>
#include <stdbool.h>
#include <stdio.h>

LG_BEGIN_DECLS

/* A call that is pending, or was, from lg_defer_as or lg_defer_in: valid until the block is left that it, or
 * its scope, stands in. (A place in a scope that has been run is used again by what is registered next.) */

/* Takes a pending call back: it will not run (D11). NULL, run already, or dismissed: does nothing.
 * Must be called by the thread that registered it. */
LG_API void lg_deferred_dismiss(lg_deferred *deferred);

/* Makes a pending call now, and not again later (D11). NULL, run already, or dismissed: does nothing.
 * A panic of the call goes on from here. */
LG_API void lg_deferred_run(lg_deferred *deferred);

/* Runs all that a scope holds, last first; it can be used again afterwards. A panic goes on from
 * here, and what had not run yet runs when the scope is left. */
LG_API void lg_scope_run(lg_scope *scope);

/* Drops all that a scope holds, without running it. */
LG_API void lg_scope_dismiss(lg_scope *scope);

/* How many calls a scope holds. */
LG_API size_t lg_scope_count(const lg_scope *scope);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* lg_defer_block { … }: the block is run when the enclosing block is left.
 *
 * Costs nothing over hand-written cleanup. It has no record: lg_pending_visit does not list it (D12). A
 * panic must not leave it while another unwinding is under way, as with a C++ destructor: clang's
 * code cannot pass it on, and the process ends with a report (panic.h). A `return` in it does not
 * compile on clang; on gcc it leaves only the block. */
#define lg_defer_block                                                                             \
    LGI_NEEDS_BRACES                                                                               \
    LGI_AT_EXIT_NUMBERED

/* TS 25755's spelling, for those who ask for it: define LG_SHORT_NAMES before including. With clang
 * it is the compiler's own. */
#if defined(LG_SHORT_NAMES) && !defined(defer)
#if defined(__clang__)
#include <stddefer.h>
#else
#define defer LGI_AT_EXIT_NUMBERED
#endif
#endif

/* lg_defer(fn, args…): calls fn(args…) when the enclosing block is left. In a loop body that is the
 * end of each pass (D6). No allocation; at most four arguments. */
#define lg_defer(...)                                                                              \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_PLAIN, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_as(name, fn, args…): the same, and declares `lg_deferred *const name`, with which it can be
 * dismissed or run early. */
#define lg_defer_as(name, ...)                                                                     \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_NAMED_AS, LGI_COUNT(__VA_ARGS__), name, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_on_error(fn, args…), lg_defer_on_success(fn, args…): only in an lg_func. The function
 * succeeds if it is left by lg_return, or after lg_mark_success(), and its named result, where that
 * is an lg_error *, is NULL when the deferred call's turn comes. Every other exit is a failure: a
 * panic, goexit, cancellation, a C++ exception, a plain return (D11). So what may itself fail, such as a
 * closer that reports to the result, is deferred after what depends on it: it runs before. */
#define lg_defer_on_error(...)                                                                     \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_ON, LGI_COUNT(__VA_ARGS__), LGI_ON_ERROR, #__VA_ARGS__, __VA_ARGS__)
#define lg_defer_on_success(...)                                                                   \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_ON, LGI_COUNT(__VA_ARGS__), LGI_ON_SUCCESS, #__VA_ARGS__, __VA_ARGS__)

/* lg_defer_contained(fn, args…): only in an lg_func (lg_error *, …). If the call panics, the panic
 * stops there and is joined to the result as an error. A goexit is not contained. */
#define lg_defer_contained(...)                                                                    \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_CONTAIN, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

/* lg_scope(s): declares an lg_scope named s. It takes any number of calls, the first eight without
 * allocation, and runs them, last first, when the block it stands in is left. What it is given by
 * pointer must be declared before it, to be alive then (D13). Never copy or move it. */
#define lg_scope(name)                                                                             \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_SCOPE_AS, name)

/* lg_defer_in(scope, fn, args…): registers fn(args…) with an `lg_scope *`; its value is the
 * `lg_deferred *`. Can stand wherever an expression can. Out of memory: makes the call at once and then
 * panics, so that nothing is lost (D6). A deferred call may add to the scope that is running it. */
#define lg_defer_in(scope, ...)                                                                    \
    LGI_NUMBER(LGI_IN, LGI_COUNT(__VA_ARGS__), scope, #__VA_ARGS__, __VA_ARGS__)

/* ---- functions with a named result ------------------------------------------------------------- */

/* lg_func (T, name) { … }: the body of a function that returns T. `name` is its result, at first zero;
 * deferred calls may read and change it (D7).
 *
 *     lg_error *work(void)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_defer(annotate, &err);
 *             lg_return(lg_error_new("disk full"));    // err = …; defers run; return err
 *         }
 *     }
 *
 * Once in a function, as its last statement. Running off the end of the block returns the result too.
 * A plain `return x;` in it compiles, but fixes x before the deferred calls run and counts as a failure
 * (D11); if a deferred call then panics and is recovered, x is lost. `break` and `continue` that
 * belong to no loop of the body's own leave the block as running off its end does. */
#define lg_func(T, name)                                                                           \
    LGI_FUNC(T, name) if (0)                                                                       \
    {                                                                                              \
        LGI_RETURN_LABEL continue;                                                                 \
    }                                                                                              \
    else

/* The same for a function that returns nothing. */
#define lg_func_void                                                                               \
    LGI_FUNC_VOID if (0)                                                                           \
    {                                                                                              \
        LGI_RETURN_LABEL continue;                                                                 \
    }                                                                                              \
    else

/* lg_func_recovers (T, name) { … }, lg_func_recovers_void { … }: the same for a function that may stop
 * a panic with lg_defer_recover (panic.h). It costs some nanoseconds more. */
#define lg_func_recovers(T, name)                                                                  \
    LGI_FUNC(T, name) LGI_HEAD(&name) if (LGI_SAVE(lgi_head))                                      \
    {                                                                                              \
        LGI_RETURN_LABEL break;                                                                    \
    }                                                                                              \
    else
#define lg_func_recovers_void                                                                      \
    LGI_FUNC_VOID LGI_HEAD((void *)0) if (LGI_SAVE(lgi_head))                                      \
    {                                                                                              \
        LGI_RETURN_LABEL break;                                                                    \
    }                                                                                              \
    else

/* lg_return(x): sets the named result, leaves the block (deferred calls run), returns the result.
 * lg_return_void() is its form for the two void functions. Not inside a deferred block. */
#define lg_return(x)                                                                               \
    do {                                                                                           \
        *lg_return_stands_only_in_an_lg_func = (x);                                                \
        LGI_FRAME.ok = 1;                                                                          \
        goto lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block;                      \
    } while (0)
#define lg_return_void()                                                                           \
    do {                                                                                           \
        LGI_FRAME.ok = 1;                                                                          \
        goto lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block;                      \
    } while (0)

/* Marks the function as successful for lg_defer_on_success and lg_defer_on_error, for one that is left
 * otherwise than by lg_return; lg_mark_failure takes it back. */
#define lg_mark_success() ((void)(LGI_FRAME.ok = 1))
#define lg_mark_failure() ((void)(LGI_FRAME.ok = 0))

#endif /* !__cplusplus */
/* What is still to be cleaned up: the pending deferred calls of the calling goroutine (D12).
 * `lg_defer_block` and other people's cleanup variables have no record, and are not listed. */

LG_BEGIN_DECLS

typedef struct lg_pending_call {
    const char *call; /* as written: "fclose(file)" */
    const char *file; /* where it was deferred */
    const char *function;
    unsigned line;
    unsigned count;         /* of argument words */
    const uintptr_t *words; /* the arguments, each as a uintptr_t */
} lg_pending_call;

/* Calls visit for each pending call, the next one to run first, until it returns false. What is
 * pointed to is valid during the visit. visit may itself defer, but not leave by panic into
 * the caller's own pending calls. Calls that the library itself has deferred are left out.
 * Returns the number of calls visited. */
LG_API size_t lg_pending_visit(bool (*visit)(const lg_pending_call *call, void *data), void *data);

/* Writes them to a stream, one a line: "fclose(file)  main.c:12 in read_all  0x5581…". */
LG_API void lg_pending_print(FILE *stream);

/* How many times deferred calls of this goroutine were found to have been skipped by a longjmp (D10). It is
 * noticed when the next record around them is left; they never run. */
LG_API size_t lg_pending_skipped_count(void);

LG_END_DECLS

#endif
