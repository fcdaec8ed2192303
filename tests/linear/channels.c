/* Random operations on a few channels by goroutines, threads of the library and threads of the program, recorded and
 * compared with a plain model: sends, receives, selects, with and without default and deadline, and closing. */
#include "testing/test.h"

#include <lifoguard/chan.h>

#include "chan/channel.h"
#include "linear.h"
#include "sched/runtime.h"

enum { CHANNELS = 3, CASES = 3, ACTORS = 5, EACH = 6, LARGEST = 2, NONE_CHOSEN = -1 };

/* ---- what was done ---- */

struct one_case {
    int channel; /* -1: NULL */
    bool send;
    int value;
};

enum how { WAITS, TRIES, UNTIL };

struct operation {
    struct one_case cases[CASES];
    int count;
    enum how how;
    /* How it ended. */
    int chosen; /* NONE_CHOSEN: it would have had to wait (tries), or its time was up */
    int got;
    bool ok, panicked;
    /* What it was, if not a send, receive or select. */
    bool close; /* of the channel of the first case */
};

static struct operation operations[LINEAR_MOST];
static struct linear_times times[LINEAR_MOST];
static size_t capacity[CHANNELS];

/* ---- the model ---- */

struct model_channel {
    unsigned char closed, count, value[LARGEST];
};

static bool step_case(struct model_channel *c, int i, const struct operation *o)
{
    const struct one_case *it = &o->cases[o->chosen];
    if (it->send) {
        if (o->panicked || c->closed)
            return o->panicked && c->closed;
        if (c->count >= capacity[i])
            return false;
        c->value[c->count++] = (unsigned char)it->value;
        return true;
    }
    if (!o->ok)
        return c->closed && c->count == 0 && o->got == 0;
    if (c->count == 0 || c->value[0] != o->got)
        return false;
    c->value[0] = c->value[1];
    c->value[1] = 0;
    c->count--;
    return true;
}

static bool step(void *state, size_t operation)
{
    struct model_channel *channels = state;
    const struct operation *o = &operations[operation];
    if (o->close) {
        struct model_channel *c = &channels[o->cases[0].channel];
        if (o->panicked != (bool)c->closed)
            return false;
        c->closed = 1;
        return true;
    }
    if (o->chosen != NONE_CHOSEN)
        return o->cases[o->chosen].channel >= 0 &&
               step_case(&channels[o->cases[o->chosen].channel], o->cases[o->chosen].channel, o);
    /* There was a moment when nothing could be done. (Who waits to meet somebody is not known to the model.) */
    for (int i = 0; i < o->count; i++) {
        if (o->cases[i].channel < 0)
            continue;
        const struct model_channel *c = &channels[o->cases[i].channel];
        size_t room = capacity[o->cases[i].channel];
        if (c->closed || (room > 0 && (o->cases[i].send ? c->count < room : c->count > 0)))
            return false;
    }
    return true;
}

/* The sender and the receiver of a channel without a buffer. */
static bool meet(void *state, size_t first, size_t second)
{
    const struct operation *sends = &operations[first], *receives = &operations[second];
    if (sends->close || receives->close || sends->chosen == NONE_CHOSEN ||
        receives->chosen == NONE_CHOSEN || sends->panicked || !receives->ok)
        return false;
    const struct one_case *from = &sends->cases[sends->chosen];
    const struct one_case *to = &receives->cases[receives->chosen];
    const struct model_channel *channels = state;
    return from->send && !to->send && from->channel == to->channel && from->channel >= 0 &&
           capacity[from->channel] == 0 && !channels[from->channel].closed &&
           from->value == receives->got;
}

static const struct linear_model model = {sizeof(struct model_channel[CHANNELS]), step, meet};

/* ---- the real ones ---- */

static lg_chan(int) channels[CHANNELS];

static lg_chan(int) channel_of(const struct one_case *it)
{
    return it->channel < 0 ? NULL : channels[it->channel];
}

