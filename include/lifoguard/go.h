/* Goroutines: functions that run concurrently, each on a stack of its own, many of them on a few threads.
 *
 *     lg_go(serve, connection);                          // starts serve(connection)
 *     lg_go_owned(serve, connection, connection_free);   // the same; calls connection_free(connection) if
 *                                                        // serve is never called
 *     lg_go_thread(compress, job);                       // on a thread of its own: for code that blocks or
 *                                                        // computes for long
 *     lg_go_with(((lg_go_options){.name = "listener", .stack_size = 1 << 20}), listen_on, socket);
 *
 * The function and its arguments are evaluated now and follow the rules of lg_defer (defer.h): at most four arguments,
 * of which one may be an lg_until, which counts as two; the result is discarded. Deferred calls of the function run when
 * the function is left by return, panic or lg_goexit, independently of the goroutine that called lg_go (G1, G2). An
 * unrecovered panic in any goroutine ends the process (P8).
 *
 * Threads: a running goroutine never moves to another thread (G5), so errno, thread-local variables and libraries
 * that are tied to a thread work as usual; but other goroutines run on the same thread while the goroutine waits.
 * Goroutines are not preempted: a goroutine that computes for long should call lg_yield now and then, and a
 * goroutine that blocks its thread (in read(), in a library) should be started by lg_go_thread or make the call by
 * lg_blocking. A goroutine starts on the worker of the goroutine that called lg_go, unless that worker is busy
 * and another worker is idle. So goroutines that all start quickly, and compute only later, may all be on one worker: start
 * such goroutines with .spread. Threads that the program creates may call every function here, and can do everything that
 * goroutines can do. The library's own threads cannot be cancelled by pthread_cancel. pthread_exit in a goroutine ends
 * the process with a report; call lg_goexit instead.
 *
 * Signals and child processes: the worker threads have the signal mask of the thread that started the first goroutine,
 * with fault signals (SIGSEGV and the like) unblocked. So a child process that a goroutine starts, by any
 * function, begins with the same mask as a child of main, and so does a program that a goroutine executes (G7). Block
 * the signals that the program waits for with sigwait or a signalfd before the first goroutine starts, as before any
 * thread. A signal handler may run on the stack of any goroutine; with SA_ONSTACK, the handler runs on a stack of
 * 256 KB, which every thread of the library has (unless lg_decline_segv_handler was called). PR_SET_PDEATHSIG refers
 * to the end of the thread that started the child: worker threads do not end, and the thread of an lg_go_thread, or a
 * helper thread, does not end before its children have been waited for.
 *
 * Process: when main returns, all goroutines end where they are, as in Go; lg_exit unwinds them first. Deadlock: when
 * every goroutine waits for an event that only another goroutine could cause, the process ends with status 2 and a
 * list of the goroutines. (Without /proc, the library cannot know whether the program has other threads, and reports
 * no deadlock.) Fork: the goroutines stay in the parent. A child of a program that has used goroutines cannot
 * start any: lg_go and its forms panic there, and so does a wait without a limit; a wait with a limit, lg_sleep and lg_yield
 * work. docs/rules.md says what else a child may do ("Where a panic cannot go").
 *
 * Stacks: the default size is 128 KB (512 KB in programs with a sanitizer); only touched pages take memory. The
 * default suffices for libraries that know nothing of goroutines: printf of a long double takes 7 KB (52 KB with 5,000
 * digits), the rest of libc 21 KB, an OpenSSL handshake 14 KB, libcurl 8 KB and SQLite 6 KB
 * (tests/foreign/libraries_test.c). On an overflow, the library reports the goroutine's name and where it was started,
 * and ends the process with status 2. In code compiled with -fstack-clash-protection, which the library's pkg-config
 * file and its packages for CMake and Meson add, every overflow is detected, however large the frame. For other code,
 * each stack has a guard area below: 896 KB for the first 4,096 stacks of a size, 128 KB for later stacks, and one
 * page if RLIMIT_AS leaves no addresses for more.
 */
#ifndef LIFOGUARD_GO_H
#define LIFOGUARD_GO_H

#include <stdint.h>
#include <stdio.h>

#include <lifoguard/defer.h>
#include <lifoguard/time.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

