/* The errors of a group: which of them the group keeps, how the first cancels the group, and whom they are given to. */
#include <pthread.h>

#include "defer/fork.h"
#include "error/share.h"
#include "group/member.h"
#include "sched/park.h"

LG_ERROR_DEFINE(lg_error_group_failed, "a member of the group failed");

/* Joining may need memory, so it has a lock of its own. Failures are rare enough for one. */
static pthread_mutex_t joining = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void register_lock(void)
{
    static struct lgi_free_in_child entry = {.mutex = &joining};
    lgi_register_free_in_child(&entry);
}

bool lg_group_is_cancelled(const lg_group *group)
{
    return lgi_done_happened(lg_until_group((lg_group *)(uintptr_t)group).lgi_done);
}

static bool is_cancelled(const lg_group *group)
{
    return lgi_done_happened(lgi_group_done(group));
}

/* An error, or the end of the wait, may come from the end of the parent of the group's context before the context itself is
 * done. Asked after that end, the group knows the cause. */
static void await_parent(const lg_group *group)
{
    if (group->lgi_hooks)
        group->lgi_hooks->await_parent(group->lgi_hooks_data);
}

/* Takes the cause. */
static void cancel(lg_group *group, lg_error *cause)
{
    if (is_cancelled(group)) {
        lg_error_free(cause);
        return;
    }
    if (group->lgi_hooks) {
        group->lgi_hooks->cancel(group->lgi_hooks_data, cause);
        return;
    }
    lgi_done_set(&group->lgi_done, &lg_error_cancelled);
    lgi_group_cancel_started(group);
    lg_error_free(cause);
}

/* A group that goes on for long after failures, as a server's does, must not grow with each: the first ones are kept, and
 * the others counted. Returns the error if it is not kept: its free function may use groups, so the lock must be released
 * first. */
static lg_error *keep(lg_group *group, lg_error *error)
{
    if (group->lgi_kept == LGI_GROUP_KEPT) {
        group->lgi_not_kept++;
        return error;
    }
    group->lgi_errors = lg_error_join(group->lgi_errors, error);
    group->lgi_kept++;
    return NULL;
}

/* Where `joining` is held. Returns what is to be freed when it is not held any more. */
static lg_error *add(lg_group *group, lg_error *error)
{
    lg_error *cause = NULL;
    if (group->lgi_hooks && !is_cancelled(group))
        cause = lgi_error_split(&error, &lg_error_group_failed);
    lgi_group_set_flag(group, LGI_GROUP_FAILED);
    lg_error *left = keep(group, error);
    cancel(group, cause);
    return left;
}

/* The error with which the cancelled group ends waits, once it is cancelled and why is known; else NULL. */
static const lg_error *echo_of(lg_group *group)
{
    const struct lgi_done *done = lgi_group_done(group);
    bool known = group->lgi_hooks ||
                 lgi_group_flag(group, LGI_GROUP_FAILED | LGI_GROUP_OWNER_FAILED);
    return known && lgi_done_happened(done) ? done->error : NULL;
}

/* What lg_context_cause_copy has returned for the context of the group, or for a child of the context. */
static bool is_copy_of_cause(const lg_group *group, const lg_error *error)
{
    const lg_error *shared = lgi_error_shared(error);
    return shared && group->lgi_hooks && shared == group->lgi_hooks->cause(group->lgi_hooks_data);
}

/* It tells of nothing but that the group was cancelled, or why. */
static bool is_echo(lg_group *group, const lg_error *error)
{
    const lg_error *echo = error ? echo_of(group) : NULL;
    return echo && (error == echo || is_copy_of_cause(group, error));
}

void lgi_group_fail(lg_group *group, lg_error *error)
{
    await_parent(group);
    pthread_mutex_lock(&joining);
    lg_error *left = is_echo(group, error) ? error : add(group, error);
    pthread_mutex_unlock(&joining);
    lg_error_free(left);
}

void lg_group_cancel(lg_group *group, lg_error *cause)
{
    if (!cause) {
        cancel(group, NULL);
        return;
    }
    pthread_mutex_lock(&joining);
    bool first = !lgi_group_flag(group, LGI_GROUP_FAILED) && !is_cancelled(group);
    if (first)
        cause = add(group, cause);
    pthread_mutex_unlock(&joining);
    lg_error_free(cause);
}

static lg_error *take_kept(lg_group *group)
{
    lg_error *errors = group->lgi_errors;
    if (group->lgi_not_kept > 0)
        errors = lg_error_join(errors, lg_error_newf("and %zu more errors", group->lgi_not_kept));
    group->lgi_errors = NULL;
    group->lgi_kept = group->lgi_not_kept = 0;
    return errors;
}

/* Nobody has failed, but the context that the group works for was done: perhaps it did not begin what it should. */
static lg_error *why_cancelled(const lg_group *group)
{
    if (!group->lgi_hooks || lgi_group_flag(group, LGI_GROUP_OWNER_FAILED))
        return NULL;
    await_parent(group);
    return group->lgi_hooks->from_parent(group->lgi_hooks_data);
}

lg_error *lgi_group_take_errors(lg_group *group, bool leaving)
{
    if (!lgi_group_flag(group, LGI_GROUP_FAILED))
        return why_cancelled(group);
    const struct lgi_g *g = lgi_self();
    pthread_mutex_lock(&joining);
    lg_error *errors = take_kept(group);
    if (errors)
        group->lgi_taker = g;
    else if (!leaving || group->lgi_taker != g)
        errors = &lg_error_group_failed;
    pthread_mutex_unlock(&joining);
    return errors;
}

lg_error *lgi_group_of_member(lg_error *error)
{
    if (error != &lg_error_deadline_exceeded && error != &lg_error_cancelled)
        return error;
    return lg_error_wrap(error, "a member of the group");
}

void lgi_group_give_errors(lg_group *group, lg_error **result)
{
    lg_error *errors = lgi_group_take_errors(group, true);
    bool follows = result && *result && !lgi_group_flag(group, LGI_GROUP_OWNER_FAILED);
    if (follows && errors && is_echo(group, *result)) {
        lg_error_free(*result);
        *result = errors;
    } else if (follows && echo_of(group) && lg_error_is(*result, echo_of(group))) {
        *result = lg_error_join(errors, *result); /* the cause first */
    } else {
        lg_error_join_into(result, errors);
    }
}

void lgi_group_owner_fails(lg_group *group, const lg_error *error)
{
    await_parent(group);
    const lg_error *echo = echo_of(group);
    if (!echo || !lg_error_is(error, echo))
        lgi_group_set_flag(group, LGI_GROUP_OWNER_FAILED);
    lg_group_cancel(group, NULL);
}