/* A receive of a closed channel is done, too. */
static bool is_done(struct operation *o, lg_error *error)
{
    o->ok = !error;
    return !error || error == &lg_error_chan_closed;
}

static void do_single(struct operation *o, lg_until until)
{
    const struct one_case *it = &o->cases[0];
    lg_chan(int) c = channel_of(it);
    bool done = true;
    if (it->send && o->how == WAITS)
        lg_chan_send(c, it->value);
    else if (it->send && o->how == TRIES)
        done = lg_chan_try_send(c, it->value);
    else if (it->send)
        done = !lg_chan_send_until(c, it->value, until);
    else if (o->how == WAITS)
        o->ok = lg_chan_recv(c, &o->got);
    else if (o->how == TRIES)
        done = is_done(o, lg_chan_try_recv(c, &o->got));
    else
        done = is_done(o, lg_chan_recv_until(c, &o->got, until));
    o->chosen = done ? 0 : NONE_CHOSEN;
}

static void do_select(struct operation *o, lg_until until)
{
    lg_case cases[CASES + 1];
    int got[CASES] = {0};
    bool ok[CASES] = {false};
    int values[CASES];
    int count = o->count;
    for (int i = 0; i < count; i++) {
        values[i] = o->cases[i].value;
        lg_chan(int) c = channel_of(&o->cases[i]);
        cases[i] = o->cases[i].send ? lgi_case(LGI_CASE_SEND, c, &values[i], NULL)
                                    : lg_case_recv(c, &got[i], &ok[i]);
    }
    if (o->how == TRIES)
        cases[count] = lg_case_default;
    else if (o->how == UNTIL)
        cases[count] = lg_case_until(until);
    o->chosen = (int)lg_select_n(cases, (size_t)count + (o->how != WAITS));
    if (o->chosen == count) {
        o->chosen = NONE_CHOSEN;
    } else {
        o->got = got[o->chosen];
        o->ok = ok[o->chosen];
    }
}

/* Which case of a select panicked is not told. */
static void note_panic(lg_panic_info *panic, struct operation *o)
{
    o->panicked = lg_recover(panic);
}

static void do_it(struct operation *o, lg_duration patience)
{
    lg_func_recovers_void {
        lg_defer_recover(note_panic, o);
        if (o->close)
            lg_chan_close(channel_of(&o->cases[0]));
        else if (o->count == 1)
            do_single(o, lg_until_timeout(patience));
        else
            do_select(o, lg_until_timeout(patience));
    }
}

/* ---- rounds ---- */

struct actor {
    size_t from, count;
    struct linear_random random;
};
static int left;
static lg_chan(int) finished;

static void record(size_t number, lg_duration patience)
{
    times[number].called = linear_now();
    do_it(&operations[number], patience);
    times[number].returned = linear_now();
}

static void act(struct actor *actor)
{
    for (size_t i = 0; i < actor->count; i++) {
        unsigned pause = linear_below(&actor->random, 8);
        if (pause == 0)
            lg_yield();
        if (pause == 1)
            lg_sleep(linear_below(&actor->random, 20) * LG_MICROSECOND);
        record(actor->from + i, linear_below(&actor->random, 30) * LG_MICROSECOND);
    }
    __atomic_fetch_sub(&left, 1, __ATOMIC_RELEASE);
    lg_chan_send(finished, 1);
}

static void *act_on_thread(void *actor)
{
    act(actor);
    return NULL;
}

static void choose_operation(struct operation *o, struct linear_random *random, int value)
{
    *o = (struct operation){.count = 1, .how = linear_below(random, 3)};
    o->close = linear_below(random, 40) == 0;
    if (!o->close && linear_below(random, 2) == 0)
        o->count = 2 + (int)linear_below(random, CASES - 1);
    bool real = false;
    for (int i = 0; i < o->count; i++) {
        o->cases[i] = (struct one_case){.channel = (int)linear_below(random, CHANNELS),
                                        .send = linear_below(random, 2) == 0,
                                        .value = value};
        if (o->count > 1 && linear_below(random, 10) == 0)
            o->cases[i].channel = -1;
        real |= o->cases[i].channel >= 0;
    }
    if (!real)
        o->cases[0].channel = 0;
}

