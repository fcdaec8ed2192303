/* Tests of biased mutexes and channels in a forked child: what is free there can be had (G7).
 * Only the thread that has forked is in the child; the workers are not, and their memory may be used again. */
#include "testing/fork.h"

#include <sys/wait.h>

#include <lifoguard/chan.h>
#include <lifoguard/mutex.h>
#include <lifoguard/rwmutex.h>
#include <lifoguard/semaphore.h>

#include "chan/channel.h"
#include "sync/mutex_bias.h"
#include "testing/sync.h"

enum { OFTEN = 1000, MUTEXES = 200, ROUNDS = 200 };

/* ---- what is biased to a worker ---- */

static lg_mutex mutexes[MUTEXES], *const mutex = &mutexes[0];
static atomic_int is_inside, may_leave;

static void bias(lg_mutex *it)
{
    for (int i = 0; i < OFTEN; i++) {
        lg_mutex_lock(it);
        lg_mutex_unlock(it);
    }
    ck_assert((it->lgi_word & LGI_BIASED) || lgi_my_tag == LGI_NO_TAG);
}

static void bias_first(void *unused)
{
    (void)unused;
    bias(mutex);
}

static void bias_and_hold(void *unused)
{
    (void)unused;
    bias(mutex);
    lg_mutex_lock(mutex);
    add_one(&is_inside);
    wait_for_value(&may_leave, 1);
    lg_mutex_unlock(mutex);
}

/* The worker is between the check of the bias and what it does to the word. */
static void stay_inside(void *unused)
{
    (void)unused;
    bias(mutex);
    bool entered = lgi_mutex_enter_bias(mutex);
    add_one(&is_inside);
    wait_for_value(&may_leave, 1);
    if (entered)
        lgi_bias_leave();
}

/* As another thread of the parent does that is about to end the bias. */
static void hold_list(void *unused)
{
    (void)unused;
    bias(mutex);
    lgi_mutex_lock_list(mutex);
    add_one(&is_inside);
    wait_for_value(&may_leave, 1);
    lgi_mutex_unlock_list(mutex);
}

/* ---- in a child of main ---- */

static void use(void *unused)
{
    (void)unused;
    for (int i = 0; i < OFTEN; i++) {
        lg_mutex_lock(mutex);
        ck_assert(lg_mutex_is_owned(mutex));
        lg_mutex_unlock(mutex);
        ck_assert(lg_mutex_try_lock(mutex));
        lg_mutex_unlock(mutex);
    }
}

static void use_on_threads(void *unused)
{
    use(unused);
    if (!on_thread(use, NULL))
        _exit(1);
    _exit(0);
}

static void lock_with_limit(void *unused)
{
    (void)unused;
    bool waits = lg_mutex_lock_until(mutex, lg_until_timeout(LG_MILLISECOND)) ==
                 &lg_error_deadline_exceeded;
    _exit(waits && !lg_mutex_try_lock(mutex) ? 0 : 1);
}

static void lock_without_limit(void *unused)
{
    (void)unused;
    lg_mutex_lock(mutex);
}

/* Runs `work` in a child that is forked while the goroutine is where it has added to is_inside. */
static struct outcome *fork_during(void (*goroutine)(void *), void (*work)(void *))
{
    is_inside = may_leave = 0;
    *mutex = (lg_mutex)LG_MUTEX_INIT;
    lg_go(goroutine, NULL);
    wait_for_value(&is_inside, 1);
    struct outcome *outcome = in_child(work, NULL);
    add_one(&may_leave);
    return outcome;
}

START_TEST(G7_a_free_mutex_of_a_worker_can_be_had_in_a_child)
{
    *mutex = (lg_mutex)LG_MUTEX_INIT;
    on_goroutine(bias_first, NULL);
    if (can_fork_with_threads())
        expect_status(in_child(use_on_threads, NULL), 0);
    use(NULL);
}
END_TEST

START_TEST(G7_a_worker_that_is_just_at_the_mutex_does_not_matter_in_a_child)
{
    if (can_fork_with_threads())
        expect_status(fork_during(stay_inside, use_on_threads), 0);
    use(NULL);
}
END_TEST

