/* Tests in virtual time, with Check. */
#ifndef LGI_TESTING_VIRTUAL_H
#define LGI_TESTING_VIRTUAL_H

#include "testing/test.h"

static inline void expect_pass(const char *name, void (*test)(lg_test *t, void *data), void *data)
{
    char text[4096] = "";
    lg_error *err = lg_test_run_virtual(name, test, data);
    if (err)
        lg_error_format(err, text, sizeof(text));
    lg_error_free(err);
    ck_assert_msg(!err, "%s", text);
}

/* As START_TEST and END_TEST: the body is a goroutine in virtual time; with one worker, two and eight. */
#define START_VIRTUAL_TEST(name)                                                                   \
    static void name##_virtually(lg_test *t, void *data);                                          \
    START_TEST(name)                                                                               \
    {                                                                                              \
        for (unsigned workers = 1; workers <= 8; workers = workers == 1 ? 2 : workers * 4) {       \
            ck_assert_ptr_null(lg_set_workers(workers));                                           \
            expect_pass(#name, name##_virtually, NULL);                                            \
        }                                                                                          \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name##_virtually(lg_test *t __attribute__((unused)),                               \
                                 void *data __attribute__((unused)))

#endif
