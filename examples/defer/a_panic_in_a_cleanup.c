/* A cleanup that panics takes over: the error that bad() was about to return never arrives, and is freed
 * (P4). So keep cleanups dull. Where one might panic all the same, lg_defer_contained turns its
 * panic into an error, joined to the one being returned. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void panicking_cleanup(void)
{
    lg_panic("cleanup panic");
}

static lg_error *bad(void)
{
    lg_func (lg_error *, err) {
        lg_defer(panicking_cleanup); // lifoguard-vet: allow defer-panics: this example shows it
        lg_return(lg_error_new("original error"));
    }
}

static void report(lg_panic_info *panic)
{
    if (lg_recover(panic))
        printf("recovered: %s\n", lg_panic_message(panic));
}

int main(void)
{
    lg_func_recovers (int, status) {
        lg_defer_recover(report);
        lg_error *err = bad();
        lg_defer(lg_error_free, err);
        printf("result: ");
        lg_error_print(err, stdout);
    }
}
