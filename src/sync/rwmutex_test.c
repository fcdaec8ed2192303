/* Tests of read-write mutexes; names begin with the rule of docs/rules.md that they hold. */
#include "testing/sync.h"

#include <stdatomic.h>

#include "sched/park.h"

static bool is_unused(const lg_rwmutex *mutex)
{
    return mutex->lgi_state == 0 && is_free(&mutex->lgi_writers) && !mutex->lgi_writer &&
           lgi_waiters_empty(&mutex->lgi_readers);
}

/* ---- alone ---- */

static void locks_and_unlocks(void *data)
{
    (void)data;
    lg_rwmutex mutex;
    memset(&mutex, 0, sizeof(mutex)); /* all zero is an initialised one */
    for (int i = 0; i < 3; i++) {
        lg_rwmutex_rlock(&mutex);
        ck_assert(lg_rwmutex_try_rlock(&mutex));
        ck_assert_ptr_null(lg_rwmutex_rlock_until(&mutex, lg_until_deadline(0)));
        ck_assert(!lg_rwmutex_try_lock(&mutex));
        for (int k = 0; k < 3; k++)
            lg_rwmutex_runlock(&mutex);
        lg_rwmutex_lock(&mutex);
        ck_assert(!lg_rwmutex_try_rlock(&mutex));
        ck_assert(!lg_rwmutex_try_lock(&mutex));
        lg_rwmutex_unlock(&mutex);
        ck_assert_ptr_null(lg_rwmutex_lock_until(&mutex, lg_until_deadline(0)));
        lg_rwmutex_unlock(&mutex);
        ck_assert(lg_rwmutex_try_lock(&mutex));
        lg_rwmutex_unlock(&mutex);
    }
    ck_assert(is_unused(&mutex));
}

START_TEST(G1_a_read_write_mutex_locks_on_any_thread_and_goroutine)
{
    locks_and_unlocks(NULL);
    ck_assert(on_thread(locks_and_unlocks, NULL));
    on_goroutine(locks_and_unlocks, NULL);
}
END_TEST

/* ---- misuse ---- */

static lg_rwmutex held;

static void runlocks_unlocked(void *data)
{
    (void)data;
    lg_rwmutex_runlock(&held);
}

static void runlocks_too_often(void *data)
{
    (void)data;
    lg_rwmutex_rlock(&held);
    lg_rwmutex_runlock(&held);
    lg_rwmutex_runlock(&held);
}

static void runlocks_a_writers(void *data)
{
    (void)data;
    lg_rwmutex_lock(&held);
    lg_rwmutex_runlock(&held);
}

static void unlocks_unlocked(void *data)
{
    (void)data;
    lg_rwmutex_unlock(&held);
}

static void unlocks_a_readers(void *data)
{
    (void)data;
    lg_rwmutex_rlock(&held);
    lg_rwmutex_unlock(&held);
}

static void locks(void *data)
{
    (void)data;
    lg_rwmutex_lock(&held);
}

static void unlocks_anothers(void *data)
{
    (void)data;
    on_thread(locks, NULL);
    lg_rwmutex_unlock(&held);
}

static void locks_twice(void *data)
{
    (void)data;
    lg_rwmutex_lock(&held);
    lg_rwmutex_lock(&held);
}

static void locks_twice_until(void *data)
{
    (void)data;
    lg_rwmutex_lock(&held);
    lg_error *err = lg_rwmutex_lock_until(&held, lg_until_deadline(0));
    tell(err ? "error" : "locked");
}

static void reads_what_it_writes(void *data)
{
    (void)data;
    lg_rwmutex_lock(&held);
    lg_rwmutex_rlock(&held);
}

START_TEST(misuse_of_a_read_write_mutex_panics)
{
    expect_panic(runlocks_unlocked, NULL, "read unlock of a mutex that is not locked for reading");
    expect_panic(runlocks_too_often, NULL, "read unlock of a mutex that is not locked for reading");
    expect_panic(runlocks_a_writers, NULL, "read unlock of a mutex that is not locked for reading");
    expect_panic(unlocks_unlocked, NULL, "write unlock of a mutex that is not locked for writing");
    expect_panic(unlocks_a_readers, NULL, "write unlock of a mutex that is not locked for writing");
    expect_panic(unlocks_anothers, NULL, "that another goroutine or thread holds");
    expect_panic(locks_twice, NULL, "write lock of a mutex that the caller holds for writing");
    expect_panic(locks_twice_until, NULL,
                 "write lock of a mutex that the caller holds for writing");
    expect_panic(reads_what_it_writes, NULL,
                 "read lock of a mutex that the caller holds for writing");
}
END_TEST