static void say(size_t count)
{
    static const char *const hows[] = {"", " or default", " until"};
    for (int i = 0; i < CHANNELS; i++)
        fprintf(stderr, "channel %d has room for %zu\n", i, capacity[i]);
    for (size_t i = 0; i < count; i++) {
        const struct operation *o = &operations[i];
        fprintf(stderr, "%zu: %llu to %llu:%s", i, (unsigned long long)times[i].called,
                (unsigned long long)times[i].returned, o->close ? " close" : "");
        for (int j = 0; j < o->count; j++) {
            fprintf(stderr, " %s%d", o->cases[j].send ? "to " : "from ", o->cases[j].channel);
            if (o->cases[j].send)
                fprintf(stderr, " %d", o->cases[j].value);
        }
        fprintf(stderr, "%s; %s %d, got %d %s\n", hows[o->how], o->panicked ? "panicked" : "chose",
                o->chosen, o->got, o->ok ? "ok" : "");
    }
}

/* If a select panicked, it was by some send: any will do whose channel is closed. */
static bool explained(size_t count, size_t from)
{
    while (from < count && !(operations[from].panicked && operations[from].count > 1))
        from++;
    if (from == count)
        return linear_check(&model, times, count);
    for (int i = 0; i < operations[from].count; i++) {
        operations[from].chosen = i;
        if (operations[from].cases[i].send && explained(count, from + 1))
            return true;
    }
    return false;
}

static void one_round(unsigned number)
{
    struct linear_random random = {number * (uint64_t)977};
    struct actor actors[ACTORS];
    size_t count = 0;

    ck_assert_ptr_null(lg_set_workers(1U << number % 4));
    finished = lg_chan_make(int, ACTORS);
    for (int i = 0; i < CHANNELS; i++) {
        capacity[i] = linear_below(&random, LARGEST + 1);
        channels[i] = lg_chan_make(int, capacity[i]);
    }
    for (int i = 0; i < ACTORS; i++) {
        actors[i] = (struct actor){count, EACH, {random.state + (unsigned)i}};
        for (int j = 0; j < EACH; j++, count++)
            choose_operation(&operations[count], &random, (int)count + 1);
    }
    left = ACTORS;
    for (int i = 0; i < ACTORS; i++) {
        pthread_t thread;
        unsigned kind = linear_below(&random, 8);
        if (kind == 0) {
            lg_go_thread(act, &actors[i]);
        } else if (kind == 1) {
            ck_assert_int_eq(pthread_create(&thread, NULL, act_on_thread, &actors[i]), 0);
            pthread_detach(thread);
        } else {
            lg_go(act, &actors[i]);
        }
    }
    /* Whoever waits by then would for ever. */
    for (int i = 0; i < 20 && __atomic_load_n(&left, __ATOMIC_ACQUIRE) > 0; i++)
        lg_sleep(20 * LG_MICROSECOND);
    for (int i = 0; i < CHANNELS; i++, count++) {
        operations[count] =
            (struct operation){.close = true, .count = 1, .cases = {{.channel = i}}};
        record(count, 0);
    }
    for (int i = 0; i < ACTORS; i++)
        lg_chan_recv(finished, NULL);
    lg_chan_unref(finished);
    for (int i = 0; i < CHANNELS; i++)
        lg_chan_unref(channels[i]);
    if (!explained(count, 0)) {
        say(count);
        ck_abort_msg("round %u: no order of these explains their results", number);
    }
}

START_TEST(channels_do_what_a_plain_model_does)
{
    /* Locks become biased to a worker soon; with workers from the first, before there are threads (sched/bias.c). */
    lgi_chan_bias_after = 1;
    ck_assert(lgi_workers_begin());
    linear_rounds(one_round);
}
END_TEST

