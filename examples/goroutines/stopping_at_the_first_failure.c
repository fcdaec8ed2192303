/* Ten checks run at once, at most three at a time. The first failure cancels the others, the block waits for all of them, and the
 * failure is the result (G3, G9). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

enum { CHECKS = 10, AT_ONCE = 3, BROKEN = 2 };

static lg_error *check(lg_group *group, int number)
{
    if (number == BROKEN)
        return lg_error_newf("check %d: the disk is gone", number);
    return lg_sleep_until(LG_HOUR, lg_until_group(group)); // ends with the group
}

static lg_error *check_all(void)
{
    lg_func (lg_error *, err) {
        lg_defer(puts, "all checks have ended");
        lg_group_scope(group, &err);
        lg_group_set_limit(&group, AT_ONCE);
        for (int number = 1; number <= CHECKS && !lg_group_is_cancelled(&group); number++)
            lg_group_go(&group, check, &group, number); // waits for a free place
        lg_return(NULL);
    }
}

int main(void)
{
    lg_error *err = check_all();
    lg_error_print(err, stdout);
    lg_error_free(err);
    return 0;
}