/* ---- order ---- */

/* Until somebody waits in it. */
static void wait_for_waiters(lg_rwmutex *mutex, uint64_t flags)
{
    while ((__atomic_load_n(&mutex->lgi_state, __ATOMIC_RELAXED) & flags) != flags)
        lg_sleep(100 * LG_MICROSECOND);
}
enum { PENDING = 2, QUEUED = 4 };

static void reads(lg_rwmutex *mutex, const char *word)
{
    lg_rwmutex_rlock(mutex);
    lg_defer(lg_rwmutex_runlock, mutex);
    note(word);
}

static void writes(lg_rwmutex *mutex, const char *word)
{
    lg_rwmutex_lock(mutex);
    lg_defer(lg_rwmutex_unlock, mutex);
    note(word);
}

static void reader_then_writer_then_reader(void *data)
{
    lg_rwmutex *mutex = data;
    lg_waitgroup all = LG_WAITGROUP_INIT;
    lg_rwmutex_rlock(mutex);
    reads(mutex, "reader");
    lg_waitgroup_go(&all, writes, mutex, "writer");
    wait_for_waiters(mutex, PENDING);
    ck_assert(!lg_rwmutex_try_rlock(mutex)); /* the writer is in the way */
    ck_assert(!lg_rwmutex_try_lock(mutex));
    lg_waitgroup_go(&all, reads, mutex, "late-reader");
    wait_for_waiters(mutex, QUEUED);
    note("first-leaves");
    lg_rwmutex_runlock(mutex);
    lg_waitgroup_wait(&all);
    ck_assert(is_unused(mutex));
}

static void writer_then_writer_and_reader(void *data)
{
    lg_rwmutex *mutex = data;
    lg_waitgroup all = LG_WAITGROUP_INIT;
    lg_rwmutex_lock(mutex);
    lg_waitgroup_go(&all, writes, mutex, "writer");
    while (!__atomic_load_n(&mutex->lgi_writers.lgi_waiters.first, __ATOMIC_RELAXED))
        lg_sleep(LG_MILLISECOND);
    lg_waitgroup_go(&all, reads, mutex, "reader");
    wait_for_waiters(mutex, QUEUED);
    note("first-leaves");
    lg_rwmutex_unlock(mutex);
    lg_waitgroup_wait(&all);
    ck_assert(is_unused(mutex));
}

START_TEST(a_waiting_writer_keeps_readers_out_and_they_come_before_the_next)
{
    lg_rwmutex mutex = LG_RWMUTEX_INIT;
    void (*const runs[])(void *) = {reader_then_writer_then_reader, writer_then_writer_and_reader};
    const char *const expected[] = {"reader first-leaves writer late-reader",
                                    "first-leaves reader writer"};
    for (int i = 0; i < 2; i++) {
        ck_assert(on_thread(runs[i], &mutex));
        expect_trace(expected[i]);
        on_goroutine(runs[i], &mutex);
        expect_trace(expected[i]);
    }
}
END_TEST

/* ---- deadlines ---- */

static void waits_in_vain(void *data)
{
    lg_rwmutex *mutex = data;
    struct lgi_done done = {.happened = 1};
    const lg_until cancelled = {LG_DURATION_MAX, &done},
                   soon = lg_until_timeout(5 * LG_MILLISECOND);
    bool reads_can = !(mutex->lgi_state & 1);
    errno = 4711;
    ck_assert_ptr_eq(lg_rwmutex_lock_until(mutex, soon), &lg_error_deadline_exceeded);
    ck_assert_int_ge(lg_now(), soon.lgi_deadline);
    ck_assert_ptr_eq(lg_rwmutex_lock_until(mutex, lg_until_deadline(0)),
                     &lg_error_deadline_exceeded);
    ck_assert_ptr_eq(lg_rwmutex_lock_until(mutex, cancelled), &lg_error_cancelled);
    if (reads_can) {
        ck_assert_ptr_null(lg_rwmutex_rlock_until(mutex, cancelled));
        lg_rwmutex_runlock(mutex);
    } else {
        ck_assert_ptr_eq(lg_rwmutex_rlock_until(mutex, lg_until_timeout(LG_MILLISECOND)),
                         &lg_error_deadline_exceeded);
        ck_assert_ptr_eq(lg_rwmutex_rlock_until(mutex, cancelled), &lg_error_cancelled);
    }
    ck_assert_int_eq(errno, 4711);
}

