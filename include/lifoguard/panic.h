/* Panic, recover, goexit, exit.
 *
 * A panic leaves every block of the calling thread (goroutine) from the inside out, running what is
 * deferred there (P1), until a deferred call stops it or nothing is left; then it is reported and the
 * process ends with status 2 (P5, P8). Panics need no memory (P10). They are the platform's stack
 * unwinding: frames compiled without -fexceptions are passed over, and what they deferred is lost, so
 * the report names what could not be reached.
 *
 * Threads: any. Not from a signal handler (hardware faults are not panics, P13), nor in a forked
 * child that has its parent's calls pending: there they refuse, say so, and end the child.
 */
#ifndef LIFOGUARD_PANIC_H
#define LIFOGUARD_PANIC_H

#include <stdbool.h>

#include <lifoguard/defer.h>

LG_BEGIN_DECLS

/* lg_panic(format, …): begins a panic with a message, as printf makes it. The message is kept to 255
 * bytes; a longer one is cut. Never returns.
 * lg_panic_with_error(error): with an error, which it takes; NULL panics with a message that says so.
 * lg_panic_with_pointer(pointer): with a pointer, which means something to whoever recovers it. */
#define lg_panic(...) lgi_panic(__FILE__, __LINE__, __VA_ARGS__)
#define lg_panic_with_error(error) lgi_panic_error(__FILE__, __LINE__, error)
#define lg_panic_with_pointer(pointer) lgi_panic_pointer(__FILE__, __LINE__, pointer)

/* Runs all that is deferred on the calling goroutine, then ends it (P6). On a plain thread it ends as
 * by pthread_exit(NULL), on main likewise: the other threads go on (P14). A deferred call of it may
 * panic and be recovered; the goexit then goes on. Never returns. */
LG_API void lg_goexit(void) __attribute__((noreturn));

/* Runs all that is deferred on the calling goroutine, then calls exit(status) (D10). Never returns. If main returns
 * meanwhile, or another thread calls exit, that waits for it, ten seconds for what is deferred at the most, and the
 * status is this one. */
LG_API void lg_exit(int status) __attribute__((noreturn));

/* ---- for deferred calls that may recover -------------------------------------------------------- */

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif
/* lg_defer_recover(fn, args…): calls fn(lg_panic_info *panic, args…) when the enclosing block is left;
 * `panic` is NULL unless a panic is under way. Only in an lg_func_recovers, and not directly in a
 * deferred block. At most four arguments besides the panic. */
// clang-format off: it would take the first word for a statement
#define lg_defer_recover(...)                                                                      \
    LGI_NEEDS_BRACES LGI_NUMBER(LGI_RECOVERING, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)
// clang-format on
#endif

/* Stops the panic: the function that deferred the call runs its other cleanups, with no panic any
 * more, and returns its named result to its caller (P3). Returns false, and does nothing, if
 * `panic` is NULL. `panic` and what it holds is valid until the deferred call returns. */
LG_API bool lg_recover(lg_panic_info *panic);

/* The panic as text: the message, the error's one line, or "pointer 0x…". Never NULL. */
LG_API const char *lg_panic_message(const lg_panic_info *panic);

/* The error it was begun with, still the panic's, or NULL. */
LG_API const lg_error *lg_panic_error(const lg_panic_info *panic);

/* The pointer it was begun with, or NULL. */
LG_API void *lg_panic_pointer(const lg_panic_info *panic);

/* Makes an error of the panic, owned by the caller: the one it was begun with (taken out of it), or a
 * new one with its message, file and line. NULL for NULL. */
LG_API lg_error *lg_panic_take_error(lg_panic_info *panic);

/* The panic that this one replaced (P4), or NULL. */
LG_API const lg_panic_info *lg_panic_previous(const lg_panic_info *panic);

/* Where it was begun; "lifoguard" and 0 if the library began it (E8): its report says where the program called the library. */
LG_API const char *lg_panic_file(const lg_panic_info *panic);
LG_API unsigned lg_panic_line(const lg_panic_info *panic);

/* ---- panics that became errors ---------------------------------------------------------------- */

/* The kind of an error that a panic became which nothing stopped (group.h). It reads "panic: message", and has as its
 * cause the error that the panic was begun with. lg_error_print_tree adds what a report would say: the panics that it
 * replaced, the goroutine, the deferred calls that it ran, the stack. */
extern LG_API const lg_error_kind lg_panic_kind;

/* ---- what the macros call ----------------------------------------------------------------------- */

LG_API void lgi_panic(const char *file, unsigned line, const char *format, ...)
    __attribute__((noreturn, cold)) LGI_PRINTF(3, 4);
LG_API void lgi_panic_error(const char *file, unsigned line, lg_error *error)
    __attribute__((noreturn, cold));
LG_API void lgi_panic_pointer(const char *file, unsigned line, void *pointer)
    __attribute__((noreturn, cold));

LG_END_DECLS

#endif
