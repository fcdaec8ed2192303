/* Blocking calls: lets a goroutine call a function that blocks its thread, in a library that knows nothing of goroutines.
 *
 *     int rc = lg_blocking(sqlite3_step, statement);
 *     int fd = lg_blocking(open, "/mnt/slow/file", O_RDONLY | O_CLOEXEC);     // does not compile: open is variadic
 *     int fd = lg_blocking(open_slow_file);                                   // so wrap the call in a function
 *
 * A helper thread makes the call; meanwhile the goroutine waits, and other goroutines run on the goroutine's thread.
 * lg_blocking returns the result of the function. errno is passed to the helper and back, as if the goroutine had made the
 * call itself. An unrecovered panic of the function continues in the goroutine, and so do lg_goexit and lg_exit. pthread_exit
 * in the function ends the process with a report.
 *
 * The function and its arguments follow the rules of lg_defer (defer.h). The result is void, an integer or a pointer; a
 * function with another result must write the result through a pointer argument. Objects that the arguments point to stay
 * alive, because the goroutine waits until the call has returned. For the same reason lg_blocking has no form with an
 * lg_until, and lg_exit waits for the call too. If a call must end in time, pass the function a limit of its own, or make
 * the call in a goroutine for which no other goroutine waits.
 *
 * Threads: on a thread of the program, and in an lg_go_thread, lg_blocking makes the call directly. The helper is another
 * thread than the goroutine's: thread-local variables differ, and the helper does not own a lock that belongs to the
 * goroutine's thread. For this library a helper is a thread of the program, and may wait like any other thread.
 *
 * Helpers: the library makes helpers on demand, up to the number that lg_blocking_set_threads sets. The library ends a helper
 * that has been idle for some seconds, but not before the child processes that the helper has started have ended (go.h). If
 * all helpers are busy, further calls wait for a free helper, in order. Deadlock: calls that wait for each other can use up
 * all helpers and wait for ever. If no thread can be made at all, lg_blocking makes the call directly, which blocks the
 * worker.
 */
#ifndef LIFOGUARD_BLOCKING_H
#define LIFOGUARD_BLOCKING_H

#include <stdint.h>

#include <lifoguard/defer.h>

LG_BEGIN_DECLS

/* Sets the maximum number of helpers, from now on; the default is 128. Returns an error if `count` is 0 or more than 65,536.
 * lg_resolve uses the same helpers. lg_blocking_threads returns the maximum. */
LG_API lg_error *lg_blocking_set_threads(unsigned count) __attribute__((__warn_unused_result__));
LG_API unsigned lg_blocking_threads(void);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_blocking(fn, args…): calls fn(args…) on a helper thread and returns the result of fn. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_blocking(...) LGI_EXPRESSION(LGI_BLOCKING, LGI_ID, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)
// clang-format on

// clang-format off: as in call.h
#define LGI_BLOCKING(id, n, text, ...)                                                            \
    __extension__({                                                                                \
        LGI_PRELUDE_##n(id, , , , LGI_ADVICE_GO, __VA_ARGS__)                                          \
        LGI_HANDED(id, n, text)                                                                    \
        _Static_assert(LGI_IS_VOID(LGI_RESULT(id)) || !LGI_RESULT_IN(LGI_RESULT(id), LGI_REAL, LGI_REAL), \
                       "a floating-point result: let the function write it through a pointer");    \
        (LGI_RESULT(id))lgi_blocking(LGI_HANDED_ARGS(id), sizeof(LGI_RESULT_OF(LGI_RESULT(id))));  \
    })
// clang-format on

#endif

LG_BEGIN_DECLS
/* Returns the low `size` bytes of the result. */
LG_API uintptr_t lgi_blocking(const struct lgi_site *site, lgi_function function,
                              const uintptr_t *words, size_t size);
LG_END_DECLS

#endif