typedef struct lg_go_options {
    const char *name; /* for reports; must outlive the goroutine. NULL: the function's name */
    /* In bytes, rounded up to a power of two and to at least 16 KB; 0: the default. More than 1 GB panics. */
    size_t stack_size;
    /* Called with the first argument if the function is never called (G4). NULL: nothing is called. */
    void (*free)(void *first_argument);
    /* Run the goroutine on a thread of its own. By default its stack is as large as those of other threads; where an
     * address limit (RLIMIT_AS) leaves no room for that, the stack is smaller, but at least 256 KB. */
    bool thread;
    /* Start the goroutine on the worker that has fewer goroutines, of two workers that take turns; not on the caller's. */
    bool spread;
    const lg_until
        *until; /* for lg_group_go_with: the limit of the wait for a place. NULL: no limit */
} lg_go_options;

/* Lets the other ready goroutines of this thread run first. On a thread of the program: sched_yield. Like every wait,
 * lg_yield is a point where lg_exit ends the goroutine. */
LG_API void lg_yield(void);

/* Waits for `duration`. For 0 or less, only lets other goroutines run. */
LG_API void lg_sleep(lg_duration duration);

/* Like lg_sleep; returns an error if `until` comes before `duration` has passed (until.h). */
LG_API lg_error *lg_sleep_until(lg_duration duration, lg_until until)
    __attribute__((__warn_unused_result__));

/* The number of the calling goroutine, from 1; numbers are never reused. 0 on main and other threads of the program. */
LG_API uint64_t lg_goroutine_id(void);

/* The name of the calling goroutine: the name from lg_go_options, or the name of its function; "main" or "thread" on a
 * thread of the program. */
LG_API const char *lg_goroutine_name(void);

/* lg_set_workers sets the number of worker threads; lg_workers returns it. The default, set when the first goroutine
 * starts, is LIFOGUARD_WORKERS from the environment, or else the number of processors that the process may use. If you
 * lower the count, surplus workers finish what they run and start nothing new. Returns an error if `count` is 0 or
 * more than 1024. */
LG_API lg_error *lg_set_workers(unsigned count) __attribute__((__warn_unused_result__));
LG_API unsigned lg_workers(void);

/* Sets the default stack size, in bytes, for goroutines that start from now on. 0 restores the initial default. Returns an
 * error if `bytes` is more than 1 GB. */
LG_API lg_error *lg_set_stack_size(size_t bytes) __attribute__((__warn_unused_result__));

/* Keeps the library from installing its SIGSEGV handler, if called before the first goroutine starts. The handler distinguishes
 * stack overflows from other faults. (The handler passes other faults on to the earlier handler, and runs on a stack of its
 * own.) */
LG_API void lg_decline_segv_handler(void);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_go(fn, args…): starts fn(args…) in a new goroutine, and does not wait. If memory or threads run out, or fn is NULL, lg_go
 * panics, and has started nothing. */
