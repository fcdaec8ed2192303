/* All interleavings of a few threads, on the memory model of C: for protocols of some atomic variables.
 *
 * A test includes this file first, then the code under test, whose atomic operations become calls of this file: at each of
 * them another thread may go on. The threads are coroutines. Each run makes its decisions anew, from the first; the next run
 * takes another decision at the last place where there is one (depth first), until none is left. What may be decided:
 * which thread goes on, as long as no more than `preemptions` threads were interrupted; and which of the values that
 * a variable has had a load sees, as long as no more than `stale` loads saw an old one. Every fault that was ever found
 * in such code needs very few of both.
 *
 * The memory: each variable has a history of values. Each thread has, for each variable, a place in its history before which
 * it sees nothing any more (its view). What a releasing store writes carries the thread's view along; an acquiring load that
 * sees the value adds that view to its own. A sequentially consistent load sees nothing from before the last sequentially consistent
 * store. Read-modify-writes see the last value, and carry on the view of the value that they replace. Each
 * thread takes its own steps in the order of the program: what that cannot show is a store that becomes visible before an earlier load
 * has got its value, and a relaxed read-modify-write that becomes visible after a later sequentially consistent load.
 *
 * If every thread waits that has not ended, the run may be over; else a wait with a limit ends; if there is none, the run
 * hangs, and the test fails. */
#ifndef LGI_TESTING_INTERLEAVE_H
#define LGI_TESTING_INTERLEAVE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wunused-value"

/* ---- the code under test ---- */

enum il_change { IL_EXCHANGE, IL_ADD, IL_SUB, IL_OR, IL_AND };

static uint64_t il_load(const void *address, size_t size, int order);
static void il_store(const void *address, size_t size, uint64_t value, int order);
static uint64_t il_modify(const void *address, size_t size, enum il_change change, uint64_t operand,
                          int order);
static bool il_compare_exchange(const void *address, size_t size, void *expected, uint64_t value,
                                int success, int failure);

/* NOLINTBEGIN(bugprone-reserved-identifier): compilers' names */
#define IL_VALUE_OF(p) __typeof__((void)0, *(p))
#define IL_WORD(v) ((uint64_t)(uintptr_t)(v))

#define __atomic_load_n(p, order)                                                                  \
    ((IL_VALUE_OF(p))(uintptr_t)il_load((const void *)(uintptr_t)(p), sizeof(*(p)), order))
#define __atomic_store_n(p, v, order)                                                              \
    il_store((const void *)(uintptr_t)(p), sizeof(*(p)), IL_WORD(v), order)
#define IL_MODIFY(p, change, v, order)                                                             \
    ((IL_VALUE_OF(p))(uintptr_t)il_modify((const void *)(uintptr_t)(p), sizeof(*(p)), change,      \
                                          IL_WORD(v), order))
#define __atomic_exchange_n(p, v, order) IL_MODIFY(p, IL_EXCHANGE, v, order)
#define __atomic_fetch_add(p, v, order) IL_MODIFY(p, IL_ADD, v, order)
#define __atomic_fetch_sub(p, v, order) IL_MODIFY(p, IL_SUB, v, order)
#define __atomic_fetch_or(p, v, order) IL_MODIFY(p, IL_OR, v, order)
#define __atomic_fetch_and(p, v, order) IL_MODIFY(p, IL_AND, v, order)
#define __atomic_compare_exchange_n(p, expected, v, weak, success, failure)                        \
    il_compare_exchange((const void *)(uintptr_t)(p), sizeof(*(p)), expected, IL_WORD(v), success, \
                        failure)
#define __atomic_signal_fence(order) ((void)0)

#undef atomic_load
#undef atomic_load_explicit
#undef atomic_store
#undef atomic_exchange
#undef atomic_exchange_explicit
#undef atomic_fetch_add
#undef atomic_fetch_add_explicit
#undef atomic_fetch_sub
#undef atomic_fetch_or
#undef atomic_compare_exchange_strong
#undef atomic_compare_exchange_weak
#define atomic_load(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define atomic_load_explicit(p, order) __atomic_load_n(p, (int)(order))
#define atomic_store(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_exchange(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define atomic_exchange_explicit(p, v, order) __atomic_exchange_n(p, v, (int)(order))
#define atomic_fetch_add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_add_explicit(p, v, order) __atomic_fetch_add(p, v, (int)(order))
#define atomic_fetch_sub(p, v) __atomic_fetch_sub(p, v, __ATOMIC_SEQ_CST)
#define atomic_fetch_or(p, v) __atomic_fetch_or(p, v, __ATOMIC_SEQ_CST)
#define atomic_compare_exchange_strong(p, expected, v)                                             \
    __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)
