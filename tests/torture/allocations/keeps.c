/* What a program leaves allocated that does nothing but run goroutines is what the library keeps for the next ones:
 * workers, their stacks, records of goroutines. It does so in every way there is. */

#include <lifoguard/lifoguard.h>

static void nothing(void) {}

static void some_more(lg_waitgroup *group)
{
    for (int i = 0; i < 20; i++)
        lg_waitgroup_go(group, nothing);
    lg_sleep(LG_MILLISECOND);
}

int main(void)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_defer(lg_waitgroup_wait, &group);
    for (int i = 0; i < 20; i++)
        lg_waitgroup_go(&group, some_more, &group);
    return 0;
}