START_TEST(C9_locks_with_a_deadline_give_up_and_leave_no_trace)
{
    lg_rwmutex mutex = LG_RWMUTEX_INIT;
    lg_rwmutex_rlock(&mutex);
    ck_assert(on_thread(waits_in_vain, &mutex));
    on_goroutine(waits_in_vain, &mutex);
    lg_rwmutex_runlock(&mutex);
    ck_assert(is_unused(&mutex));
    lg_rwmutex_lock(&mutex);
    ck_assert(on_thread(waits_in_vain, &mutex));
    on_goroutine(waits_in_vain, &mutex);
    lg_rwmutex_unlock(&mutex);
    ck_assert(is_unused(&mutex));
}
END_TEST

static void gives_up(lg_rwmutex *mutex, struct lgi_done *done)
{
    const lg_until until = {LG_DURATION_MAX, done};
    ck_assert_ptr_eq(lg_rwmutex_lock_until(mutex, until), &lg_error_cancelled);
    note("gave-up");
}

static void readers_behind_a_writer_that_gives_up(void *data)
{
    lg_rwmutex *mutex = data;
    struct lgi_done done = {0};
    lg_waitgroup writer = LG_WAITGROUP_INIT, readers = LG_WAITGROUP_INIT;
    lg_rwmutex_rlock(mutex);
    lg_waitgroup_go(&writer, gives_up, mutex, &done);
    wait_for_waiters(mutex, PENDING);
    for (int i = 0; i < 3; i++)
        lg_waitgroup_go(&readers, reads, mutex, "let-in");
    wait_for_waiters(mutex, QUEUED);
    lgi_done_set(&done, NULL);
    lg_waitgroup_wait(&readers);
    lg_waitgroup_wait(&writer);
    ck_assert_int_eq(occurrences(trace_text, "let-in"), 3);
    ck_assert_int_eq(occurrences(trace_text, "gave-up"), 1);
    trace_text[0] = '\0';
    lg_rwmutex_runlock(mutex);
    ck_assert(is_unused(mutex));
}

START_TEST(C9_a_writer_that_gives_up_lets_the_readers_in)
{
    lg_rwmutex mutex = LG_RWMUTEX_INIT;
    on_goroutine(readers_behind_a_writer_that_gives_up, &mutex);
    ck_assert(on_thread(readers_behind_a_writer_that_gives_up, &mutex));
}
END_TEST

/* ---- many ---- */

struct shared {
    lg_rwmutex mutex;
    struct stint stint;
    uint64_t seed;
    _Atomic int reading;
    int writing;
    unsigned long a, b; /* equal whenever nobody writes */
    _Atomic unsigned long wrote, read, gave_up;
};

static void write_inside(struct shared *shared, uint64_t *random)
{
    ck_assert_int_eq(shared->writing++, 0);
    ck_assert_int_eq(shared->reading, 0);
    shared->a++;
    yield_at_random(random);
    shared->b++;
    ck_assert_int_eq(shared->reading, 0);
    ck_assert_int_eq(--shared->writing, 0);
    shared->wrote++;
}

static void read_inside(struct shared *shared, uint64_t *random)
{
    shared->reading++;
    ck_assert_int_eq(shared->writing, 0);
    unsigned long a = shared->a;
    yield_at_random(random);
    ck_assert_uint_eq(a, shared->b);
    ck_assert_int_eq(shared->writing, 0);
    shared->reading--;
    shared->read++;
}

static void panics_inside(struct shared *shared, uint64_t *random, bool writes)
{
    lg_func_recovers_void {
        lg_defer_recover(stop_quietly);
        if (writes) {
            lg_rwmutex_lock(&shared->mutex);
            lg_defer(lg_rwmutex_unlock, &shared->mutex);
            write_inside(shared, random);
            lg_panic("writing");
        }
        lg_rwmutex_rlock(&shared->mutex);
        lg_defer(lg_rwmutex_runlock, &shared->mutex);
        read_inside(shared, random);
        lg_panic("reading");
    }
}

static bool read_once(struct shared *shared, uint64_t *random)
{
    lg_rwmutex *mutex = &shared->mutex;
    lg_error *err;
    switch (random_below(random, 4)) {
    case 0:
        if (!lg_rwmutex_try_rlock(mutex))
            return false;
        break;
    case 1:
        err = lg_rwmutex_rlock_until(mutex, lg_until_timeout(random_below(random, 20000)));
        if (err)
            return false;
        break;
    default: lg_rwmutex_rlock(mutex);
    }
    read_inside(shared, random);
    lg_rwmutex_runlock(mutex);
    return true;
}

