/* What a goroutine defers runs when the goroutine ends, and not when who started it does (G2). The last of it,
 * deferred first, says that it is done: so main goes on only after the goroutine's cleanup. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void work(lg_waitgroup *group)
{
    lg_defer(lg_waitgroup_done, group);
    lg_defer(puts, "goroutine cleanup");
    puts("goroutine work");
}

int main(void)
{
    lg_waitgroup group = LG_WAITGROUP_INIT;
    lg_waitgroup_add(&group, 1);
    lg_go(work, &group);
    puts("main waiting");
    lg_waitgroup_wait(&group);
    puts("main done");
    return 0;
}
