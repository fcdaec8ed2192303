/* Tests of the timers' wheel: against a plain model, with a clock of the test's own; and with the workers that run it. */
#include "testing/wheel.h"

/* ---- a model: all pending timers, in a list sorted by time, and for one time by when they were started ---- */

enum { MODELLED = 400 };

struct modelled {
    struct lgi_timer timer;
    lg_time when, again_at; /* again_at 0: once */
    bool pending;
    unsigned fired;
};

static struct {
    struct lgi_timers set;
    struct modelled all[MODELLED];
    struct modelled *sorted[MODELLED]; /* the pending ones */
    size_t count;
    lg_time now, known; /* what the set knows of it */
    uint64_t random;
} model;

static uint64_t random_below(uint64_t limit)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random % limit;
}

/* Of every size, small ones as often as large ones. */
static lg_duration random_span(unsigned bits)
{
    return (lg_duration)(random_below(UINT64_MAX) >> (64 - 1 - random_below(bits)));
}

static void model_add(struct modelled *timer, lg_time when)
{
    /* What is overdue is so from now on, whatever the time it was given. */
    if (when < model.known)
        when = model.known;
    size_t at = model.count++;
    for (; at > 0 && model.sorted[at - 1]->when > when; at--)
        model.sorted[at] = model.sorted[at - 1];
    model.sorted[at] = timer;
    timer->when = when;
    timer->pending = true;
}

static void model_remove(struct modelled *timer)
{
    size_t at = 0;
    while (model.sorted[at] != timer)
        at++;
    model.count--;
    for (; at < model.count; at++)
        model.sorted[at] = model.sorted[at + 1];
    timer->pending = false;
}

static void note_fire(struct lgi_timer *fired, lg_time now)
{
    struct modelled *timer = (struct modelled *)fired;
    hold(now == model.now);
    hold(timer->when <= now);                          /* never early */
    hold(model.count > 0 && model.sorted[0] == timer); /* in order, and only what is pending */
    hold(!fired->pending);
    model_remove(timer);
    timer->fired++;
    if (timer->again_at) {
        model.known = (lg_duration)model.set.tick;
        model_add(timer, timer->again_at);
        lgi_timer_again(fired, timer->again_at);
        timer->again_at = 0;
    }
}

static void check_next(void)
{
    lg_duration next = lgi_timers_next(&model.set);
    if (model.count == 0)
        hold(next == LG_DURATION_MAX || next <= model.now || model.set.count == 0);
    else
        hold(next <= model.sorted[0]->when); /* never late */
    hold(model.set.count == model.count && model.set.moving < 0);
}

static void run_until(lg_time now)
{
    model.now = now;
    lgi_timers_run(&model.set, now);
    model.known = (lg_duration)model.set.tick;
    hold(model.count == 0 || model.sorted[0]->when > now); /* nothing lost */
    check_next();
}

static void model_begin(uint64_t seed)
{
    memset(&model, 0, sizeof(model));
    model.random = seed * 0x9E3779B97F4A7C15U + 1;
    model.now = random_span(50);
    lgi_timers_init(&model.set, model.now);
    model.known = model.now;
}

static void start_one(struct modelled *timer, unsigned bits)
{
    lg_time when = model.now;
    switch (random_below(12)) {
    case 0: /* overdue */ when -= random_span(40); break;
    case 1: /* with another */
        when = model.count ? model.sorted[random_below(model.count)]->when : when;
        break;
    case 2: /* at the edge of a slot of some level */
        when |= (lg_duration)(1ULL << random_below(bits)) - 1;
        when += (lg_duration)random_below(2);
        break;
    default: when += random_span(bits);
    }
    timer->timer = (struct lgi_timer){.fire = note_fire};
    timer->again_at = 0;
    lgi_timers_add(&model.set, &timer->timer, when);
    model_add(timer, when);
    check_next();
}

