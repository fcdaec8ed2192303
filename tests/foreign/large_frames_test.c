/* Foreign code with frames larger than a goroutine's stack of 128 KB: the overflow is reported, and no other goroutine's
 * stack is written to (G8). */
#include "testing/test.h"

#include "large_frames.h"

enum { NEIGHBOURS = 40, THEIR_BYTES = 60000 };

static lg_chan(int) go_on;

/* Says so if its variables change while it waits. */
static void neighbour(lg_waitgroup *group, int number)
{
    lg_defer(lg_waitgroup_done, group);
    volatile unsigned char mine[THEIR_BYTES];
    for (size_t i = 0; i < sizeof(mine); i++)
        mine[i] = (unsigned char)number;
    lg_chan_recv(go_on, NULL);
    for (size_t i = 0; i < sizeof(mine); i++) {
        if (mine[i] != number) {
            tell("overwritten");
            return;
        }
    }
}

static void among_neighbours(void *function)
{
    lg_error_free(lg_set_workers(1));
    go_on = lg_chan_make(int, 0);
    lg_waitgroup neighbours = {0}, alone = {0};
    for (int i = 0; i < NEIGHBOURS; i++) {
        lg_waitgroup_add(&neighbours, 1);
        lg_go(neighbour, &neighbours, i + 1);
        if (i == NEIGHBOURS / 2)
            lg_waitgroup_go(&alone, (lgi_function)(uintptr_t)function);
    }
    lg_waitgroup_wait(&alone);
    lg_chan_close(go_on);
    lg_waitgroup_wait(&neighbours);
}

static void expect_overflow(void (*function)(void))
{
    struct outcome *outcome = in_child(among_neighbours, (void *)(uintptr_t)function);
    expect_out(outcome, "");
    expect_status(outcome, 2);
    expect_in_err(outcome, "lifoguard: stack overflow: the stack of 128 KB is full");
}

START_TEST(G8_a_large_frame_of_foreign_code_is_reported)
{
#define EXPECT_OVERFLOW(kb) expect_overflow(frame_of_##kb##_kb);
    LARGE_FRAMES(EXPECT_OVERFLOW)
}
END_TEST

static void with_room(void *unused)
{
    (void)unused;
    lg_error_free(lg_set_stack_size(2 << 20));
    among_neighbours((void *)(uintptr_t)frame_of_900_kb);
}

START_TEST(G8_a_large_frame_that_has_room_runs)
{
    struct outcome *outcome = in_child(with_room, NULL);
    expect_status(outcome, 0);
    expect_out(outcome, "a line that was read\n");
}
END_TEST

RUN_TESTS("large frames", G8_a_large_frame_of_foreign_code_is_reported,
          G8_a_large_frame_that_has_room_runs)
