/* Calls that block, in libraries that know nothing of goroutines.
 *
 *     int rc = lg_blocking(sqlite3_step, statement);
 *     int fd = lg_blocking(open, "/mnt/slow/file", O_RDONLY | O_CLOEXEC);     // does not compile: open is variadic
 *     int fd = lg_blocking(open_slow_file);                                   // so wrap it
 *
 * The call is made on a helper thread, while the goroutine waits and others go on on its own. The value is the
 * function's result. Before and after, errno is the goroutine's as if it had made the call itself. A panic in it
 * that nothing there stops goes on in the goroutine, and so do lg_goexit and lg_exit. pthread_exit in it ends the
 * process with a report.
 *
 * Function and arguments obey the rules of lg_defer (defer.h); the result is void, an integer or a pointer: let
 * the function write anything else through a pointer. What is passed by pointer stays alive and where it is,
 * since the goroutine waits until the call has returned: it has no form with an lg_until, and lg_exit waits for it too. A
 * call that must be given up in time has to be given the means itself, or be made by a goroutine that nobody waits for.
 *
 * Threads: on one that the program made, or an lg_go_thread, the call is made directly. The helper is another thread
 * than the goroutine's: thread-local variables are other ones, a lock that its thread holds is another's; and to
 * this library it is a thread of the program, which may wait as any other.
 *
 * Helpers are made when they are needed, up to a number that can be set, and end when they have been idle for some seconds,
 * but not before the children that they have started (go.h).
 * Calls beyond it wait for their turn, in order: so calls that wait for each other can wait for ever. If no thread can
 * be made at all, the call is made directly, and blocks the worker. */
#ifndef LIFOGUARD_BLOCKING_H
#define LIFOGUARD_BLOCKING_H

#include <stdint.h>

#include <lifoguard/defer.h>

LG_BEGIN_DECLS

/* How many helpers there may be, from now on; 128 at first. 0 or more than 65,536: an error. They also serve lg_resolve. */
LG_API lg_error *lg_blocking_set_threads(unsigned count) __attribute__((__warn_unused_result__));
LG_API unsigned lg_blocking_threads(void);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* lg_blocking(fn, args…) */
#define lg_blocking(...) LGI_NUMBER(LGI_BLOCKING, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

// clang-format off: as in call.h
#define LGI_BLOCKING(id, n, text, ...) LGI_BLOCKING_(id, n, text, __VA_ARGS__)
#define LGI_BLOCKING_(id, n, text, ...)                                                            \
    __extension__({                                                                                \
        LGI_HANDED(id, n, text, __VA_ARGS__)                                                       \
        _Static_assert(LGI_IS_VOID(LGI_RESULT(id)) || !LGI_RESULT_IN(LGI_RESULT(id), LGI_REAL, LGI_REAL), \
                       "a floating-point result: let the function write it through a pointer");    \
        (LGI_RESULT(id))lgi_blocking(LGI_HANDED_ARGS(id), sizeof(LGI_RESULT_OF(LGI_RESULT(id))));  \
    })
// clang-format on

#endif

LG_BEGIN_DECLS
/* The result's `size` low bytes. */
LG_API uintptr_t lgi_blocking(const struct lgi_site *site, lgi_function function,
                              const uintptr_t *words, size_t size);
LG_END_DECLS

#endif
