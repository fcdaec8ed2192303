/* Calls made once. The word is 0, or the address of who is making the call, plus WAITED exactly if the list is not empty,
 * or DONE. Who has made the call touches the object for the last time when it changes the word or, with WAITED, when
 * it unlocks the list. */
#include <lifoguard/once.h>
#include <lifoguard/panic.h>

#include <string.h>

#include "defer/call.h"
#include "defer/thread.h"
#include "sched/goroutine.h"
#include "sched/identity.h"
#include "sched/park.h"
#include "sync/once.h"

enum { WAITED = LGI_ONCE_WAITED, DONE = LGI_ONCE_DONE };

/* What became of the call that an lg_once_value needs. */
enum { LEFT, RETURNED, PANICKED, PANICKED_ERROR, PANICKED_POINTER };

static bool change(lg_once *once, uint64_t *word, uint64_t to)
{
    lgi_releases(&once->lgi_word);
    bool changed = __atomic_compare_exchange_n(&once->lgi_word, word, to, false, __ATOMIC_ACQ_REL,
                                               __ATOMIC_ACQUIRE);
    if (changed)
        lgi_acquired(&once->lgi_word);
    return changed;
}

/* In a child, nobody waits who waited in the parent. */
static void lock_list(lg_once *once)
{
    if (!lgi_lock_lists(&once->lgi_lock))
        return;
    lgi_waiters_forget(&once->lgi_waiters);
    __atomic_fetch_and(&once->lgi_word, ~(uint64_t)WAITED, __ATOMIC_RELAXED);
}

/* ---- whose call it is ---- */

enum begun { MINE, MADE, WAITS };

/* Puts the caller into the list, unless the call has been made, or it is to make it. */
static enum begun begin_or_queue(lg_once *once, struct lgi_waiter *waiter)
{
    uint64_t self = waiter->g->identity, word = 0;
    if (change(once, &word, self))
        return MINE;
    if ((word & ~(uint64_t)WAITED) == self)
        lg_panic("the function of a once calls the same once: the call would wait for itself");
    if (word != DONE && !lgi_identity_find(word & ~(uint64_t)WAITED) &&
        __atomic_load_n(&once->lgi_word, __ATOMIC_ACQUIRE) == word)
        lg_panic("the goroutine or thread that called the function of a once has ended before the "
                 "function returned: the caller would wait for ever");
    lock_list(once);
    word = __atomic_load_n(&once->lgi_word, __ATOMIC_ACQUIRE);
    while (word != DONE && !(word & WAITED) && !change(once, &word, word | WAITED))
        ;
    if (word != DONE) {
        lgi_wait_begin(waiter->g, "call made once");
        waiter->g->held = &once->lgi_word;
        lgi_waiters_push(&once->lgi_waiters, waiter);
    }
    lgi_unlock_lists(&once->lgi_lock);
    if (word == DONE)
        lgi_acquired(&once->lgi_word);
    return word == DONE ? MADE : WAITS;
}

static lg_error *begin(lg_once *once, lg_until until, enum begun *begun)
{
    struct lgi_waiter waiter = {.g = lgi_self()};
    *begun = begin_or_queue(once, &waiter);
    if (*begun != WAITS)
        return NULL;
    *begun = MADE;
    uint32_t claim = lgi_park(waiter.g, until);
    if (claim >= LGI_READY)
        return NULL;
    lock_list(once);
    lgi_waiters_remove(&once->lgi_waiters, &waiter);
    if (lgi_waiters_empty(&once->lgi_waiters))
        __atomic_fetch_and(&once->lgi_word, ~(uint64_t)WAITED, __ATOMIC_RELAXED);
    lgi_unlock_lists(&once->lgi_lock);
    return lgi_wait_failed(claim, until);
}

/* False: nobody waits any more. */
static bool end_for_others(lg_once *once, uint64_t self)
{
    struct lgi_woken woken = {0};
    lock_list(once);
    uint64_t word = self | WAITED;
    bool ended = change(once, &word, DONE);
    if (ended)
        lgi_waiters_claim_all(&once->lgi_waiters, 0, &woken);
    lgi_unlock_lists(&once->lgi_lock);
    lgi_unpark_all(&woken);
    return ended;
}

static void end(lg_once *once)
{
    uint64_t self = lgi_self()->identity, word;
    do
        word = self;
    while (!change(once, &word, DONE) && !end_for_others(once, self));
}

static void check(const struct lgi_site *site, lgi_function function)
{
    if (!function)
        lgi_panic(site->file, site->line, "call of a NULL function, once");
}

/* ---- without a value ---- */

static lg_error *do_once(lg_once *once, lg_until until, const struct lgi_site *site,
                         lgi_function function, const uintptr_t *words)
{
    check(site, function);
    enum begun begun;
    lg_error *error = begin(once, until, &begun);
    if (!error && begun == MINE) {
        lg_defer(end, once);
        lgi_make_call(function, words, site->count);
    }
    return error;
}

void lgi_once_do(lg_once *once, const struct lgi_site *site, lgi_function function,
                 const uintptr_t *words)
{
    (void)do_once(once, lg_until_forever(), site, function, words);
}

