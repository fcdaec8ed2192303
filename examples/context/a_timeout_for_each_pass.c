/* Each pass has a context of its own, which ends with the pass: no timer is left behind. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_error *tick(int number)
{
    lg_auto_context lg_context *ctx = lg_context_with_timeout(lg_context_background(), LG_SECOND);
    lg_error *err = lg_sleep_until(50 * LG_MILLISECOND, lg_until_context(ctx));
    if (!err)
        printf("tick %d completed\n", number);
    return err;
}

int main(void)
{
    for (int i = 0; i < 3; i++) {
        lg_error *err = tick(i);
        if (err) {
            printf("tick %d → %s\n", i, lg_error_message(err));
            lg_error_free(err);
        }
    }
    return 0;
}
