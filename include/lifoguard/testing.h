/* Tests that can fail in any function: a failed test ends its goroutine as lg_goexit does, so its deferred calls run (P6),
 * and the next test can run.
 *
 *     static void reads_back(lg_test *t, void *path)
 *     {
 *         int fd = open(path, O_RDONLY | O_CLOEXEC);
 *         if (fd < 0)
 *             lg_test_fail_now(t, "open %s: %m", (const char *)path);
 *         lg_defer(lg_close, fd, NULL);                // runs after a failure below, too
 *         …
 *     }
 *
 *     err = lg_test_run("reads back", reads_back, path);   // NULL: the test has passed
 *
 * A test runs in a goroutine of its own, so a failure ends only this goroutine. Start the goroutines of a test in a group
 * (group.h), so that the test waits for them; lg_goroutine_check_leaks (inspect.h) finds goroutines that still run.
 *
 * Where time matters, lg_test_run_virtual runs the test in virtual time: sleeps, timers and time limits take no time, and come
 * in the right order, at the exact moment.
 *
 *     static void gives_up_after_a_minute(lg_test *t, void *server)
 *     {
 *         lg_time start = lg_now();
 *         lg_error *err = call_with_retries(server, LG_MINUTE);
 *         lg_test_check(t, lg_error_is(err, &lg_error_deadline_exceeded));
 *         lg_test_check(t, lg_since(start) == LG_MINUTE);
 *         lg_error_free(err);
 *     }
 *
 *     err = lg_test_run_virtual("gives up", gives_up_after_a_minute, &silent_server);   // takes a few microseconds
 *
 * Threads: any goroutine or thread may run tests, also several at the same time. Until lg_test_run returns, any goroutine
 * or thread may report failures of the test.
 */
#ifndef LIFOGUARD_TESTING_H
#define LIFOGUARD_TESTING_H

#include <stdbool.h>

#include <lifoguard/error.h>
#include <lifoguard/panic.h>

LG_BEGIN_DECLS

typedef struct lg_test lg_test;

/* Calls test(t, data) in a new goroutine and waits for its end. Returns NULL if the test passed, otherwise its failures as an
 * error that is wrapped with `name`; the caller owns the error. An unrecovered panic of the test is a failure; lg_error_print_tree
 * shows its stack. Panics if no memory is left for the goroutine. */
LG_API lg_error *lg_test_run(const char *name, void (*test)(lg_test *t, void *data), void *data)
    __attribute__((__warn_unused_result__));

/* lg_test_error(t, format, …): records a failure; the test continues. lg_test_fail_now(t, format, …): records a failure and
 * ends the calling goroutine by lg_goexit; does not return. Call lg_test_fail_now in the test's own goroutine: in another
 * goroutine, the test itself continues. */
#define lg_test_error(t, ...) lgi_test_error((t), lg_error_newf(__VA_ARGS__))
#define lg_test_fail_now(t, ...) (lgi_test_error((t), lg_error_newf(__VA_ARGS__)), lg_goexit())

/* lg_test_check(t, condition): calls lg_test_fail_now with the text of the condition if the condition is false. */
#define lg_test_check(t, condition)                                                                \
    ((condition) ? (void)0 : lg_test_fail_now((t), "not so: %s", #condition))

/* The scope of the test, for helper functions: what is registered with it runs when the test's function has been left,
 * before lg_test_run returns. Only the test's own goroutine may use it.
 *
 *     static int scratch_file(lg_test *t)
 *     {
 *         int fd = lg_adopt(lg_test_scope(t), memfd_create("scratch", MFD_CLOEXEC), close);
 *         lg_test_check(t, fd >= 0);
 *         return fd;
 *     } */
LG_API lg_scope *lg_test_scope(lg_test *t);

/* Whether the test has recorded a failure. */
LG_API bool lg_test_has_failed(const lg_test *t);

/* ---- virtual time (V1 to V8) --------------------------------------------------------------------- */

/* As lg_test_run, in virtual time. The test, all goroutines that it starts, and all that those start, form a bubble. The bubble
 * has a clock of its own, which begins at midnight UTC on 2000-01-01 (946684800 seconds). lg_now and everything that measures
 * time use that clock: sleeps, timers, tickers, lg_until, contexts. The clock stands still while any goroutine of the
 * bubble can run, and jumps to the next timer when all of them are durably blocked.
 *
 * A goroutine is durably blocked if only another goroutine of the bubble can end its wait, or a timer of the bubble. Not
 * durable, so that time stands still meanwhile: a wait for a descriptor, a child, lg_blocking, or anything else outside of
 * the library; a wait for a channel that was not made in the bubble; a wait for a mutex whose holder is not in the bubble.
 * After ten real seconds of that, stderr says which goroutines wait so.
 *
 * Returns when all goroutines of the bubble have ended. The test has failed if they are all blocked and no timer is left:
 * the error lists them, and what each waits for. The test has also failed if goroutines are still blocked after the test's
 * own function has returned; time does not go on for them. In both cases they are ended at their waits as lg_exit ends
 * goroutines, so that what they have deferred runs.
 *
 * Channels, timers and tickers that were made in the bubble belong to it: using one from outside panics; freeing one and
 * dropping a reference are allowed. Panics if the caller is in virtual time already, or if no memory is left. */
LG_API lg_error *lg_test_run_virtual(const char *name, void (*test)(lg_test *t, void *data),
                                     void *data) __attribute__((__warn_unused_result__));

/* Waits until all other goroutines of the bubble are durably blocked, and every timer that is due has fired; time does not go
 * on meanwhile. So what they were able to do at this time is done:
 *
 *     lg_context_cancel(ctx);
 *     lg_test_wait();
 *     lg_test_check(t, worker_has_stopped);
 *
 * Panics outside of virtual time, and if another goroutine of the bubble is in lg_test_wait. */
LG_API void lg_test_wait(void);

/* Whether the caller is in virtual time. */
LG_API bool lg_test_is_virtual(void);

LG_API void lgi_test_error(lg_test *t, lg_error *error);

LG_END_DECLS

#endif