#define atomic_compare_exchange_weak(p, expected, v) atomic_compare_exchange_strong(p, expected, v)

/* NOLINTEND(bugprone-reserved-identifier) */

/* ---- the model ---- */

#include "testing/test.h" /* whose inline functions are under test, too */

#include <ucontext.h>

enum {
    IL_THREADS = 4,
    IL_VARIABLES = 64,
    IL_VALUES = 48, /* of one variable, in one run */
    IL_DECISIONS = 4000,
    IL_STACK = 128 * 1024,
};

struct il_view {
    uint16_t at[IL_VARIABLES];
};

struct il_variable {
    const char *address;
    unsigned count, last_consistent;
    uint64_t value[IL_VALUES];
    struct il_view view[IL_VALUES];
};

struct il_thread {
    void (*run)(void);
    ucontext_t context;
    struct il_view view;
    bool ended, limited; /* it may time out */
    const void *sleeps_on;
    unsigned
        spins_since; /* the number of changes when it began to wait in a loop; 0: it does not */
};

static struct {
    unsigned preemptions, stale; /* that are still allowed in this run */
    struct il_thread thread[IL_THREADS];
    unsigned threads, now;
    struct il_variable variable[IL_VARIABLES];
    unsigned variables, changes;
    ucontext_t outside;
    struct {
        uint8_t taken, of;
    } decision[IL_DECISIONS];
    unsigned decisions, decided;
    unsigned long runs;
    const char *hangs;
    bool (*is_over)(void);
    bool runs_now; /* else atomic operations see the memory as it is */
    /* Thread-local variables of the code under test: called before and after a change of threads. */
    void (*leave)(unsigned thread), (*enter)(unsigned thread);
    /* The variable that the calling thread means, where the code has one for each thread. */
    void *(*translate)(const void *address);
} il;

/* ---- decisions ---- */

static unsigned il_decide(unsigned options)
{
    if (options <= 1)
        return 0;
    if (il.decided == il.decisions) {
        ck_assert_uint_lt(il.decisions, IL_DECISIONS);
        il.decision[il.decisions].taken = 0;
        il.decision[il.decisions++].of = (uint8_t)options;
    }
    ck_assert_uint_eq(il.decision[il.decided].of, options);
    return il.decision[il.decided++].taken;
}

/* False: all runs have been made. */
static bool il_next_run(void)
{
    while (il.decisions > 0) {
        if (++il.decision[il.decisions - 1].taken < il.decision[il.decisions - 1].of)
            return true;
        il.decisions--;
    }
    return false;
}

/* ---- threads ---- */

static bool il_can_go_on(const struct il_thread *thread)
{
    return !thread->ended && !thread->sleeps_on &&
           (thread->spins_since == 0 || thread->spins_since != il.changes + 1);
}

static void il_change_to(unsigned next)
{
    unsigned before = il.now;
    if (next == before)
        return;
    if (il.leave)
        il.leave(before);
    il.now = next;
    if (il.enter)
        il.enter(next);
    swapcontext(&il.thread[before].context, &il.thread[next].context);
}

/* No thread can go on: ends the limited wait of one. */
static bool il_time_out(void)
{
    for (unsigned i = 0; i < il.threads; i++) {
        struct il_thread *thread = &il.thread[i];
        if (thread->ended || !thread->limited || !thread->sleeps_on)
            continue;
        thread->sleeps_on = NULL;
        return true;
    }
    return false;
}

static bool il_is_over(void)
{
    bool all = true;
    for (unsigned i = 0; i < il.threads; i++)
        all = all && il.thread[i].ended;
    return all || (il.is_over && il.is_over());
}

/* Another thread may go on, or must. Does not return if the run is over. */
static void il_step(void)
{
    unsigned options[IL_THREADS] = {0}, count = 0;
    bool here = il_can_go_on(&il.thread[il.now]);
    if (here)
        options[count++] = il.now;
    for (unsigned i = 0; i < il.threads && (!here || il.preemptions > 0); i++)
        if (i != il.now && il_can_go_on(&il.thread[i]))
            options[count++] = i;
    if (count == 0) {
        bool over = il_is_over();
        if (!over && il_time_out()) {
            il_step();
            return;
        }
        il.hangs = over ? NULL : "it hangs";
        setcontext(&il.outside);
    }
    unsigned decided = il_decide(count);
    il.preemptions -= here && decided > 0;
    il_change_to(options[decided]);
}

