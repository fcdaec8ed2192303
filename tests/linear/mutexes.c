/* Random operations on a mutex, recorded and compared with a plain model. */
#include "testing/test.h"

#include <lifoguard/chan.h>
#include <lifoguard/mutex.h>

#include "linear.h"

enum { MUTEXES = 2, ACTORS = 5, EACH = 11 };

enum kind { LOCK, TRY, UNTIL, UNLOCK };

struct operation {
    enum kind kind;
    unsigned char mutex, actor; /* from 1 */
    bool done;
};

static struct operation operations[LINEAR_MOST];
static struct linear_times times[LINEAR_MOST];

/* The state is who holds each; 0: nobody. */
static bool step(void *state, size_t operation)
{
    const struct operation *o = &operations[operation];
    unsigned char *holder = (unsigned char *)state + o->mutex;
    if (o->kind == UNLOCK) {
        bool mine = *holder == o->actor;
        *holder = 0;
        return mine;
    }
    if (!o->done) /* there was a moment when it was held */
        return *holder != 0;
    bool is_free = *holder == 0;
    *holder = o->actor;
    return is_free;
}

static const struct linear_model model = {MUTEXES, step, NULL};

static lg_mutex mutexes[MUTEXES];
static size_t used;
static lg_chan(int) finished;

struct actor {
    unsigned char number;
    struct linear_random random;
};

static bool record(enum kind kind, unsigned mutex, const struct actor *actor, lg_duration patience)
{
    lg_mutex *m = &mutexes[mutex];
    size_t number = __atomic_fetch_add(&used, 1, __ATOMIC_RELAXED);
    struct operation *o = &operations[number];
    *o = (struct operation){kind, (unsigned char)mutex, actor->number, true};
    times[number].called = linear_now();
    switch (kind) {
    case LOCK: lg_mutex_lock(m); break;
    case TRY: o->done = lg_mutex_try_lock(m); break;
    case UNTIL: o->done = !lg_mutex_lock_until(m, lg_until_timeout(patience)); break;
    case UNLOCK: lg_mutex_unlock(m); break;
    }
    times[number].returned = linear_now();
    return o->done;
}

static void act(struct actor *actor)
{
    struct linear_random *random = &actor->random;
    for (int i = 0; i < EACH - 1; i++) {
        enum kind kind = linear_below(random, 3);
        unsigned mutex = linear_below(random, MUTEXES);
        lg_duration patience = linear_below(random, 30) * LG_MICROSECOND;
        if (linear_below(random, 4) == 0)
            lg_yield();
        if (!record(kind, mutex, actor, patience))
            continue;
        if (linear_below(random, 4) == 0)
            lg_yield();
        if (linear_below(random, 8) == 0)
            lg_sleep(linear_below(random, 20) * LG_MICROSECOND);
        record(UNLOCK, mutex, actor, 0);
        i++;
    }
    lg_chan_send(finished, 1);
}

static void *act_on_thread(void *actor)
{
    act(actor);
    return NULL;
}

static void one_round(unsigned number)
{
    struct linear_random random = {number * (uint64_t)977};
    struct actor actors[ACTORS];

    ck_assert_ptr_null(lg_set_workers(1U << number % 4));
    finished = lg_chan_make(int, ACTORS);
    used = 0;
    for (int i = 0; i < ACTORS; i++) {
        pthread_t thread;
        actors[i] = (struct actor){(unsigned char)(i + 1), {linear_below(&random, 1U << 30)}};
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
    for (int i = 0; i < ACTORS; i++)
        lg_chan_recv(finished, NULL);
    lg_chan_unref(finished);
    if (!linear_check(&model, times, used)) {
        static const char *const kinds[] = {"lock", "try", "until", "unlock"};
        for (size_t i = 0; i < used; i++)
            fprintf(stderr, "%zu: %llu to %llu: %d %s %d%s\n", i,
                    (unsigned long long)times[i].called, (unsigned long long)times[i].returned,
                    operations[i].actor, kinds[operations[i].kind], operations[i].mutex,
                    operations[i].done ? "" : " failed");
        ck_abort_msg("round %u: no order of these explains their results", number);
    }
}

START_TEST(mutexes_do_what_a_plain_model_does)
{
    linear_rounds(one_round);
}
END_TEST

START_TEST(the_check_finds_what_cannot_be)
{
    operations[0] = (struct operation){LOCK, 0, 1, true};
    operations[1] = (struct operation){LOCK, 0, 2, true};
    operations[2] = (struct operation){UNLOCK, 0, 1, true};
    const struct linear_times both[] = {{1, 2}, {3, 4}, {5, 6}};
    ck_assert(!linear_check(&model, both, 3)); /* both held it */
    const struct linear_times waited[] = {{1, 2}, {3, 6}, {4, 5}};
    ck_assert(linear_check(&model, waited, 3));
    operations[1] = (struct operation){TRY, 0, 2, false};
    ck_assert(linear_check(&model, both, 3));
    const struct linear_times after[] = {{1, 2}, {5, 6}, {3, 4}};
    ck_assert(!linear_check(&model, after, 3)); /* nobody held it */
}
END_TEST

RUN_TESTS("mutexes", the_check_finds_what_cannot_be, mutexes_do_what_a_plain_model_does)