static bool write_once(struct shared *shared, uint64_t *random)
{
    lg_rwmutex *mutex = &shared->mutex;
    lg_error *err;
    switch (random_below(random, 4)) {
    case 0:
        if (!lg_rwmutex_try_lock(mutex))
            return false;
        break;
    case 1:
        err = lg_rwmutex_lock_until(mutex, lg_until_timeout(random_below(random, 20000)));
        if (err)
            return false;
        break;
    default: lg_rwmutex_lock(mutex);
    }
    write_inside(shared, random);
    lg_rwmutex_unlock(mutex);
    return true;
}

static void read_and_write(void *data, unsigned number)
{
    struct shared *shared = data;
    uint64_t random = shared->seed * 1000 + number;
    for (unsigned i = 0; another_round(&shared->stint, i); i++) {
        unsigned what = random_below(&random, 10);
        if (what < 2)
            panics_inside(shared, &random, what == 0);
        else if (!(what < 5 ? write_once : read_once)(shared, &random))
            shared->gave_up++;
        yield_at_random(&random);
    }
}

START_TEST(D13_whatever_happens_inside_writers_are_alone_and_all_come_through)
{
    for (unsigned i = 0; i < 3; i++) {
        struct shared shared = {.stint = stint(3000), .seed = i};
        run_crew(worker_counts[i], 20, 3, read_and_write, &shared);
        ck_assert_uint_eq(shared.wrote + shared.read + shared.gave_up, shared.stint.begun);
        ck_assert_uint_eq(shared.a, shared.wrote);
        ck_assert(is_unused(&shared.mutex));
    }
}
END_TEST

/* ---- freed by the next one ---- */

/* Several readers may be inside at once. */
static bool leave(struct held *object)
{
    return __atomic_sub_fetch(&object->holders, 1, __ATOMIC_ACQ_REL) == 0;
}

static void let_go(struct held *object, unsigned number)
{
    bool last;
    if (number % 2) {
        lg_rwmutex_lock(&object->rwmutex);
        last = leave(object);
        lg_rwmutex_unlock(&object->rwmutex);
    } else {
        lg_rwmutex_rlock(&object->rwmutex);
        last = leave(object);
        lg_rwmutex_runlock(&object->rwmutex);
    }
    /* Not safe with readers, of whom several may be inside: only the last to come out may free. */
    if (last) {
        lg_rwmutex_lock(&object->rwmutex);
        lg_rwmutex_unlock(&object->rwmutex);
        free(object);
    }
}

START_TEST(a_read_write_mutex_may_be_freed_by_the_last_who_unlocked_it)
{
    let_go_of_many(let_go);
}
END_TEST

/* ---- the end of the process ---- */

static void waits_and_is_stopped(lg_rwmutex *mutex, int writes)
{
    lg_defer(tell, "unwound");
    if (writes)
        lg_rwmutex_lock(mutex);
    else
        lg_rwmutex_rlock(mutex);
    /* Main may unlock it while lg_exit unwinds main. */
    tell("locked");
    if (writes)
        lg_rwmutex_unlock(mutex);
    else
        lg_rwmutex_runlock(mutex);
}

static void exits_with_some_waiting(void *data)
{
    static lg_rwmutex mutex;
    (void)data;
    lg_rwmutex_rlock(&mutex);
    lg_defer(lg_rwmutex_runlock, &mutex);
    lg_go(waits_and_is_stopped, &mutex, 1);
    wait_for_waiters(&mutex, PENDING);
    lg_go(waits_and_is_stopped, &mutex, 1);
    lg_exit(3);
}

START_TEST(D10_lg_exit_ends_waits_for_a_read_write_mutex)
{
    struct outcome *outcome = in_child(exits_with_some_waiting, NULL);
    expect_status(outcome, 3);
    ck_assert_int_ge(occurrences(outcome->out, "unwound"), 1);
}
END_TEST

RUN_TESTS("rwmutex", G1_a_read_write_mutex_locks_on_any_thread_and_goroutine,
          misuse_of_a_read_write_mutex_panics,
          a_waiting_writer_keeps_readers_out_and_they_come_before_the_next,
          C9_locks_with_a_deadline_give_up_and_leave_no_trace,
          C9_a_writer_that_gives_up_lets_the_readers_in,
          D13_whatever_happens_inside_writers_are_alone_and_all_come_through,
          a_read_write_mutex_may_be_freed_by_the_last_who_unlocked_it,
          D10_lg_exit_ends_waits_for_a_read_write_mutex)