START_TEST(G7_a_thread_that_just_ends_the_bias_does_not_matter_in_a_child)
{
    if (can_fork_with_threads())
        expect_status(fork_during(hold_list, use_on_threads), 0);
    use(NULL);
}
END_TEST

START_TEST(G7_what_the_parent_holds_is_held_in_the_child)
{
    if (!can_fork_with_threads())
        return;
    expect_status(fork_during(bias_and_hold, lock_with_limit), 0);
    use(NULL);
    struct outcome *outcome = fork_during(bias_and_hold, lock_without_limit);
    expect_status(outcome, 2);
    expect_in_err(outcome, "in a child after fork");
    use(NULL);
}
END_TEST

/* ---- what others of the parent wait for, or are about to ---- */

static lg_rwmutex rwmutex;
static lg_semaphore semaphore;
static lg_cond cond;
static atomic_int is_set;

static void *wait_for_mutex(void *unused)
{
    lg_mutex_lock(mutex);
    lg_mutex_unlock(mutex);
    return unused;
}

static void *wait_for_rwmutex(void *reads)
{
    if (reads)
        lg_rwmutex_rlock(&rwmutex);
    else
        lg_rwmutex_lock(&rwmutex);
    if (reads)
        lg_rwmutex_runlock(&rwmutex);
    else
        lg_rwmutex_unlock(&rwmutex);
    return NULL;
}

static void *wait_for_unit(void *unused)
{
    lg_semaphore_acquire(&semaphore, 1);
    lg_semaphore_release(&semaphore, 1);
    return unused;
}

static void *wait_for_cond(void *unused)
{
    lg_mutex_lock(mutex);
    while (atomic_load(&is_set) == 0)
        lg_cond_wait(&cond, mutex);
    lg_mutex_unlock(mutex);
    return unused;
}

static void *use_all(void *unused)
{
    const lg_until until = lg_until_timeout(100 * LG_SECOND);
    for (int i = 0; i < OFTEN; i++) {
        if (lg_mutex_lock_until(mutex, until))
            _exit(10);
        lg_mutex_unlock(mutex);
        if (lg_rwmutex_lock_until(&rwmutex, until))
            _exit(11);
        lg_rwmutex_unlock(&rwmutex);
        if (lg_rwmutex_rlock_until(&rwmutex, until))
            _exit(12);
        lg_rwmutex_runlock(&rwmutex);
        if (lg_semaphore_acquire_until(&semaphore, 1, until))
            _exit(13);
        lg_semaphore_release(&semaphore, 1);
    }
    return unused;
}

/* A signal must not go to somebody who has stayed in the parent. Whoever gets it has to wait for the mutex. */
static void *signal_once(void *unused)
{
    must(
        !lg_mutex_lock_until(mutex, WITHIN_LIMIT)); /* beside goroutines, no wait without a limit */
    atomic_store(&is_set, 1);
    lg_cond_signal(&cond);
    while (!mutex->lgi_waiters.first)
        pause_shortly();
    lg_mutex_unlock(mutex);
    return unused;
}

static void wait_for_signal(void)
{
    const lg_until until = lg_until_timeout(100 * LG_SECOND);
    pthread_t thread;
    if (lg_mutex_lock_until(mutex, until) || pthread_create(&thread, NULL, signal_once, NULL) != 0)
        _exit(14);
    while (atomic_load(&is_set) == 0)
        if (lg_cond_wait_until(&cond, mutex, until))
            _exit(15);
    lg_mutex_unlock(mutex);
    pthread_join(thread, NULL);
}

/* What a handler of pthread_atfork does in the child: lets go of what it took before the fork. */
static void unlock_and_use(void *unused)
{
    pthread_t thread;
    alarm(200);
    lg_mutex_unlock(mutex);
    lg_rwmutex_unlock(&rwmutex);
    lg_semaphore_release(&semaphore, 1);
    if (pthread_create(&thread, NULL, use_all, unused) != 0)
        _exit(9);
    use_all(unused);
    pthread_join(thread, NULL);
    wait_for_signal();
    _exit(0);
}

