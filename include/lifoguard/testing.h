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
 * Threads: any goroutine or thread may run tests, also several at the same time. Until lg_test_run returns, any goroutine
 * or thread may report failures of the test.
 */
#ifndef LIFOGUARD_TESTING_H
#define LIFOGUARD_TESTING_H

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

LG_API void lgi_test_error(lg_test *t, lg_error *error);

LG_END_DECLS

#endif
