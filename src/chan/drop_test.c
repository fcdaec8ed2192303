/* Tests of the elements that are left in a channel at its end. Rules are those of docs/rules.md. */
#include "chan/channel.h"
#include "testing/chan.h"
#include <stdint.h>

/* ---- what is in it at the end ---- */

struct big {
    int n[100];
};

static void note_pointer(const int *element)
{
    note_pair("drop", *element);
}

static void note_struct(struct big *element)
{
    note_pair("big", element->n[99]);
}

START_TEST(what_is_left_is_dropped_in_order)
{
    static int numbers[] = {0, 1, 2, 3, 4};
    lg_chan(int *) c = lg_chan_make_owned(int *, 3, note_pointer);
    for (int i = 0; i < 3; i++)
        lg_chan_send(c, &numbers[i]);
    lg_chan_ref(c);
    lg_chan_unref(c);
    expect_trace("");
    int *got;
    ck_assert(lg_chan_recv(c, &got));
    ck_assert_ptr_eq(got, &numbers[0]);
    lg_chan_send(c, &numbers[3]);
    ck_assert(lg_chan_recv(c, NULL)); /* dropped too */
    expect_trace("drop1");
    lg_chan_send(c, &numbers[4]);
    ck_assert_ptr_null(lg_chan_try_recv(c, NULL));
    expect_trace("drop2");
    ck_assert_ptr_null(lg_chan_recv_until(c, NULL, lg_until_forever()));
    expect_trace("drop3");
    lg_chan_close(c);
    lg_chan_unref(c);
    expect_trace("drop4");

    lg_chan(struct big) bigs = lg_chan_make_owned(struct big, 2, note_struct);
    lg_chan_send(bigs, (struct big){.n[99] = 5});
    lg_chan_send(bigs, (struct big){.n[99] = 6});
    ck_assert(lg_chan_recv(bigs, NULL));
    lg_chan_unref(bigs);
    expect_trace("big5 big6");
}
END_TEST

static void drop_with_panic(const int *element)
{
    note_pair("drop", *element);
    if (*element % 2 == 0)
        lg_panic("%d", *element);
}

static void drop_recovered(void *c)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_chan_unref(c);
    }
}

START_TEST(D6_a_panic_while_elements_are_dropped_loses_none)
{
    lg_chan(int) c = lg_chan_make_owned(int, 5, drop_with_panic);
    for (int i = 1; i <= 5; i++)
        lg_chan_send(c, i);
    drop_recovered(c);
    expect_trace("drop1 drop2 drop3 drop4 drop5 stopped: 4");
}
END_TEST

RUN_TESTS("drop", what_is_left_is_dropped_in_order,
          D6_a_panic_while_elements_are_dropped_loses_none)