enum { WAITERS = 6 };

static void begin_waiting(pthread_t threads[static WAITERS])
{
    void *(*const work[WAITERS])(void *) = {wait_for_mutex,   wait_for_mutex, wait_for_rwmutex,
                                            wait_for_rwmutex, wait_for_unit,  wait_for_cond};
    for (int i = 0; i < WAITERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, work[i], i == 3 ? &cond : NULL), 0);
    while (!mutex->lgi_waiters.first || !rwmutex.lgi_writers.lgi_waiters.first ||
           !rwmutex.lgi_readers.first || !semaphore.lgi_waiters.first || !cond.lgi_waiters.first)
        pause_shortly();
}

/* Each object as it is while a thread of the parent is about to change its list. */
static void hold_lists(bool held)
{
    uint32_t *const locks[] = {&mutex->lgi_lock, &rwmutex.lgi_lock, &rwmutex.lgi_writers.lgi_lock,
                               &semaphore.lgi_lock, &cond.lgi_lock};
    for (size_t i = 0; i < sizeof(locks) / sizeof(locks[0]); i++) {
        if (held)
            (void)lgi_lock_lists(locks[i]);
        else
            lgi_unlock_lists(locks[i]);
    }
}

/* 0: without goroutines. */
static void fork_while_others_wait(int workers)
{
    pthread_t threads[WAITERS];
    if (workers > 0)
        on_goroutine(bias_first, NULL);
    *mutex = (lg_mutex)LG_MUTEX_INIT;
    rwmutex = (lg_rwmutex)LG_RWMUTEX_INIT;
    semaphore = (lg_semaphore)LG_SEMAPHORE_INIT(1);
    cond = (lg_cond)LG_COND_INIT;
    is_set = 0;
    pthread_t on_cond;
    ck_assert_int_eq(pthread_create(&on_cond, NULL, wait_for_cond, NULL), 0);
    while (!cond.lgi_waiters.first)
        pause_shortly();
    lg_mutex_lock(mutex);
    lg_rwmutex_lock(&rwmutex);
    lg_semaphore_acquire(&semaphore, 1);
    begin_waiting(threads);
    struct outcome *outcome = in_child(unlock_and_use, NULL);
    hold_lists(true);
    struct outcome second = *outcome;
    outcome = in_child(unlock_and_use, NULL);
    hold_lists(false);
    atomic_store(&is_set, 1);
    lg_cond_broadcast(&cond);
    lg_mutex_unlock(mutex);
    lg_rwmutex_unlock(&rwmutex);
    lg_semaphore_release(&semaphore, 1);
    for (int i = 0; i < WAITERS; i++)
        pthread_join(threads[i], NULL);
    pthread_join(on_cond, NULL);
    expect_status(&second, 0);
    expect_status(outcome, 0);
}

START_TEST(G7_what_is_taken_before_a_fork_can_be_let_go_in_the_child)
{
    if (can_fork_with_threads())
        fork_while_others_wait(0);
}
END_TEST

START_TEST(G7_likewise_beside_goroutines)
{
    if (can_fork_with_threads())
        fork_while_others_wait(1);
}
END_TEST

static void send_one(void *chan)
{
    alarm(200);
    lg_chan(int) numbers = *(lg_chan(int) *)chan;
    lg_chan_send(numbers, 1);
}

/* It is not known what a channel whose lock was held looks like. */
START_TEST(G7_a_lock_that_stays_held_in_the_child_is_said_at_once)
{
    lg_chan(int) numbers = lg_chan_make(int, 4);
    if (can_fork_with_threads()) {
        struct lgi_chan *chan = (struct lgi_chan *)(uintptr_t)numbers;
        lgi_chan_lock(chan);
        struct outcome *outcome = in_child(send_one, (void *)&numbers);
        lgi_chan_unlock(chan);
        expect_status(outcome, 2);
        expect_in_err(
            outcome,
            "in a child after fork: another thread of the parent was changing an object at the "
            "fork, and the child uses the object: the child must call exec or _exit");
    }
    lg_chan_unref(numbers);
}
END_TEST

