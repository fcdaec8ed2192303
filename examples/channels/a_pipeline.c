/* A pipeline: a member of a group makes numbers, another squares them, and the block adds them. Each stage closes its output when it
 * is done, which ends the next stage. Each wait also ends with the group, so if a stage fails, no other stage waits for it. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static lg_error *count(lg_group *group, lg_chan(int) to, int limit)
{
    lg_defer(lg_chan_close, to);
    lg_error *err = NULL;
    for (int i = 1; i <= limit && !err; i++)
        err = lg_chan_send_until(to, i, lg_until_group(group));
    return err;
}

static lg_error *square(lg_group *group, lg_chan(int) from, lg_chan(int) to)
{
    lg_defer(lg_chan_close, to);
    lg_error *err = NULL;
    for (int number; !err && !(err = lg_chan_recv_until(from, &number, lg_until_group(group)));)
        err = lg_chan_send_until(to, number * number, lg_until_group(group));
    return err == &lg_error_chan_closed ? NULL : err;
}

static lg_error *add_squares(int limit, int *sum)
{
    lg_func (lg_error *, err) {
        lg_chan(int) numbers = lg_chan_make(int, 0);
        lg_defer(lg_chan_unref, numbers);
        lg_chan(int) squares = lg_chan_make(int, 0);
        lg_defer(lg_chan_unref, squares);
        lg_group_scope(group, &err); // declared last: its members end before the channels are gone
        lg_group_go(&group, count, &group, numbers, limit);
        lg_group_go(&group, square, &group, numbers, squares);
        for (int number; !(err = lg_chan_recv_until(squares, &number, lg_until_group(&group)));) {
            printf("%d\n", number);
            *sum += number;
        }
        lg_return(err == &lg_error_chan_closed ? NULL : err);
    }
}

int main(void)
{
    int sum = 0;
    lg_error *err = add_squares(4, &sum);
    if (err) {
        lg_error_print(err, stderr);
        lg_error_free(err);
        return 1;
    }
    printf("sum %d\n", sum);
    return 0;
}