static void act_at_random(unsigned bits)
{
    struct modelled *timer = &model.all[random_below(MODELLED)];
    switch (random_below(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (!timer->pending)
            start_one(timer, bits);
        break;
    case 4:
    case 5:
        hold(lgi_timer_stop(&timer->timer) == timer->pending);
        if (timer->pending)
            model_remove(timer);
        check_next();
        break;
    case 6:
        if (timer->pending)
            timer->again_at = model.now + 1 + random_span(bits);
        break;
    default:
        if (random_below(2) == 0 && model.count > 0)
            /* What a worker does: it comes back when the next one may be due. */
            run_until(lgi_timers_next(&model.set) > model.now ? lgi_timers_next(&model.set)
                                                              : model.now);
        else
            run_until(model.now + random_span(bits));
    }
}

START_TEST(a_wheel_does_as_a_sorted_list)
{
    static const unsigned sizes[] = {12, 18, 26, 36, 46, 56};
    for (uint64_t seed = 1; seed <= 240; seed++) {
        model_begin(seed);
        unsigned bits = sizes[seed % (sizeof(sizes) / sizeof(sizes[0]))];
        for (int i = 0; i < 5000 && model.now < INT64_MAX / 4; i++)
            act_at_random(bits);
        for (size_t i = 0; i < MODELLED; i++)
            model.all[i].again_at = 0;
        run_until(LG_DURATION_MAX - 1);
        hold(model.count == 0);
        ck_assert_int_eq(lgi_timers_next(&model.set), LG_DURATION_MAX);
    }
}
END_TEST

static void ignore_fire(struct lgi_timer *timer, lg_time now)
{
    (void)timer;
    (void)now;
}

/* As many as one likes in any order within a moment: they are not compared with each other. */
START_TEST(many_within_a_microsecond)
{
    enum { COUNT = 300000 };
    struct lgi_timer *timers = calloc(COUNT, sizeof(*timers));
    ck_assert_ptr_nonnull(timers);
    model_begin(5);
    lg_time start = lg_now();
    for (size_t i = 0; i < COUNT; i++) {
        timers[i].fire = ignore_fire;
        lgi_timers_add(&model.set, &timers[i],
                       model.now + LG_SECOND + 1000 - (lg_duration)(i * 7919 % 1000));
    }
    model.now += LG_SECOND;
    lgi_timers_run(&model.set, model.now);
    ck_assert_uint_eq(model.set.count, COUNT);
    model.now += 2000;
    lgi_timers_run(&model.set, model.now);
    ck_assert_uint_eq(model.set.count, 0);
    ck_assert_int_lt(lg_since(start), LG_MINUTE); /* hours, if each were compared with all */
    free(timers);
}
END_TEST

/* A worker that sleeps until `next` each time is not woken often for nothing. */
START_TEST(the_wheel_is_looked_at_seldom)
{
    static const lg_duration far[] = {LG_MICROSECOND, LG_MILLISECOND,    LG_SECOND,      LG_HOUR,
                                      1000 * LG_HOUR, 1000000 * LG_HOUR, LG_DURATION_MAX};
    for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++) {
        model_begin(1);
        lg_time when = far[i] > LG_DURATION_MAX - 2 - model.now ? LG_DURATION_MAX - 2
                                                                : model.now + far[i];
        for (int k = 0; k < 3; k++) {
            model.all[k].timer.fire = note_fire;
            lgi_timers_add(&model.set, &model.all[k].timer, when - 1 + k);
            model_add(&model.all[k], when - 1 + k);
        }
        /* The first one stopped: `next` is then too early, on one level after the other. */
        ck_assert(lgi_timer_stop(&model.all[0].timer));
        model_remove(&model.all[0]);
        int looks = 0;
        for (; model.count > 0; looks++)
            run_until(lgi_timers_next(&model.set));
        ck_assert_int_le(looks, LGI_TIMER_LEVELS + 2);
        ck_assert(model.now <= when + 1);
    }
}
END_TEST