/* ---- in a child of a goroutine, which goes on on its worker ---- */

static long once[MUTEXES], twice[MUTEXES]; /* the same number, when the mutex is free */
static atomic_int arrived;

static void add_to_each(void)
{
    for (int i = 0; i < MUTEXES; i++) {
        for (int times = 0; times < 3; times++) {
            while (!lg_mutex_try_lock(&mutexes[i])) /* a wait without a limit is refused */
                lgi_pause();
            if (once[i] != twice[i])
                _exit(1);
            ((volatile long *)once)[i]++;
            ((volatile long *)twice)[i]++;
            lg_mutex_unlock(&mutexes[i]);
        }
    }
}

static void *add_on_thread(void *unused)
{
    add_one(&arrived);
    wait_for_value(&arrived, 2);
    add_to_each();
    return unused;
}

static void add_on_two_threads(void)
{
    pthread_t thread;
    if (lgi_my_tag != LGI_NO_TAG || pthread_create(&thread, NULL, add_on_thread, NULL) != 0)
        _exit(2);
    add_one(&arrived);
    wait_for_value(&arrived, 2);
    add_to_each();
    pthread_join(thread, NULL);
    for (int i = 0; i < MUTEXES; i++)
        if (once[i] != 6 || twice[i] != 6)
            _exit(3);
    _exit(0);
}

static void fork_and_add(void *unused)
{
    int status;
    (void)unused;
    for (int i = 0; i < MUTEXES; i++)
        bias(&mutexes[i]);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        ck_assert_int_ge(child, 0);
        if (child == 0)
            add_on_two_threads();
        ck_assert_int_eq(waitpid(child, &status, 0), child);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %d", status);
    }
    for (int i = 0; i < MUTEXES; i++) /* in the parent nothing is changed */
        bias(&mutexes[i]);
}

START_TEST(G7_one_at_a_time_is_in_a_biased_mutex_in_a_child_of_its_worker)
{
    memset(mutexes, 0, sizeof(mutexes));
    if (can_fork_with_threads())
        on_goroutine(fork_and_add, NULL);
}
END_TEST

/* ---- channels ---- */

static lg_chan(int) numbers;

static void bias_channel(void *unused)
{
    (void)unused;
    for (int i = 0; i < 100 + 2 * LGI_CHAN_YIELD_EVERY; i++) {
        lg_chan_send(numbers, i);
        ck_assert_int_eq(lg_chan_recv_value(numbers), i);
    }
}

static void use_channel(void *unused)
{
    (void)unused;
    replace_threads();
    for (int i = 0; i < ROUNDS; i++) {
        lg_chan_send(numbers, i);
        if (lg_chan_recv_value(numbers) != i)
            _exit(1);
    }
    _exit(0);
}

START_TEST(G7_a_channel_of_a_worker_can_be_used_in_a_child_that_has_new_threads)
{
    lgi_chan_bias_after = 100;
    numbers = lg_chan_make(int, 8);
    on_goroutine(bias_channel, NULL);
    if (can_fork_with_threads())
        expect_status(in_child(use_channel, NULL), 0);
    lg_chan_unref(numbers);
}
END_TEST

RUN_TESTS("mutex_fork", G7_what_is_taken_before_a_fork_can_be_let_go_in_the_child,
          G7_likewise_beside_goroutines, G7_a_lock_that_stays_held_in_the_child_is_said_at_once,
          G7_a_free_mutex_of_a_worker_can_be_had_in_a_child,
          G7_a_worker_that_is_just_at_the_mutex_does_not_matter_in_a_child,
          G7_a_thread_that_just_ends_the_bias_does_not_matter_in_a_child,
          G7_what_the_parent_holds_is_held_in_the_child,
          G7_one_at_a_time_is_in_a_biased_mutex_in_a_child_of_its_worker,
          G7_a_channel_of_a_worker_can_be_used_in_a_child_that_has_new_threads)