// clang-format off: the compilers show every line of a macro with an error
#define lg_go(...)                                                                                 \
    LGI_LINED(LGI_GO, __LINE__, LGI_COUNT(__VA_ARGS__), 1, ((lg_go_options){0}), #__VA_ARGS__, __VA_ARGS__)

/* lg_go_thread(fn, args…): like lg_go, on a thread of its own. */
#define lg_go_thread(...)                                                                          \
    LGI_LINED(LGI_GO, __LINE__, LGI_COUNT(__VA_ARGS__), 1, ((lg_go_options){.thread = true}), #__VA_ARGS__, __VA_ARGS__)

/* lg_go_owned(fn, argument, more…, free): like lg_go(fn, argument, more…), and the goroutine owns the first argument. If fn is
 * never called, because lg_exit ends the process first or no memory is left, the library calls free(argument) (G4). Without
 * memory, lg_go_owned then panics as lg_go does. */
#define lg_go_owned(fn, argument, ...)                                                             \
    LGI_LINED(LGI_OWNED_GO, __LINE__, LGI_COUNT(__VA_ARGS__), LGI_GO_OWNED, 0, #fn ", " #argument, fn, argument, __VA_ARGS__)

/* lg_go_with(options, fn, args…): like lg_go, with an lg_go_options. */
#define lg_go_with(options, ...)                                                                   \
    LGI_LINED(LGI_FORM(LGI_PARENTHESES options)(LGI_GO, LGI_LOOSE), __LINE__, LGI_COUNT(__VA_ARGS__), LGI_IS_A(lg_go_options, options), LGI_A(lg_go_options, options), #__VA_ARGS__, __VA_ARGS__)
// clang-format on

/* The library calls `free` through this type; any function of one pointer is accepted. */
#define LGI_FREE(free_, argument)                                                                  \
    __extension__({                                                                                \
        if (0)                                                                                     \
            (free_)(argument);                                                                     \
        (void (*)(void *))(void (*)(void))(free_);                                                 \
    })

/* The number is that of the arguments between the first one and the function that frees the first. `how` makes the start
 * in the group `where`, or in none. */
#define LGI_OWNED_GO(id, n, how, where, text, ...)                                                 \
    LGI_OWNED_GO_##n(id, how, where, text, __VA_ARGS__)
#define LGI_OWNED_GO_0(id, how, where, text, f, a, free_)                                          \
    how(id, 1, where, LGI_OWNED_OPTIONS(free_, a), text, f, a)
#define LGI_OWNED_GO_1(id, how, where, text, f, a, b, free_)                                       \
    how(id, 2, where, LGI_OWNED_OPTIONS(free_, a), text, f, a, b)
#define LGI_OWNED_GO_2(id, how, where, text, f, a, b, c, free_)                                    \
    how(id, 3, where, LGI_OWNED_OPTIONS(free_, a), text, f, a, b, c)
#define LGI_OWNED_GO_3(id, how, where, text, f, a, b, c, d, free_)                                 \
    how(id, 4, where, LGI_OWNED_OPTIONS(free_, a), text, f, a, b, c, d)
#define LGI_OWNED_GO_4(id, how, where, text, ...)                                                  \
    LGI_OWNED_GO_lgi_many(id, how, where, text, __VA_ARGS__)
#define LGI_OWNED_GO_lgi_nothing(id, how, where, text, ...)                                        \
    _Static_assert(0, "what frees the argument is missing: write it as the last argument")
#define LGI_OWNED_GO_lgi_many(id, how, where, text, ...)                                           \
    _Static_assert(0, LGI_MANY_TEXT LGI_ADVICE_GO)
#define LGI_OWNED_OPTIONS(free_, argument) ((lg_go_options){.free = LGI_FREE(free_, argument)})
#define LGI_GO_OWNED(id, n, where, ...) LGI_GO(id, n, 1, __VA_ARGS__)

#define LGI_GO(id, n, right, options, text, ...)                                                               \
    __extension__({                                                                                            \
        enum { lgi_right_##id = right };                                                                       \
        _Static_assert(                                                                                        \
            !!lgi_right_##id,                                                                                  \
            "the options stand first: write ((lg_go_options){.name = ...}), the function, and its arguments"); \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)                             \
            LGI_HANDED(id, n, text) const lg_go_options lgi_options_##id = options;                            \
        lgi_go(LGI_HANDED_ARGS(id), &lgi_options_##id);                                                        \
    })

#endif

LG_BEGIN_DECLS
LG_API void lgi_go(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                   const lg_go_options *options);
LG_END_DECLS

/* ---- blocking calls --------------------------------------------------------------------------------- */

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
 * that has been idle for some seconds, but not before the child processes that the helper has started have ended. If
 * all helpers are busy, further calls wait for a free helper, in order. Deadlock: calls that wait for each other can use up
 * all helpers and wait for ever. If no thread can be made at all, lg_blocking makes the call directly, which blocks the
 * worker.
 */

LG_BEGIN_DECLS

/* Sets the maximum number of helpers, from now on; the default is 128. Returns an error if `count` is 0 or more than 65,536.
 * lg_resolve uses the same helpers. lg_blocking_threads returns the maximum. */
LG_API lg_error *lg_blocking_set_threads(unsigned count) __attribute__((__warn_unused_result__));
LG_API unsigned lg_blocking_threads(void);

LG_END_DECLS

#ifndef __cplusplus

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
