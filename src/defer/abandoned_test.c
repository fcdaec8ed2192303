/* Tests of results that a panic abandons. Rules are those of docs/rules.md. */
#include "testing/test.h"

/* ---- a result that a panic abandons ---- */

static lg_error *abandons(bool nested)
{
    lg_func (lg_error *, err) {
        err = lg_error_new("abandoned");
        if (nested)
            lg_panic("in a deferred call");
        lg_return(err);
    }
}

static void abandons_while_unwinding(void)
{
    lg_error_free(abandons(true));
}

static void abandoned(bool nested)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        if (nested) {
            lg_defer(abandons_while_unwinding);
            lg_panic("outer");
        }
        lg_error_free(abandons(true));
    }
}

/* That it is freed is for the sanitizer to say. */
START_TEST(P5_an_abandoned_error_is_freed)
{
    abandoned(false);
    expect_trace("stopped: in a deferred call");
}
END_TEST

START_TEST(P5_an_error_abandoned_inside_a_deferred_call_is_freed)
{
    abandoned(true);
    expect_trace("stopped: in a deferred call");
}
END_TEST

RUN_TESTS("abandoned", P5_an_abandoned_error_is_freed,
          P5_an_error_abandoned_inside_a_deferred_call_is_freed)