static void il_thread_main(void)
{
    il.thread[il.now].run();
    il.thread[il.now].ended = true;
    il_step();
}

/* ---- memory ---- */

static uint64_t il_memory(const void *address, size_t size)
{
    uint64_t value = 0;
    memcpy(&value, address, size);
    return value;
}

static struct il_variable *il_find(const void *address, size_t size)
{
    for (unsigned i = 0; i < il.variables; i++)
        if (il.variable[i].address == address)
            return &il.variable[i];
    ck_assert_uint_lt(il.variables, IL_VARIABLES);
    struct il_variable *variable = &il.variable[il.variables++];
    variable->address = address;
    variable->count = 1;
    variable->last_consistent = 0;
    variable->value[0] = il_memory(address, size);
    memset(&variable->view[0], 0, sizeof(variable->view[0]));
    return variable;
}

static void il_join(struct il_view *view, const struct il_view *other)
{
    for (unsigned i = 0; i < IL_VARIABLES; i++)
        if (view->at[i] < other->at[i])
            view->at[i] = other->at[i];
}

static bool il_acquires(int order)
{
    return order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static bool il_releases(int order)
{
    return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

static const void *il_meant(const void *address)
{
    return il.translate ? il.translate(address) : address;
}

static void il_see(struct il_variable *variable, unsigned at, int order)
{
    struct il_view *view = &il.thread[il.now].view;
    view->at[variable - il.variable] = (uint16_t)at;
    if (il_acquires(order))
        il_join(view, &variable->view[at]);
}

static uint64_t il_load(const void *address, size_t size, int order)
{
    if (!il.runs_now)
        return il_memory(address, size);
    address = il_meant(address);
    il_step();
    struct il_variable *variable = il_find(address, size);
    unsigned from = il.thread[il.now].view.at[variable - il.variable], last = variable->count - 1;
    if (order == __ATOMIC_SEQ_CST && from < variable->last_consistent)
        from = variable->last_consistent;
    unsigned back = il.stale > 0 ? il_decide(last - from + 1) : 0;
    il.stale -= back > 0;
    il_see(variable, last - back, order);
    return variable->value[last - back];
}

/* Adds a value to the history; `carried`: the view of the value that is replaced, or NULL. */
static void il_add(struct il_variable *variable, size_t size, uint64_t value, int order,
                   const struct il_view *carried)
{
    struct il_view *mine = &il.thread[il.now].view;
    unsigned at = variable->count++;
    ck_assert_uint_lt(at, IL_VALUES);
    mine->at[variable - il.variable] = (uint16_t)at;
    variable->value[at] = value;
    memset(&variable->view[at], 0, sizeof(variable->view[at]));
    if (il_releases(order))
        variable->view[at] = *mine;
    variable->view[at].at[variable - il.variable] = (uint16_t)at;
    if (carried)
        il_join(&variable->view[at], carried);
    if (order == __ATOMIC_SEQ_CST)
        variable->last_consistent = at;
    memcpy((void *)(uintptr_t)variable->address, &value, size);
    il.changes++;
    il.thread[il.now].spins_since = 0;
}

static void il_store(const void *address, size_t size, uint64_t value, int order)
{
    address = il_meant(address);
    il_step();
    il_add(il_find(address, size), size, value, order, NULL);
}

static uint64_t il_modify(const void *address, size_t size, enum il_change change, uint64_t operand,
                          int order)
{
    address = il_meant(address);
    il_step();
    struct il_variable *variable = il_find(address, size);
    unsigned last = variable->count - 1;
    uint64_t old = variable->value[last];
    il_see(variable, last, order);
    uint64_t value = change == IL_EXCHANGE ? operand
                     : change == IL_ADD    ? old + operand
                     : change == IL_SUB    ? old - operand
                     : change == IL_OR     ? old | operand
                                           : old & operand;
    if (size < sizeof(value))
        value &= (UINT64_C(1) << size * 8) - 1;
    il_add(variable, size, value, order, &variable->view[last]);
    return old;
}

static bool il_compare_exchange(const void *address, size_t size, void *expected, uint64_t value,
                                int success, int failure)
{
    address = il_meant(address);
    il_step();
    struct il_variable *variable = il_find(address, size);
    unsigned last = variable->count - 1;
    bool equal = variable->value[last] == il_memory(expected, size);
    il_see(variable, last, equal ? success : failure);
    if (equal)
        il_add(variable, size, value, success, &variable->view[last]);
    else
        memcpy(expected, &variable->value[last], size);
    return equal;
}

static bool il_is_caught_up(const struct il_view *view)
{
    for (unsigned i = 0; i < il.variables; i++)
        if (view->at[i] + 1U != il.variable[i].count)
            return false;
    return true;
}

static void il_catch_up(struct il_view *view)
{
    for (unsigned i = 0; i < il.variables; i++)
        view->at[i] = (uint16_t)(il.variable[i].count - 1);
}

/* ---- what the kernel does ---- */

/* In a loop that waits for another thread: goes on once another thread has changed something. What has been stored is
 * visible at some time. */
__attribute__((unused)) static void il_spin(void)
{
    struct il_thread *me = &il.thread[il.now];
    if (il_is_caught_up(&me->view))
        me->spins_since = il.changes + 1;
    il_step();
    me->spins_since = 0;
    il_catch_up(&me->view);
}

__attribute__((unused)) static void il_futex_wait(const void *word, uint32_t value, bool limited)
{
    struct il_thread *me = &il.thread[il.now];
    il_step();
    if (il_memory(word, sizeof(value)) != value)
        return;
    me->sleeps_on = word;
    me->limited = limited;
    il_step();
}

__attribute__((unused)) static void il_futex_wake(const void *word)
{
    il_step();
    for (unsigned i = 0; i < il.threads; i++) {
        if (il.thread[i].sleeps_on != word)
            continue;
        il.thread[i].sleeps_on = NULL;
        il_join(&il.thread[i].view, &il.thread[il.now].view);
    }
}

/* membarrier(2): each thread executes a barrier. */
__attribute__((unused)) static void il_barrier_everywhere(void)
{
    il_step();
    for (unsigned i = 0; i < il.threads; i++)
        il_catch_up(&il.thread[i].view);
}

/* ---- all runs ---- */

struct il_plan {
    void (*begin)(void);
    void (*thread[IL_THREADS])(void);
    void (*end)(void);     /* checks what has come of it */
    bool (*is_over)(void); /* may all threads wait for ever now? NULL: no */
    unsigned preemptions, stale;
};

/* LG_INTERLEAVE_MORE in the environment: so many more preemptions and old values than usual. */
static unsigned il_more(void)
{
    const char *more = getenv("LG_INTERLEAVE_MORE");
    return more ? (unsigned)strtoul(more, NULL, 10) : 0;
}

static void il_run(const struct il_plan *plan)
{
    static char stacks[IL_THREADS][IL_STACK] __attribute__((aligned(16)));
    il.variables = il.changes = il.threads = il.decided = il.now = 0;
    il.preemptions = plan->preemptions + il_more();
    il.stale = plan->stale + il_more();
    il.is_over = plan->is_over;
    plan->begin();
    for (; il.threads < IL_THREADS && plan->thread[il.threads]; il.threads++) {
        struct il_thread *thread = &il.thread[il.threads];
        memset(thread, 0, sizeof(*thread));
        thread->run = plan->thread[il.threads];
        getcontext(&thread->context);
        thread->context.uc_stack.ss_sp = stacks[il.threads];
        thread->context.uc_stack.ss_size = IL_STACK;
        makecontext(&thread->context, il_thread_main, 0);
    }
    il.runs_now = true;
    volatile bool begun = false;
    getcontext(&il.outside);
    if (!begun) {
        begun = true;
        il.now = il_decide(il.threads);
        if (il.enter)
            il.enter(il.now);
        setcontext(&il.thread[il.now].context);
    }
    il.runs_now = false;
    ck_assert_msg(!il.hangs, "%s, in run %lu", il.hangs, il.runs);
    plan->end();
}

/* (Sanitizers and Valgrind do not know these coroutines, and would find nothing more.) */
static bool il_is_possible(void)
{
#ifdef HAS_SANITIZER
    return false;
#else
    const char *preloaded = getenv("LD_PRELOAD");
    return !preloaded || !strstr(preloaded, "vgpreload");
#endif
}

static void il_run_all(const struct il_plan *plan)
{
    if (!il_is_possible())
        return;
    il.runs = il.decisions = 0;
    do {
        il_run(plan);
        il.runs++;
    } while (il_next_run());
}

#endif
