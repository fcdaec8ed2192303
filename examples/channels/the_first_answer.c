/* Three servers are asked, and the first answer is taken. The group's cancel ends the requests that are still under way, and the
 * block is not left before they have ended (G3), so none of them uses the channel after its end. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

enum { SERVERS = 3, THE_FAST = 2 };

/* Only one of the servers answers. A send that the group's cancel ends gives up its element. */
static lg_error *ask(lg_group *group, lg_chan(int) answers, int server)
{
    lg_defer(puts, "a request is released");
    if (server != THE_FAST)
        return lg_sleep_until(LG_HOUR, lg_until_group(group));
    return lg_chan_send_until(answers, server * 100, lg_until_group(group));
}

static lg_error *first_answer(int *answer)
{
    lg_func (lg_error *, err) {
        lg_chan(int) answers = lg_chan_make(int, 0);
        lg_defer(lg_chan_unref, answers);
        lg_group_scope(group, &err);
        for (int server = 1; server <= SERVERS; server++)
            lg_group_go(&group, ask, &group, answers, server);
        err = lg_chan_recv_until(answers, answer, lg_until_group(&group));
        lg_group_cancel(&group, NULL);
        lg_return(err);
    }
}

int main(void)
{
    int answer = 0;
    lg_error *err = first_answer(&answer);
    if (err && !lg_error_is(err, &lg_error_cancelled)) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    lg_error_free(err);
    printf("the first answer: %d\n", answer);
    return 0;
}
