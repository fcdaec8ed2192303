/* Groups. A group's lock guards the list of its members and the list of its waiters. A member that leaves the group unlocks this
 * lock last, and touches the group no more. So a thread that has held the lock and found no member may free the group. */
#include <string.h>

#include "error/keep_errno.h"
#include "group/member.h"
#include "sched/make_thread.h"
#include "sched/park.h"

static void set_count(lg_group *group, size_t count)
{
    __atomic_store_n(&group->lgi_count, count, __ATOMIC_RELAXED);
}

/* ---- waking, by whoever has held the lock ---- */

static void unlock_and_wake(lg_group *group, const struct lgi_woken *woken)
{
    lgi_group_unlock(group);
    lgi_unpark_all(woken);
}

static bool is_full(const lg_group *group)
{
    return group->lgi_limit > 0 && group->lgi_count >= group->lgi_limit;
}

/* Lets in who waits for a place, as far as there are places. */
static void admit(lg_group *group, struct lgi_woken *woken)
{
    struct lgi_waiter *waiter;
    while (!is_full(group) && (waiter = lgi_waiters_claim(&group->lgi_goers, 0))) {
        set_count(group, group->lgi_count + 1);
        lgi_woken_add(woken, waiter);
    }
}

static void wake_who_waits(lg_group *group, struct lgi_woken *woken)
{
    if (group->lgi_count > 0)
        return;
    lgi_waiters_claim_all(&group->lgi_waiters, 0, woken);
    if (group->lgi_inside == 0)
        lgi_waiters_claim_all(&group->lgi_leavers, 0, woken);
}

void lgi_group_release(lg_group *group, bool exiting, struct lgi_started *started, lg_error *error)
{
    struct lgi_woken woken = {0};
    lgi_group_lock(group);
    if (started)
        lgi_started_end(started, error, &woken);
    if (exiting)
        lgi_group_set_flag(group, LGI_GROUP_EXITING);
    set_count(group, group->lgi_count - 1);
    if (!lgi_waiters_empty(&group->lgi_goers))
        admit(group, &woken);
    wake_who_waits(group, &woken);
    unlock_and_wake(group, &woken);
}

/* ---- waiting ---- */

/* Is the caller a member, or does a member wait for it? */
static bool is_within(const lg_group *group)
{
    const struct lgi_g *g = lgi_self();
    const struct lgi_task *start = g->start;
    while (start) {
        const lg_group *own = lgi_member_group(start);
        if (!own || own == group)
            return own != NULL;
        start = own->lgi_within;
    }
    return false;
}

static void refuse_members(const lg_group *group)
{
    if (is_within(group))
        lg_panic(
            "a member of a group waits for the group, and so for itself: wait where the group was made");
}

/* A call is under way that will touch the group again. */
static void enter(lg_group *group)
{
    group->lgi_inside++;
}

/* The last that the call touches of the group. */
static void leave_and_unlock(lg_group *group)
{
    struct lgi_woken woken = {0};
    group->lgi_inside--;
    if (group->lgi_count == 0 && group->lgi_inside == 0)
        lgi_waiters_claim_all(&group->lgi_leavers, 0, &woken);
    unlock_and_wake(group, &woken);
}

void lgi_group_enter(lg_group *group)
{
    lgi_group_lock(group);
    enter(group);
    lgi_group_unlock(group);
}

void lgi_group_leave(lg_group *group)
{
    lgi_group_lock(group);
    leave_and_unlock(group);
}

void lgi_group_wait_for_exit(void)
{
    struct lgi_g *g = lgi_self();
    while (!g->stopped) {
        lgi_wait_begin(g, "the end of the process");
        (void)lgi_wait_failed(lgi_park(g, lg_until_forever()), lg_until_forever());
    }
}

/* For the group to have no members. Returns LGI_READY, or why not. Enters the group: lgi_group_leave follows. */
static uint32_t wait(lg_group *group, lg_until until)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lgi_group_lock(group);
    enter(group);
    uint32_t claim = group->lgi_count == 0 ? LGI_READY : lgi_until_over(until);
    if (claim != LGI_WAITING) {
        lgi_group_unlock(group);
        return claim;
    }
    lgi_wait_begin(g, "group");
    lgi_waiters_push(&group->lgi_waiters, &waiter);
    lgi_group_unlock(group);
    claim = lgi_park(g, until);
    lgi_group_lock(group);
    lgi_waiters_remove(&group->lgi_waiters, &waiter);
    lgi_group_unlock(group);
    return claim;
}

