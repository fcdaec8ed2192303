/* Goroutines: functions that run at the same time, each on a stack of its own, many on a few threads.
 *
 *     lg_go(serve, connection);                          // serve(connection), from now on
 *     lg_go_owned(serve, connection, connection_free);   // … or connection_free(connection), if it never starts
 *     lg_go_thread(compress, job);                       // on a thread of its own: for what blocks or computes
 *     lg_go_with(((lg_go_options){.name = "listener", .stack_size = 1 << 20}), listen_on, socket);
 *
 * The function and its arguments are evaluated now and obey the rules of lg_defer (defer.h): at most four words,
 * a result that is dropped. What the function defers runs when it is left, by return, panic or lg_goexit; it has
 * nothing to do with what its starter has deferred (G1, G2). A panic that nothing stops ends the process, whichever
 * goroutine it is in (P8).
 *
 * Threads: a goroutine that has started stays on its thread (G5), so errno, thread-local variables and
 * libraries that are tied to a thread work as usual; but others run on the same thread while it waits. It is
 * never interrupted: one that computes for long should call lg_yield now and then, and one that blocks (in read(),
 * in a library) should be an lg_go_thread, or make the call by lg_blocking (blocking.h). Threads that the program
 * makes itself may call everything here, and can do all that goroutines can. The library's own threads cannot be
 * cancelled. pthread_exit in a goroutine ends the process with a report: lg_goexit is what to call.
 *
 * Signals and child processes: the threads that run goroutines have the signal mask of the thread that started the first
 * goroutine, without faults (SIGSEGV and the like). So a child that a goroutine starts, by whatever function, begins
 * as one that main starts, and so does what a goroutine executes (G7). What the program waits for by sigwait or a
 * signalfd must be blocked before the first goroutine, as before any thread. A handler may run on the stack of any
 * goroutine; with SA_ONSTACK it runs on a stack of 256 KB, which each of the library's threads has (unless
 * lg_decline_segv_handler was called). PR_SET_PDEATHSIG means the end of the thread that started the child: those
 * that run goroutines do not end; one of lg_go_thread stays, when its function has ended, until its children have
 * been waited for, and so does a helper (blocking.h).
 *
 * Process: main's return ends all goroutines where they are, as in Go; lg_exit unwinds them first. When every
 * goroutine waits for what only another goroutine could do, the process ends with status 2 and a list of them.
 * After fork only exec and _exit are allowed: what is here panics in the child.
 *
 * Stacks: of 128 KB unless said otherwise (four times that in programs with a sanitizer), of which only what was touched
 * takes memory. That is enough for libraries that know nothing of goroutines: of a default stack, printf of a long
 * double takes 7 KB (52 KB with 5,000 digits), the rest of libc 21 KB, an OpenSSL handshake 14 KB, libcurl 8 KB and SQLite
 * 6 KB (tests/foreign/libraries_test.c). An overflow is reported with the goroutine's name and where it was started, and
 * ends the process with status 2. Code compiled with -fstack-clash-protection, which the library's pkg-config file and
 * packages for CMake and Meson add, cannot overflow unseen, however large the frame. For other code there is a guard below
 * each stack: 896 KB for the first 4,096 stacks of a size, 128 KB for those after them, one page where RLIMIT_AS leaves no
 * addresses for more.
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
    const char *name;  /* for reports; must last as long as the goroutine. NULL: the function's */
    size_t stack_size; /* in bytes, rounded up to a power of two, 16 KB to 1 GB; 0: the default */
    void (*drop)(
        void *first_argument); /* called instead of the function, if that is never called (G4) */
    bool thread;               /* a thread of its own */
    const lg_until *until; /* for lg_group_go_with: how long to wait for a place. NULL: for ever */
} lg_go_options;

/* Lets other goroutines of this thread run first. On a thread of the program's own: sched_yield. As every wait, it is where
 * lg_exit ends a goroutine. */
LG_API void lg_yield(void);

/* Waits that long; 0 or less: not at all, but lets others run. */
LG_API void lg_sleep(lg_duration duration);

/* The same, unless `until` comes first: then an error (until.h). */
LG_API lg_error *lg_sleep_until(lg_duration duration, lg_until until)
    __attribute__((__warn_unused_result__));

/* A number for the calling goroutine, from 1, never used again; 0 for main and the program's own threads. */
LG_API uint64_t lg_goroutine_id(void);

/* The name it was given, or the function's; "main" or "thread" for the others. */
LG_API const char *lg_goroutine_name(void);

/* How many threads goroutines run on, from now on. At the first goroutine it is what LIFOGUARD_WORKERS in the
 * environment says, or else the number of processors that the process may use. Fewer than there are: those too many
 * start no new goroutines. 0 or more than 1024: an error. */
LG_API lg_error *lg_set_workers(unsigned count) __attribute__((__warn_unused_result__));
LG_API unsigned lg_workers(void);

/* The default size of stacks, from now on. An error if it is larger than 1 GB; 0: as it was at first. */
LG_API lg_error *lg_set_stack_size(size_t bytes) __attribute__((__warn_unused_result__));

/* Before the first goroutine: no handler for SIGSEGV, which tells stack overflows from other faults. (It is
 * chained to the handler that was there, and runs on a stack of its own.) */
LG_API void lg_decline_segv_handler(void);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* lg_go(fn, args…). Out of memory: panics; nothing has been started then. */
#define lg_go(...)                                                                                 \
    LGI_LINED(LGI_GO, LGI_COUNT(__VA_ARGS__), ((lg_go_options){0}), #__VA_ARGS__, __VA_ARGS__)

/* lg_go_thread(fn, args…). */
#define lg_go_thread(...)                                                                          \
    LGI_LINED(LGI_GO, LGI_COUNT(__VA_ARGS__), ((lg_go_options){.thread = true}), #__VA_ARGS__,     \
              __VA_ARGS__)

/* lg_go_owned(fn, argument, drop): the goroutine owns the argument. If fn(argument) is never called, because the
 * process ends by lg_exit first, or there is no memory, then drop(argument) is (G4). */
#define lg_go_owned(fn, argument, drop_)                                                           \
    LGI_LINED(LGI_GO, 1, ((lg_go_options){.drop = LGI_DROP(drop_, argument)}), #fn ", " #argument, \
              fn, argument)

/* lg_go_with(options, fn, args…). */
#define lg_go_with(options, ...)                                                                   \
    LGI_LINED(LGI_GO, LGI_COUNT(__VA_ARGS__), options, #__VA_ARGS__, __VA_ARGS__)

/* The library calls it through this type: any function of one pointer will do. */
#define LGI_DROP(drop, argument)                                                                   \
    __extension__({                                                                                \
        if (0)                                                                                     \
            (drop)(argument);                                                                      \
        (void (*)(void *))(void (*)(void))(drop);                                                  \
    })

#define LGI_GO(id, n, options, text, ...) LGI_GO_(id, n, options, text, __VA_ARGS__)
#define LGI_GO_(id, n, options, text, ...)                                                         \
    __extension__({                                                                                \
        LGI_HANDED(id, n, text, __VA_ARGS__)                                                       \
        const lg_go_options lgi_options_##id = options;                                            \
        lgi_go(LGI_HANDED_ARGS(id), &lgi_options_##id);                                            \
    })

#endif

LG_BEGIN_DECLS
LG_API void lgi_go(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                   const lg_go_options *options);
LG_END_DECLS

#endif
