#include <lifoguard/testing.h>

#include <lifoguard/group.h>

#include "error/ordering.h"
#include "group/testing.h"
#include "sync/own_mutex.h"

void lgi_test_call(lg_test *t)
{
    lg_scope(scope);
    t->scope = &scope;
    t->test(t, t->data);
}

lg_scope *lg_test_scope(lg_test *t)
{
    return t->scope;
}

lg_error *lg_test_run(const char *name, void (*test)(lg_test *t, void *data), void *data)
{
    lg_func (lg_error *, err) {
        lg_test t = {.test = test, .data = data};
        {
            lg_group_scope(group, &err);
            lg_group_go(&group, lgi_test_call, &t);
        }
        lg_return(lg_error_wrap(lg_error_join(t.failures, err), "%s", name));
    }
}

void lgi_test_error(lg_test *t, lg_error *error)
{
    lgi_own_mutex_lock(&t->lock);
    t->failures = lg_error_join(t->failures, error);
    lgi_releases(&t->failed);
    __atomic_store_n(&t->failed, true, __ATOMIC_RELEASE);
    lgi_own_mutex_unlock(&t->lock);
}

bool lg_test_has_failed(const lg_test *t)
{
    bool failed = __atomic_load_n(&t->failed, __ATOMIC_ACQUIRE);
    lgi_acquired(&t->failed);
    return failed;
}
