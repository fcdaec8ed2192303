/* A test from within. */
#ifndef LGI_GROUP_TESTING_H
#define LGI_GROUP_TESTING_H

#include <lifoguard/mutex.h>
#include <lifoguard/testing.h>
#include <lifoguard/time.h>

struct lg_test {
    void (*test)(lg_test *t, void *data);
    void *data;
    lg_mutex lock; /* of the next */
    lg_error *failures;
    bool failed; /* atomic */
    lg_scope *scope;
};

/* How long, in real time, something outside may keep the time of a test from going on before that is noted on stderr. Only the
 * tests of this library change it. */
extern lg_duration lgi_standstill_patience;

/* Calls the test's function, and then what was registered with the test's scope. */
void lgi_test_call(lg_test *t);

#endif
