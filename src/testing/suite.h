/* The main of a test program. */
#ifndef LGI_TESTING_SUITE_H
#define LGI_TESTING_SUITE_H

#include <check.h>
#include <signal.h>
#include <stdlib.h>

/* A shell starts a job in the background with some signals ignored, and a supervisor may have blocked some. */
static inline void signals_as_at_login(void)
{
    sigset_t none;
    struct sigaction now;
    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
            signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Runs the tests that `add` adds, each in a process of its own. Returns the status of the program. The limit only ends a
 * test that hangs: on a machine with much else to do, a test may take long. */
static inline int run_suite(const char *name, void (*add)(TCase *tests))
{
    signals_as_at_login();
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);
    tcase_set_timeout(tests, 600);
    add(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_FORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* For tests that run several times, or between fixtures: `add` adds them to a TCase. */
#define RUN_TESTS_OF(name, add)                                                                    \
    int main(void)                                                                                 \
    {                                                                                              \
        return run_suite(name, add);                                                               \
    }

/* For tests that run once. A test that is not named here is an unused variable, which is an error. */
#define RUN_TESTS(name, ...)                                                                       \
    static void add_tests(TCase *added_to)                                                         \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)                              \
            tcase_add_test(added_to, tests[i]);                                                    \
    }                                                                                              \
    RUN_TESTS_OF(name, add_tests)

#endif