/* For it to have no members and nobody who waits. Nothing interrupts it. */
static void drain(lg_group *group)
{
    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g};
    lgi_group_lock(group);
    while (group->lgi_count > 0 || group->lgi_inside > 0) {
        lgi_wait_begin(g, "group");
        lgi_waiters_push(&group->lgi_leavers, &waiter);
        lgi_group_unlock(group);
        lgi_park_through(g);
        lgi_group_lock(group);
    }
    lgi_group_unlock(group);
}

/* Returns what ended the wait, or the errors of the members in *errors. */
static lg_error *wait_as_owner(lg_group *group, lg_until until, lg_error **errors)
{
    refuse_members(group);
    uint32_t claim = wait(group, until);
    bool ready = claim >= LGI_READY, exiting = lgi_group_flag(group, LGI_GROUP_EXITING);
    *errors = ready && !exiting ? lgi_group_take_errors(group, false) : NULL;
    lgi_group_leave(group);
    if (!ready)
        return lgi_wait_failed(claim, until);
    if (exiting)
        lgi_group_wait_for_exit();
    return NULL;
}

lg_error *lg_group_wait(lg_group *group)
{
    lg_error *errors;
    lg_error *over = wait_as_owner(group, lg_until_forever(), &errors);
    return over ? over : errors;
}

lg_error *lg_group_wait_until(lg_group *group, lg_until until)
{
    lg_error *errors;
    lg_error *over = wait_as_owner(group, until, &errors);
    return over ? over : lgi_group_of_member(errors);
}

/* ---- beginning and end ---- */

void lg_group_init(lg_group *group)
{
    memset(group, 0, sizeof(*group));
}

static void end(lg_group *group, lg_error **result)
{
    lgi_group_give_errors(group, result);
    if (group->lgi_hooks)
        group->lgi_hooks->end(group->lgi_hooks_data);
}

void lg_group_free(lg_group *group)
{
    if (!group)
        return;
    LGI_KEEP_ERRNO;
    refuse_members(group);
    lg_group_cancel(group, NULL);
    drain(group);
    end(group, NULL);
}

void lgi_group_scope_open(struct lgi_group_scope *scope, const struct lgi_site *site,
                          lg_group *group, lg_error **result)
{
    lg_group_init(group);
    group->lgi_within = lgi_self()->start;
    scope->record.previous = lgi_top;
    scope->record.site = site;
    scope->self = scope;
    scope->group = group;
    scope->result = result;
    lgi_top = &scope->record;
}

static void leave_block(const struct lgi_group_scope *scope)
{
    LGI_KEEP_ERRNO;
    lg_group *group = scope->group;
    if (scope->result && *scope->result)
        lgi_group_owner_fails(group, *scope->result);
    uint32_t claim = wait(group, lg_until_forever());
    lgi_group_leave(group);
    if (claim < LGI_READY)
        lg_group_cancel(group, NULL);
    drain(group);
    end(group, scope->result);
    if (claim < LGI_READY)
        (void)lgi_wait_failed(claim, lg_until_forever());
    if (lgi_group_flag(group, LGI_GROUP_EXITING))
        lgi_group_wait_for_exit();
}

/* The block is left by a panic, lg_goexit or lg_exit. */
void lgi_group_unwound(struct lgi_group_scope *scope)
{
    lgi_group_set_flag(scope->group, LGI_GROUP_OWNER_FAILED);
    lg_group_cancel(scope->group, NULL);
    drain(scope->group);
    end(scope->group, scope->result);
}

LGI_JUMPS_BEGIN

void lgi_group_scope_leave(struct lgi_group_scope *scope)
{
    if (__builtin_expect(lgi_top != &scope->record, 0) && !lgi_leave(&scope->record))
        return;
    lgi_top = scope->record.previous;
    leave_block(scope);
}

LGI_JUMPS_END

/* ---- how it behaves ---- */

void lg_group_set_limit(lg_group *group, size_t limit)
{
    struct lgi_woken woken = {0};
    lgi_group_lock(group);
    group->lgi_limit = limit;
    admit(group, &woken);
    unlock_and_wake(group, &woken);
}

void lg_group_set_panic_policy(lg_group *group, lg_group_panic_policy what)
{
    if (what == LG_GROUP_PANIC_EXITS)
        lgi_group_set_flag(group, LGI_GROUP_PANICS_EXIT);
    else
        __atomic_fetch_and(&group->lgi_flags, ~(uint32_t)LGI_GROUP_PANICS_EXIT, __ATOMIC_ACQ_REL);
}

size_t lg_group_count(const lg_group *group)
{
    return __atomic_load_n(&group->lgi_count, __ATOMIC_RELAXED);
}

/* ---- starting members ---- */

static bool try_place(lg_group *group)
{
    lgi_group_lock(group);
    bool free = !is_full(group);
    if (free)
        set_count(group, group->lgi_count + 1);
    lgi_group_unlock(group);
    return free;
}

