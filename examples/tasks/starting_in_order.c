/* A program starts its parts in order: each is started when the ones before it are ready, and when a part fails to start, what runs
 * already is stopped (G10). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct part {
    const char *name;
    bool broken;
};

static lg_error *run(lg_group *group, const struct part *part)
{
    lg_func (lg_error *, err) {
        if (part->broken)
            lg_return(lg_error_newf("%s: cannot start", part->name));
        printf("%s: ready\n", part->name);
        lg_member_ready();
        lg_error_free(
            lg_sleep_until(LG_HOUR, lg_until_group(group))); /* works, until it is told to end */
        lg_return(NULL);
    }
}

static lg_error *start(const struct part *parts, size_t count)
{
    lg_func (lg_error *, err) {
        lg_defer(puts, "all parts have ended");
        lg_group_scope(group, &err);
        for (size_t i = 0; i < count; i++)
            lg_try(lg_group_start(&group, lg_until_timeout(LG_MINUTE), run, &group, &parts[i]));
        puts("all parts are ready");
        lg_group_cancel(&group, NULL); /* a program would serve here */
    }
}

int main(void)
{
    static const struct part whole[] = {{"storage", false}, {"network", false}, {"web", false}};
    static const struct part broken[] = {{"storage", false}, {"network", true}, {"web", false}};
    lg_error *err = start(whole, 3);
    lg_error_print(err, stdout);
    lg_error_free(err);
    err = start(broken, 3);
    lg_error_print(err, stdout);
    lg_error_free(err);
    return 0;
}