lg_error *lgi_once_do_until(lg_once *once, lg_until until, const struct lgi_site *site,
                            lgi_function function, const uintptr_t *words)
{
    return do_once(once, until, site, function, words);
}

/* ---- with a value ---- */

#if defined(__clang__)
/* As lgi_make_call; that the function returns a pointer was checked too. */
__attribute__((no_sanitize("function", "cfi")))
#endif
static void *call(lgi_function function, const uintptr_t *w, unsigned count)
{
    typedef uintptr_t word;
    function = lgi_opaque(function);
    switch (count) {
    case 0: return ((void *(*)(void))function)();
    case 1: return ((void *(*)(word))function)(w[0]);
    case 2: return ((void *(*)(word, word))function)(w[0], w[1]);
    case 3: return ((void *(*)(word, word, word))function)(w[0], w[1], w[2]);
    default: return ((void *(*)(word, word, word, word))function)(w[0], w[1], w[2], w[3]);
    }
}

static bool is_static(const lg_error *error)
{
    return error->lgi_form == 0;
}

/* The panic goes on: this is for those who come later. */
static void note_outcome(const lg_panic_info *panic, lg_once_value *value)
{
    if (!panic)
        return;
    const lg_error *error = lg_panic_error(panic);
    if (error && is_static(error)) {
        value->lgi_value = (void *)(uintptr_t)error;
        value->lgi_outcome = PANICKED_ERROR;
    } else if (lg_panic_pointer(panic)) {
        value->lgi_value = lg_panic_pointer(panic);
        value->lgi_outcome = PANICKED_POINTER;
    } else {
        strncpy(value->lgi_message, lg_panic_message(panic), sizeof(value->lgi_message) - 1);
        value->lgi_outcome = PANICKED;
    }
}

static void note_panic(lg_panic_info *panic, lg_once_value *value)
{
    note_outcome(panic, value);
}

static void make_call(lg_once_value *value, const struct lgi_site *site, lgi_function function,
                      const uintptr_t *words)
{
    lg_func_recovers_void {
        lg_defer(end, &value->lgi_once);
        lg_defer_recover(note_panic, value);
        value->lgi_value = call(function, words, site->count);
        value->lgi_outcome = RETURNED;
    }
}

static void panic_again(const lg_once_value *value, const struct lgi_site *site)
{
    switch (value->lgi_outcome) {
    case PANICKED: lgi_panic(site->file, site->line, "%s", value->lgi_message);
    case PANICKED_ERROR: lgi_panic_error(site->file, site->line, value->lgi_value);
    case PANICKED_POINTER: lgi_panic_pointer(site->file, site->line, value->lgi_value);
    default:
        lgi_panic(site->file, site->line,
                  "no value: the function of the once has ended its goroutine");
    }
}

/* Whose call it is. */
static lg_error *begin_value(lg_once_value *value, lg_until until, enum begun *begun)
{
    *begun = MADE;
    if (!lg_once_is_done(&value->lgi_once))
        return begin(&value->lgi_once, until, begun);
    lgi_acquired(&value->lgi_once.lgi_word);
    return NULL;
}

static lg_error *get(lg_once_value *value, lg_until until, void **result,
                     const struct lgi_site *site, lgi_function function, const uintptr_t *words)
{
    check(site, function);
    enum begun begun;
    lg_error *error = begin_value(value, until, &begun);
    if (error)
        return error;
    if (begun == MINE)
        make_call(value, site, function, words);
    if (value->lgi_outcome != RETURNED)
        panic_again(value, site);
    *result = value->lgi_value;
    return NULL;
}

void *lgi_once_get(lg_once_value *value, const struct lgi_site *site, lgi_function function,
                   const uintptr_t *words)
{
    void *result = NULL;
    (void)get(value, lg_until_forever(), &result, site, function, words);
    return result;
}

lg_error *lgi_once_get_until(lg_once_value *value, lg_until until, void **result,
                             const struct lgi_site *site, lgi_function function,
                             const uintptr_t *words)
{
    return get(value, until, result, site, function, words);
}

/* ---- with a value of any type, which the caller of these keeps ---- */

lg_error *lgi_once_of_begin(struct lgi_once_guard *guard, lg_until until,
                            const struct lgi_site *site)
{
    lg_once_value *value = guard->value;
    enum begun begun;
    guard->value = NULL; /* also if this is left by a panic */
    lg_error *error = begin_value(value, until, &begun);
    if (error)
        return error;
    if (begun == MINE)
        guard->value = value;
    else if (value->lgi_outcome != RETURNED)
        panic_again(value, site);
    return NULL;
}

void lgi_once_of_end(struct lgi_once_guard *guard)
{
    lg_once_value *value = guard->value;
    const struct lgi_unwinding *u = lgi_thread.unwinding;
    if (!value)
        return;
    if (guard->returned)
        value->lgi_outcome = RETURNED;
    else
        note_outcome(u ? u->panic : NULL, value);
    end(&value->lgi_once);
}