/* Waits for a place, unless there is one. Returns LGI_READY if it has one; LGI_GROUP_DROPPED if the group is cancelled and
 * so the member, which is `owned`, will not be called; or why not. */
static uint32_t wait_for_place(lg_group *group, bool owned, lg_until until)
{
    struct lgi_done *done = lgi_group_done(group);
    if (owned && lgi_done_happened(done))
        return LGI_GROUP_DROPPED;
    if (try_place(group))
        return LGI_READY;
    uint32_t claim = lgi_until_over(until);
    if (claim != LGI_WAITING)
        return claim;

    struct lgi_g *g = lgi_self();
    struct lgi_waiter waiter = {.g = g}, watch = {.g = g, .index = LGI_GROUP_DROPPED};
    lgi_group_lock(group);
    if (!is_full(group)) {
        set_count(group, group->lgi_count + 1);
        lgi_group_unlock(group);
        return LGI_READY;
    }
    enter(group);
    lgi_wait_begin(g, "group's limit");
    lgi_waiters_push(&group->lgi_goers, &waiter);
    lgi_group_unlock(group);
    if (owned && !lgi_done_watch(done, &watch) && lgi_claim(g, LGI_GROUP_DROPPED)) {
        g->waits_for = NULL;
        claim = LGI_GROUP_DROPPED;
    } else {
        claim = lgi_park(g, until);
    }
    if (owned)
        lgi_done_unwatch(done, &watch);
    lgi_group_lock(group);
    lgi_waiters_remove(&group->lgi_goers, &waiter);
    leave_and_unlock(group);
    return claim;
}

/* In a place that is free. False: out of memory or threads, and the place is given back. */
static bool begin(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                  const struct lgi_member *member, struct lgi_starting *starting)
{
    struct lgi_task *start = lgi_task_make(site, function, words, &member->options);
    if (start) {
        lgi_member_prepare(start, member, starting);
        if (lgi_task_submit(start, &member->options))
            return true;
        lgi_task_free(start);
    }
    lgi_group_release(member->group, false, NULL, NULL);
    return false;
}

uint32_t lgi_group_begin(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                         const struct lgi_member *member, struct lgi_starting *starting,
                         lg_until until)
{
    uint32_t claim = wait_for_place(member->group, member->options.free != NULL, until);
    if (claim == LGI_READY && !begin(site, function, words, member, starting))
        return LGI_GROUP_NO_MEMORY;
    return claim;
}

void lgi_group_drop_argument(const uintptr_t *words, const struct lgi_member *member)
{
    if (member->options.free)
        lgi_drop_argument(member->options.free, words[0]);
}

static void fail_to_start(const struct lgi_site *site, const uintptr_t *words,
                          const struct lgi_member *member, const char *wrong, const char *why)
{
    lgi_group_drop_argument(words, member);
    lgi_panic(site->file, site->line, "%s%s", wrong, why);
}

void lgi_group_check(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                     const struct lgi_member *member)
{
    const char *wrong = lgi_task_misuse(function, &member->options);
    if (wrong)
        fail_to_start(site, words, member, wrong, "");
}

void lgi_group_go(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                  const struct lgi_member *member)
{
    const lg_until forever = lg_until_forever();
    lgi_group_check(site, function, words, member);
    uint32_t claim = lgi_group_begin(site, function, words, member, NULL, forever);
    if (claim == LGI_READY)
        return;
    if (claim == LGI_GROUP_NO_MEMORY)
        fail_to_start(site, words, member, "out of memory or threads for a goroutine",
                      lgi_thread_refusal());
    lgi_group_drop_argument(words, member);
    if (claim < LGI_READY)
        (void)lgi_wait_failed(claim, forever);
}

/* With an end: of want of memory the caller is told too. */
static lg_error *go_until(const struct lgi_site *site, lgi_function function,
                          const uintptr_t *words, const struct lgi_member *member, lg_until until)
{
    lgi_group_check(site, function, words, member);
    uint32_t claim = lgi_group_begin(site, function, words, member, NULL, until);
    if (claim == LGI_READY)
        return NULL;
    if (claim == LGI_GROUP_NO_MEMORY)
        return &lg_error_out_of_memory;
    if (claim == LGI_STOPPED || claim == LGI_GROUP_DROPPED)
        lgi_group_drop_argument(words, member);
    return claim < LGI_READY ? lgi_wait_failed(claim, until) : NULL;
}

lg_error *lgi_group_go_with(const struct lgi_site *site, lgi_function function,
                            const uintptr_t *words, const struct lgi_member *member)
{
    if (member->options.until)
        return go_until(site, function, words, member, *member->options.until);
    lgi_group_go(site, function, words, member);
    return NULL;
}
