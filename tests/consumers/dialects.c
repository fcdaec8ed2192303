/* Forms with options, enumerators and lengths of time, which compile without a warning in every dialect of C. */
#include <lifoguard/lifoguard.h>
#include <stdlib.h>

#if __STDC_VERSION__ >= 202311L
#define NONE nullptr
#else
#define NONE NULL
#endif

enum color { RED, GREEN };

static void paint(enum color color)
{
    (void)color;
}

static lg_error *member(int number)
{
    return number == 0 ? NULL : lg_error_newf("number %d", number);
}

static lg_error *start(lg_group *group)
{
    const lg_until until = lg_until_timeout(LG_SECOND);
    lg_go_with(((lg_go_options){.name = "painter", .stack_size = 1 << 16}), paint, RED);
    lg_go_owned(free, malloc(1), free);
    lg_error *error =
        lg_group_start_with(group, ((lg_go_options){.name = "member", .until = &until}), member, 0);
    if (error != &lg_error_member_not_ready)
        return error;
    return lg_group_go_with(group, ((lg_go_options){.thread = true, .until = &until}), member, 0);
}

/* What may be NULL may be nullptr. */
static void use_nothing(void)
{
    lg_chan(char *) texts = lg_chan_make(char *, 1);
    lg_defer(lg_chan_unref, texts);
    lg_chan_send(texts, NONE);
    lg_select(lg_case_recv(texts, NONE, NONE), lg_case_default);
    lg_group_scope(group, NONE);
    lg_group_go(&group, free, NONE);
    lg_defer(free, NONE);
    lg_go_owned(free, NONE, free);
}

int main(void)
{
    use_nothing();
    lg_error *error = NULL;
    {
        lg_defer(paint, GREEN);
        lg_group_scope(group, &error);
        lg_error_join_into(&error, start(&group));
    }
    return error != NULL;
}
