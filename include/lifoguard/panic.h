/* Panic, recover, goexit, exit.
 *
 * A panic unwinds the calling goroutine or thread: the deferred calls run from the innermost block outwards
 * (P1), until a deferred call recovers the panic. If no deferred call does, the library prints a report
 * and ends the process with status 2 (P5, P8). Panicking needs no memory (P10). A panic is a stack
 * unwinding of the platform: the unwinder skips frames that were compiled without -fexceptions, and the
 * calls deferred in such frames do not run; the report names them.
 *
 * Threads: any thread or goroutine may panic. Do not panic in a signal handler (a hardware fault is not a
 * panic, P13). In a forked child that has pending calls of its parent, lg_panic, lg_goexit and lg_exit
 * print a message and end the child with status 2.
 */
#ifndef LIFOGUARD_PANIC_H
#define LIFOGUARD_PANIC_H

#include <stdbool.h>

#include <lifoguard/defer.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

/* lg_panic(format, …): begins a panic with a printf-style message. The library keeps the first 255 bytes
 * of the message.
 * lg_panic_with_error(error): begins a panic with an error, and takes ownership of the error. For NULL, the
 * panic has a message that says that the error was NULL.
 * lg_panic_with_pointer(pointer): begins a panic with a pointer of the caller's choice. The library only
 * passes the pointer on; the recovering call reads it by lg_panic_pointer.
 *
 * None of the three returns. */
#define lg_panic(...) lgi_panic(__FILE__, __LINE__, __VA_ARGS__)
#define lg_panic_with_error(error) lgi_panic_error(__FILE__, __LINE__, error)
#define lg_panic_with_pointer(pointer) lgi_panic_pointer(__FILE__, __LINE__, pointer)

/* Runs all deferred calls of the calling goroutine, then ends the goroutine (P6). On a thread of the
 * program, including main, lg_goexit ends the thread as pthread_exit(NULL) does; the other threads
 * continue (P14). If a deferred call panics and the panic is recovered, the goexit continues. Never
 * returns. */
LG_API void lg_goexit(void) __attribute__((noreturn));

/* Runs all deferred calls of the calling goroutine, then calls exit(status) (D10). Never returns. If main
 * returns or another thread or goroutine calls exit meanwhile, that exit waits for lg_exit to finish, but at
 * most ten seconds for the deferred calls; the process ends with the status of lg_exit. In a function that exit calls
 * (atexit, a destructor), lg_exit replaces the status, and the remaining functions are called. */
LG_API void lg_exit(int status) __attribute__((noreturn));

/* ---- deferred calls that may recover ------------------------------------------------------------ */

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif
/* lg_defer_recover(fn, args…): calls fn(lg_panic_info *panic, args…) when the enclosing block is left.
 * `panic` is NULL unless a panic is under way. Takes at most four arguments besides `panic`. Compiles only
 * in an lg_func_recovers or lg_func_recovers_void, and not directly in a deferred block. */
// clang-format off: it would take the first word for a statement
#define lg_defer_recover(...)                                                                      \
    LGI_NEEDS_BRACES LGI_NUMBERED(LGI_RECOVERING, __COUNTER__, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)
// clang-format on
#endif

/* Stops the panic. The function that deferred the call then runs its remaining cleanups and returns its
 * named result to its caller as usual (P3). Returns false, and does nothing, if `panic` is NULL. `panic`, and
 * all that the functions below return from it, is valid until the deferred call returns. */
LG_API bool lg_recover(lg_panic_info *panic);

/* The panic as text: the message, the text of the error in one line, or "pointer 0x…". Never NULL. */
LG_API const char *lg_panic_message(const lg_panic_info *panic);

/* The error of lg_panic_with_error, or NULL for other panics. The panic still owns the error. */
LG_API const lg_error *lg_panic_error(const lg_panic_info *panic);

/* The pointer of lg_panic_with_pointer, or NULL for other panics. */
LG_API void *lg_panic_pointer(const lg_panic_info *panic);

/* Converts the panic to an error that the caller owns: the error of lg_panic_with_error, which the panic
 * gives up, or a new error with the panic's message, file and line. NULL for a NULL panic. */
LG_API lg_error *lg_panic_take_error(lg_panic_info *panic);

/* The earlier panic that this panic replaced (P4), or NULL. */
LG_API const lg_panic_info *lg_panic_previous(const lg_panic_info *panic);

/* The file and line where the panic began. For a panic that the library itself began: "lifoguard" and 0
 * (E8); the report of such a panic names the place where the program called the library. */
LG_API const char *lg_panic_file(const lg_panic_info *panic);
LG_API unsigned lg_panic_line(const lg_panic_info *panic);

/* ---- panics that became errors --------------------------------------------------------------- */

/* The kind of the error that a group makes of an unrecovered panic (group.h). The error reads "panic:
 * message"; its cause is the error that the panic was begun with, if any. lg_error_print_tree also prints
 * what a panic report contains: the replaced panics, the goroutine, the deferred calls that ran, the stack. */
extern LG_API const lg_error_kind lg_panic_kind;

/* ---- internal: called by the macros ------------------------------------------------------------- */

LG_API void lgi_panic(const char *file, unsigned line, const char *format, ...)
    __attribute__((noreturn, cold)) LGI_PRINTF(3, 4);
LG_API void lgi_panic_error(const char *file, unsigned line, lg_error *error)
    __attribute__((noreturn, cold));
LG_API void lgi_panic_pointer(const char *file, unsigned line, void *pointer)
    __attribute__((noreturn, cold));

LG_END_DECLS

/* ---- calls whose panic becomes an error ------------------------------------------------------------- */

/* Calling a function whose panic becomes an error: for tests, plugin hosts, and other programs that call code that may panic.
 *
 *     lg_error *err = lg_call_contained(plugin->render, page, output);
 *     if (err)
 *         lg_error_print_tree(err, stderr);         // "panic: …", with its stack
 */

LG_BEGIN_DECLS

LG_API lg_error *lgi_call_contained(const struct lgi_site *site, lgi_function function,
                                    const uintptr_t *words, bool returns_error)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#ifndef __cplusplus

/* lg_call_contained(fn, args…): calls fn(args…) now. Returns NULL if the function returned; or, if the function returns an
 * lg_error *, that error. A panic of the function stops here and is returned as an error of the kind lg_panic_kind,
 * whose cause is the error that the panic was begun with, if any. The function's deferred calls have run then (P1).
 *
 * lg_goexit and lg_exit in the function are not stopped; they continue through the caller. The function and its arguments
 * follow the rules of lg_defer. A result of another type than lg_error * is dropped. */
#define lg_call_contained(...)                                                                     \
    LGI_LINED(LGI_CALL_CONTAINED, __LINE__, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

// clang-format off
#define LGI_CALL_CONTAINED(id, n, text, ...)                                                      \
    LGI_USED(__extension__({                                                                                \
        LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                       \
        LGI_HANDED(id, n, text)                                                                    \
        lgi_call_contained(LGI_HANDED_ARGS(id),                                                    \
                           __builtin_types_compatible_p(LGI_RESULT(id), lg_error *));              \
    }))
// clang-format on

#endif /* !__cplusplus */

#endif
