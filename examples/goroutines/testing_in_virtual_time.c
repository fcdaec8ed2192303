/* A circuit breaker, and its test in virtual time (V1): after three failures in a row it refuses all calls for a minute, then
 * lets one through as a probe. The test passes an hour of the breaker's life and takes no time. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static LG_ERROR_DEFINE(refused, "refused: the circuit is open");

struct breaker {
    lg_mutex mutex;
    int failures; /* in a row */
    lg_time open_until;
};

static bool is_open(const struct breaker *breaker)
{
    return breaker->failures >= 3 && lg_now() < breaker->open_until;
}

static void note_result(struct breaker *breaker, bool failed)
{
    breaker->failures = failed ? breaker->failures + 1 : 0;
    breaker->open_until = lg_now() + LG_MINUTE;
}

static lg_error *call(struct breaker *breaker, lg_error *(*service)(lg_until until))
{
    lg_mutex_lock(&breaker->mutex);
    lg_defer(lg_mutex_unlock, &breaker->mutex);
    if (is_open(breaker))
        return &refused;
    lg_error *err = service(lg_until_timeout(10 * LG_SECOND));
    note_result(breaker, err != NULL);
    return err;
}

/* ---- the test ---- */

/* Plays a service that does not answer during the first five minutes. */
static lg_time back_at;

static lg_error *service(lg_until until)
{
    lg_duration rest = back_at - lg_now();
    return rest > 0 ? lg_sleep_until(rest, until) : NULL;
}

static void opens_and_closes(lg_test *t, void *data)
{
    (void)data;
    struct breaker breaker = {0};
    lg_time start = lg_now();
    int asked = 0, was_refused = 0;
    back_at = start + 5 * LG_MINUTE;
    for (lg_error *err = &refused; err;) {
        lg_sleep(LG_SECOND);
        err = call(&breaker, service);
        lg_error_is(err, &refused) ? was_refused++ : asked++;
        lg_error_free(err);
    }
    char passed[LG_DURATION_TEXT_SIZE];
    lg_duration_format(lg_since(start), passed, sizeof(passed));
    printf("after %s: %d calls asked the service, %d were refused at once\n", passed, asked,
           was_refused);
    lg_test_check(t, lg_since(start) < 7 * LG_MINUTE);
}

int main(void)
{
    lg_error *err = lg_test_run_virtual("breaker", opens_and_closes, NULL);
    lg_defer(lg_error_free, err);
    puts(err ? "failed" : "passed");
    lg_error_print_tree(err, stdout);
    return err != NULL;
}
