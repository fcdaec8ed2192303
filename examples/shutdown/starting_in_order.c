/* A program starts its parts in order: each is started when the ones before it are ready, and when a part fails to start, what runs
 * already is stopped (G10). */
#include <stdio.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

struct part {
    const char *name;
    bool broken;
};

static lg_error *run(lg_group *group, const struct part *part, char *ready)
{
    lg_func (lg_error *, err) {
        if (part->broken)
            lg_return(lg_error_newf("%s: cannot start", part->name));
        strcat(strcat(ready, " "), part->name);
        lg_member_ready();
        lg_error_free(
            lg_sleep_until(LG_HOUR, lg_until_group(group))); /* works, until it is told to end */
        lg_return(NULL);
    }
}

static lg_error *start(const struct part *parts, size_t count, char *ready)
{
    lg_func (lg_error *, err) {
        lg_group_scope(group, &err); /* cancels and waits if a start fails */
        for (size_t i = 0; i < count; i++)
            lg_try(
                lg_group_start(&group, lg_until_timeout(LG_MINUTE), run, &group, &parts[i], ready));
        lg_group_cancel(&group, NULL); /* a program would serve here */
    }
}

static void try_to_start(const struct part *parts, size_t count)
{
    char ready[64] = "";
    lg_error *err = start(parts, count, ready);
    lg_defer(lg_error_free, err);
    printf("ready:%s; ", ready);
    lg_error_print(err, stdout);
}

int main(void)
{
    static const struct part whole[] = {{"storage", false}, {"network", false}, {"web", false}};
    static const struct part broken[] = {{"storage", false}, {"network", true}, {"web", false}};
    try_to_start(whole, 3);
    try_to_start(broken, 3);
    return 0;
}