/* ---- the check itself: histories that must not be explained ---- */

#define SEND(c, v)                                                                                 \
    {                                                                                              \
        .count = 1, .cases = { {c, true, v} }                                                      \
    }
#define RECV(c, v) {.count = 1, .cases = {{c, false, 0}}, .ok = true, .got = v}
#define RECV_CLOSED(c)                                                                             \
    {                                                                                              \
        .count = 1, .cases = { {c, false, 0} }                                                     \
    }
#define CLOSE(c)                                                                                   \
    {                                                                                              \
        .close = true, .count = 1, .cases = { {c, false, 0} }                                      \
    }
#define NOTHING_FROM(c, d)                                                                         \
    {.how = TRIES, .count = 2, .cases = {{c, false, 0}, {d, false, 0}}, .chosen = NONE_CHOSEN}

static bool could(size_t room, size_t count, const struct operation *done,
                  const struct linear_times *when)
{
    for (int i = 0; i < CHANNELS; i++)
        capacity[i] = room;
    memcpy(operations, done, count * sizeof(*done));
    memcpy(times, when, count * sizeof(*when));
    return explained(count, 0);
}
#define COULD(room, done, when) could(room, sizeof(done) / sizeof((done)[0]), done, when)

START_TEST(the_check_finds_what_cannot_be)
{
    const struct linear_times in_order[] = {{1, 2}, {3, 4}, {5, 6}, {7, 8}};
    const struct linear_times at_once[] = {{1, 5}, {2, 6}, {3, 7}, {4, 8}};

    const struct operation never_sent[] = {SEND(0, 1), RECV(0, 2)};
    ck_assert(!COULD(1, never_sent, at_once));
    const struct operation twice[] = {SEND(0, 1), RECV(0, 1), RECV(0, 1)};
    ck_assert(!COULD(1, twice, at_once));
    const struct operation fifo[] = {SEND(0, 1), SEND(0, 2), RECV(0, 1), RECV(0, 2)};
    ck_assert(COULD(2, fifo, in_order));
    const struct operation not_fifo[] = {SEND(0, 1), SEND(0, 2), RECV(0, 2), RECV(0, 1)};
    ck_assert(!COULD(2, not_fifo, in_order));
    ck_assert(COULD(2, not_fifo, at_once));
    const struct operation overfull[] = {SEND(0, 1), SEND(0, 2), RECV(0, 1), RECV(0, 2)};
    ck_assert(!COULD(1, overfull, in_order));
    const struct operation pair[] = {SEND(0, 1), RECV(0, 1)};
    ck_assert(COULD(0, pair, at_once));
    ck_assert(!COULD(0, pair, in_order)); /* they did not meet */
    ck_assert(COULD(1, pair, in_order));

    const struct operation lost[] = {SEND(0, 1), CLOSE(0), RECV_CLOSED(0)};
    ck_assert(!COULD(1, lost, in_order));
    const struct operation after_close[] = {CLOSE(0), SEND(0, 1)};
    ck_assert(!COULD(1, after_close, in_order));
    ck_assert(COULD(1, after_close, at_once));
    const struct operation closed_twice[] = {CLOSE(0), CLOSE(0)};
    ck_assert(!COULD(1, closed_twice, at_once));

    /* Something is always in one of the two: it goes from 0 to 1 while a select looks for it, but not the other way. */
    const struct operation moved[] = {SEND(0, 1), SEND(1, 1), RECV(0, 1), NOTHING_FROM(0, 1)};
    const struct linear_times looked_meanwhile[] = {{1, 2}, {4, 5}, {6, 7}, {3, 8}};
    ck_assert(!COULD(1, moved, looked_meanwhile));
    const struct linear_times looked_before[] = {{2, 4}, {5, 6}, {7, 8}, {1, 3}};
    ck_assert(COULD(1, moved, looked_before));
}
END_TEST

RUN_TESTS("channels", the_check_finds_what_cannot_be, channels_do_what_a_plain_model_does)