/* The time that a run is given may be older than what the set knows: two workers look at it. */
START_TEST(an_older_now_does_no_harm)
{
    model_begin(7);
    lg_time begin = model.now;
    for (size_t i = 0; i < 10; i++) {
        model.all[i].timer.fire = note_fire;
        lg_time when = begin + (lg_duration)i * 100 * LG_MICROSECOND;
        lgi_timers_add(&model.set, &model.all[i].timer, when);
        model_add(&model.all[i], when);
    }
    run_until(begin + 450 * LG_MICROSECOND);
    ck_assert_uint_eq(model.count, 5);
    run_until(begin);
    run_until(begin + 350 * LG_MICROSECOND);
    ck_assert_uint_eq(model.count, 5);
    run_until(begin + 901 * LG_MICROSECOND);
    ck_assert_uint_eq(model.count, 0);
}
END_TEST

struct two_steps {
    struct lgi_timer timer;
    int fired, later;
};
static struct lgi_timers *set_of_two_steps;

static void first_step(struct lgi_timer *timer, lg_time now)
{
    (void)now;
    ((struct two_steps *)timer)->fired++;
}

static void second_step(struct lgi_timer *timer)
{
    struct two_steps *two = (struct two_steps *)timer;
    ck_assert_int_eq(two->fired, 1);
    ck_assert_uint_eq(set_of_two_steps->lock, LGI_LOCK_FREE); /* nothing is held */
    two->later++;
    note_number((int)timer->when);
}

START_TEST(what_comes_later_holds_no_lock)
{
    static struct lgi_timers set;
    struct two_steps timers[3];
    memset(timers, 0, sizeof(timers));
    lgi_timers_init(&set, 0);
    set_of_two_steps = &set;
    for (int i = 0; i < 3; i++) {
        timers[i].timer.fire = first_step;
        timers[i].timer.later = i == 1 ? NULL : second_step;
        lgi_lock(&set.lock);
        timers[i].timer.set = &set;
        lgi_unlock(&set.lock);
        lgi_timer_again(&timers[i].timer, 10L * (i + 1));
    }
    lgi_timers_run(&set, 100);
    expect_trace("10 30");
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(timers[i].fired, 1);
        ck_assert_int_eq(timers[i].later, i == 1 ? 0 : 1);
    }
}
END_TEST

/* Whatever their number and times, one costs as much as another. */
START_TEST(a_million_pending_timers)
{
    enum { COUNT = 1000000 };
    struct lgi_timer *timers = calloc(COUNT, sizeof(*timers));
    ck_assert_ptr_nonnull(timers);
    model_begin(3);
    for (size_t round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT; i++) {
            timers[i].fire = ignore_fire;
            lg_duration span = round == 0   ? LG_HOUR
                               : round == 1 ? LG_SECOND + (lg_duration)i
                                            : (lg_duration)random_below(LG_MINUTE);
            lgi_timers_add(&model.set, &timers[i], model.now + span);
        }
        ck_assert_uint_eq(model.set.count, COUNT);
        for (size_t i = round % 2; i < COUNT; i += 2)
            hold(lgi_timer_stop(&timers[i]));
        ck_assert_uint_eq(model.set.count, COUNT / 2);
        model.now += LG_HOUR;
        lgi_timers_run(&model.set, model.now);
        ck_assert_uint_eq(model.set.count, 0);
        for (size_t i = 0; i < COUNT; i++)
            hold(!timers[i].pending && !lgi_timer_stop(&timers[i]));
    }
    free(timers);
}
END_TEST

RUN_TESTS("wheel", a_wheel_does_as_a_sorted_list, many_within_a_microsecond,
          the_wheel_is_looked_at_seldom, an_older_now_does_no_harm, what_comes_later_holds_no_lock,
          a_million_pending_timers)
