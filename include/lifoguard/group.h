/* Groups: structured concurrency, as nurseries or Go's errgroup. The block that declares a group waits for
 * every goroutine that the group has started, so no member outlives the block (G3).
 *
 *     lg_error *fetch_all(char **urls, size_t count)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_group_scope(group, &err);
 *             for (size_t i = 0; i < count; i++)
 *                 lg_group_go(&group, fetch, urls[i]); // lg_error *fetch(char *url), or a void function
 *             lg_return(NULL);
 *         } // waits for all members; joins their errors to err
 *     }
 *
 * Errors: the group joins the errors of its members, in the order in which the members ended. The first
 * failure cancels the group. When a member or the block then returns, unchanged, the error of a wait that the
 * cancelled group ended, or what lg_context_cause_copy returns for the group's context, the error adds nothing
 * to the group's errors (G9); when the error is wrapped, it is joined after the cause. The group keeps the
 * first 256 errors and counts the others: "and 12345 more errors". If the failure of a member should not stop
 * the other members, the member must return NULL, and keep its error outside of the group: for example, a list
 * of errors to which each member calls lg_error_join_into while holding an lg_mutex (mutex.h).
 *
 * Cancelling: cancelling a group is only a signal (C6). A member notices the signal by lg_group_is_cancelled,
 * in a wait with lg_until_group or in a select with lg_case_group; a wait with another limit does not end.
 * lg_group_context (context.h) cancels the group when a context is done. The member should then return: the error of
 * such a wait, or &lg_error_cancelled, which adds nothing to the errors of a failed group; or NULL, if a group
 * that is cancelled without a cause (lg_group_cancel) should not fail. For members that have not started when the
 * group is cancelled:
 *   - lg_group_go still calls the function, as Go's errgroup does, because only the function can release
 *     its arguments;
 *   - lg_group_go_owned frees the argument instead of calling the function (G4). The argument is also
 *     freed if lg_exit or a lack of memory prevents the start.
 *
 * Panics: an unrecovered panic in a member becomes an error of the group, of the kind lg_panic_kind
 * (panic.h); lg_error_print_tree shows where the panic began and its stack. Several members may panic at
 * once, and no panic is lost. lg_group_set_panic_policy can choose instead that a panic in a member ends
 * the process (P8). (Go's errgroup repeats the panic in the waiting goroutine; that is impossible for
 * more than one panic.) A member that ends by lg_goexit has no error. lg_exit in a member unwinds the
 * member; the goroutine that waits for the group does not continue, and the process ends.
 *
 * Starting: lg_group_start starts a member and waits until the member is ready, so that what is started next
 * can rely on the member:
 *
 *     lg_error *listen_on(lg_group *group, int port)
 *     {
 *         …                                   // an error here is the result of lg_group_start
 *         lg_member_ready();                  // lg_group_start returns NULL
 *         …                                   // from here on a member like any other
 *     }
 *
 *     lg_try(lg_group_start(&group, lg_until_timeout(5 * LG_SECOND), listen_on, &group, 8080));
 *     lg_try(lg_group_start(&group, lg_until_timeout(5 * LG_SECOND), announce, &group, 8080));
 *
 * Threads: goroutines and threads of the program may call every function here, any number at once, as long
 * as the group exists: in its block, in its members, and before lg_group_free. Groups nest. A member may
 * start other members in its own group.
 *
 * Deadlock: a member that waits for its own group would wait for itself, so the wait panics. The wait also
 * panics in a member of a nested group, if a member of the outer group must first leave the nested group's
 * block.
 */
#ifndef LIFOGUARD_GROUP_H
#define LIFOGUARD_GROUP_H

#include <stddef.h>

#include <lifoguard/chan.h>
#include <lifoguard/go.h>
#include <lifoguard/impl/list.h>
#include <lifoguard/panic.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

struct lgi_group_hooks;

/* An all-zero lg_group has no members. Never copy or move a group that has been used. */
typedef struct lg_group {
    uint32_t lgi_lock;
    uint32_t lgi_flags;
    size_t lgi_count;
    size_t lgi_limit;
    size_t lgi_inside;
    struct lgi_waiters lgi_waiters, lgi_goers, lgi_leavers;
    struct lgi_done lgi_done;
    lg_error *lgi_errors;
    size_t lgi_kept, lgi_not_kept;
    const void *lgi_taker;
    const void *lgi_within;
    const struct lgi_group_hooks *lgi_hooks;
    void *lgi_hooks_data;
    struct lgi_done *lgi_other_done;
    struct lgi_list lgi_started; /* members that lg_group_start has started */
} lg_group;

/* The result of a wait for a failed group whose errors an earlier wait has already returned. */
extern LG_API lg_error lg_error_group_failed;

/* The result of lg_group_start if the member ended without an error before it was ready. */
extern LG_API lg_error lg_error_member_not_ready;

/* ---- groups without a block: in a struct or in allocated memory ---- */

/* Makes the group all zero: for memory that has other contents. Must not be called for a group in use. */
LG_API void lg_group_init(lg_group *group);

/* Waits until the group has no members. Returns the joined errors of the members, owned by the caller, or
 * NULL if no member has failed. Does not cancel the group. If several callers wait, one of them gets the
 * errors; the others, and all later waits, get &lg_error_group_failed. A group that has not failed may be
 * used again. */
LG_API lg_error *lg_group_wait(lg_group *group) __attribute__((__warn_unused_result__));

/* Like lg_group_wait, but the wait ends when `until` comes (C9). Then the result is
 * &lg_error_deadline_exceeded itself, or the static error of the cancelled context or group, and the
 * members still run. (An error of a member is never identical to one of these static errors: the group
 * wraps it.) */
LG_API lg_error *lg_group_wait_until(lg_group *group, lg_until until)
    __attribute__((__warn_unused_result__));

/* Cancels the group, waits until the group has no members, and frees the errors that no wait has returned.
 * Neither a cancellation nor lg_exit interrupts this wait. Initialise the group before using it again. Does
 * nothing for NULL or an all-zero group. */
LG_API void lg_group_free(lg_group *group);

/* ---- settings ---- */

/* Limits the number of members that exist at the same time; from now on lg_group_go waits for a free place. 0
 * means no limit, the default. A member that waits in lg_group_go of its own group still occupies a place,
 * so members that all start members in a full group deadlock. */
LG_API void lg_group_set_limit(lg_group *group, size_t limit);

typedef enum lg_group_panic_policy {
    LG_GROUP_PANIC_FAILS, /* the panic becomes an error of the group; the default */
    LG_GROUP_PANIC_EXITS  /* the panic is reported and ends the process (P8) */
} lg_group_panic_policy;

/* Sets the policy for members that start from now on. */
LG_API void lg_group_set_panic_policy(lg_group *group, lg_group_panic_policy policy);

/* ---- cancelling ---- */

/* Cancels the group and takes ownership of `cause`. The first cause becomes an error of the group, as if a
 * member had failed with it; later causes are freed. A NULL cause cancels the group without an error of its
 * own; but a member that returns the error with which the cancellation ended its wait (lg_error_cancelled) has failed with
 * it. For a stop without an error, members return NULL if lg_group_is_cancelled. */
LG_API void lg_group_cancel(lg_group *group, lg_error *cause);

/* Whether the group is cancelled; in a member that lg_group_start has started, also whether that start was given
 * up. */
LG_API bool lg_group_is_cancelled(const lg_group *group);

LG_API struct lgi_done *lgi_group_done_of_caller(lg_group *group);

/* A limit for a wait: the wait ends when the group is cancelled, and returns &lg_error_cancelled. In a member that
 * lg_group_start has started, the wait also ends when that start is given up; such an lg_until must not be used
 * after the member's end. */
static inline lg_until lg_until_group(lg_group *group)
{
    lg_until until = {LG_DURATION_MAX,
                      group->lgi_other_done ? group->lgi_other_done : &group->lgi_done};
    if (__builtin_expect(__atomic_load_n(&group->lgi_started.first, __ATOMIC_RELAXED) != NULL, 0))
        until.lgi_done = lgi_group_done_of_caller(group);
    return until;
}

/* A case of lg_select that is chosen when the group is cancelled. */
static inline lg_case lg_case_group(lg_group *group)
{
    return lgi_case_done(lg_until_group(group).lgi_done);
}

/* ---- being ready ---- */

/* Says that the calling member is ready: the lg_group_start that has started the member returns NULL, and the member
 * is from now on a member like any other. Returns false if it is too late, because the start was given up; the
 * member should then return. In every other goroutine or thread, and in a member that has said so already, does
 * nothing and returns true, so a function with lg_member_ready may be started in any way. What the member wrote
 * before is visible to the caller of lg_group_start. */
LG_API bool lg_member_ready(void);

/* The number of members that have not ended. A snapshot: the number may already have changed when this
 * returns. */
LG_API size_t lg_group_count(const lg_group *group);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* lg_group_scope(name, result): declares an lg_group `name` for the enclosing block. Any exit from the block
 * waits for the members and then joins their errors to *result, an `lg_error *` that is declared before the
 * group. A NULL `result` drops the errors. The wait takes its place in the reverse order of deferred calls
 * (D13): declare every object that the members use by pointer before the group.
 *
 * If the block is left with *result set, or by a panic, lg_goexit or lg_exit, the group is cancelled before
 * the wait, and nothing interrupts the wait. (pthread_cancel, pthread_exit and C++ exceptions are treated as
 * a normal exit: the group is not cancelled.) */
#define lg_group_scope(...)                                                                        \
    LGI_NEEDS_BRACES LGI_SEVENTH(__VA_ARGS__, LGI_GROUP_WRONG, LGI_GROUP_WRONG, LGI_GROUP_WRONG, LGI_GROUP_WRONG, LGI_GROUP_COUNTED, LGI_GROUP_WRONG, ~)(__VA_ARGS__)

/* lg_group_go(group, fn, args…): starts fn(args…) in a new goroutine, a member of the `lg_group *`. The
 * function and its arguments are evaluated now and follow the rules of lg_defer, except that the function
 * returns either void or an lg_error *. If the group is at its limit, lg_group_go waits for a free place. Out
 * of memory: panics, and starts nothing. */
#define lg_group_go(group, ...)                                                                    \
    LGI_LINED(LGI_GROUP_GO, __LINE__, LGI_COUNT(__VA_ARGS__), lgi_group_go, LGI_IF_GIVEN(group, 0, group), 1, ((lg_go_options){0}), #__VA_ARGS__, __VA_ARGS__)

/* lg_group_go_owned(group, fn, argument, more…, free): starts fn(argument, more…) as a member that owns the first argument.
 * If fn is never called, the library calls free(argument) instead (G4). */
#define lg_group_go_owned(group, fn, argument, ...)                                                \
    LGI_LINED(LGI_OWNED_GO, __LINE__, LGI_COUNT(__VA_ARGS__), LGI_GROUP_GO_OWNED, group, #fn ", " #argument, fn, argument, __VA_ARGS__)

/* lg_group_go_with(group, options, fn, args…): starts a member with an lg_go_options. Returns an lg_error *.
 *
 *     lg_group_go_with(&group, ((lg_go_options){.thread = true}), compress, job);
 *
 *     const lg_until until = lg_until_within(lg_until_context(ctx), LG_SECOND);
 *     err = lg_group_go_with(&group, ((lg_go_options){.until = &until}), serve, connection);
 *
 * Without .until, lg_group_go_with behaves as lg_group_go; the result is always NULL and may be ignored. With
 * .until, the wait for a free place ends when `until` comes (C9), and lg_group_go_with returns the error that
 * until.h describes; lack of memory gives &lg_error_out_of_memory instead of a panic. On any error, nothing
 * has been started, and the caller still owns the argument. With lg_until_now(), lg_group_go_with does not
 * wait. */
#define lg_group_go_with(group, options, ...)                                                      \
    LGI_LINED(LGI_FORM(LGI_PARENTHESES options)(LGI_GROUP_GO, LGI_LOOSE), __LINE__, LGI_COUNT(__VA_ARGS__), lgi_group_go_with, group, LGI_IS_A(lg_go_options, options), LGI_A(lg_go_options, options), #__VA_ARGS__, __VA_ARGS__)

/* lg_group_start(group, until, fn, args…): starts fn(args…) as a member, like lg_group_go, and waits until the member
 * calls lg_member_ready(). Returns an lg_error *, which must be used:
 *
 *     NULL                          the member is ready
 *     an error of its own           the member ended before it was ready: the error that fn returned, or its panic
 *     &lg_error_member_not_ready    fn returned, or called lg_goexit, without an error before it was ready
 *     as until.h describes          `until` came first. The member was then cancelled, alone (lg_until_group and
 *                                   lg_group_is_cancelled tell the member), and has ended. An error that the member
 *                                   returned on that occasion is joined.
 *     &lg_error_out_of_memory       fn was not called
 *
 * So after an error nothing of the member is left: the group has not failed, is not cancelled, and the other members
 * go on. A member that does not end when it is cancelled keeps lg_group_start waiting, as it keeps the group waiting.
 * If all workers compute, so that none has begun the member when the limit of a thread's call comes, the member begins on a
 * thread of its own (S8); if there is no memory for that either, fn is not called, and &lg_error_out_of_memory is joined to the
 * error of `until`.
 * lg_group_start may be called in a member of the same group.
 *
 * lg_group_start_with(group, options, fn, args…): the same with an lg_go_options, whose .until is the limit. With .free,
 * the first argument is released in every case: by the function, or by .free if the function is never called. */
#define lg_group_start(group, until_, ...)                                                         \
    LGI_LINED(LGI_GROUP_START, __LINE__, LGI_COUNT(__VA_ARGS__), group, LGI_IS_A(lg_until, until_), ((lg_go_options){.until = (const lg_until[]){LGI_A(lg_until, until_)}}), #__VA_ARGS__, __VA_ARGS__)
#define lg_group_start_with(group, options, ...)                                                   \
    LGI_LINED(LGI_FORM(LGI_PARENTHESES options)(LGI_GROUP_START, LGI_LOOSE), __LINE__, LGI_COUNT(__VA_ARGS__), group, LGI_IS_A(lg_go_options, options), LGI_A(lg_go_options, options), #__VA_ARGS__, __VA_ARGS__)
#define LGI_GROUP_START(id, n, group, right, options, text, ...)                                   \
    LGI_USED(LGI_GROUP_GO(id, n, lgi_group_start, group, right, options, text, __VA_ARGS__))

#define LGI_GROUP_GO_TEXT "write &group, then the options or the limit if the form takes them, then the function and its arguments"
/* `right`: whether the argument between the group and the function is. */
#define LGI_GROUP_GO(id, n, how, group, right, options, text, ...)                                 \
    __extension__({                                                                                \
        enum { lgi_right_##id = LGI_IS_AT(lg_group, group) && right }; \
        _Static_assert(!!lgi_right_##id, LGI_GROUP_GO_TEXT);                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_GO, __VA_ARGS__)       \
        LGI_HANDED(id, n, text)                                                                    \
        _Static_assert(!LGI_NO_MEMBER(id, n), LGI_NO_MEMBER_TEXT);                                                        \
        const struct lgi_member lgi_member_##id = {                                                \
            options, LGI_ADDRESS_OF(lg_group, group), !LGI_IS_VOID(LGI_RESULT(id))};                                       \
        how(LGI_HANDED_ARGS(id), &lgi_member_##id);                                                \
    })

#define LGI_GROUP_GO_OWNED(id, n, group, ...) LGI_GROUP_GO(id, n, lgi_group_go, group, 1, __VA_ARGS__)

#define LGI_NO_MEMBER(id, n)                                                                       \
    (!LGI_NO_FUNCTION(lgi_fn_##id) && !LGI_IS_VOID(LGI_RESULT(id)) && !__builtin_types_compatible_p(LGI_RESULT(id), lg_error *) &&  \
     LGI_UNPROMOTED(lgi_fn_##id, LGI_RESULT(id)))
#define LGI_NO_MEMBER_TEXT                                                                         \
    "a member of a group returns void, or an lg_error *: write a function that makes an error of the result"

#define LGI_GROUP_TEXT "write lg_group_scope(name, &err): a new name; the result is the address of an lg_error *, as &err, or NULL"
LGI_DEMANDED(lgi_demand_group, LGI_GROUP_TEXT)
#define LGI_GROUP_WRONG(name, ...) LGI_NUMBERED(LGI_GROUP_REFUSED, ~, name)
#define LGI_GROUP_REFUSED(id, name)                                                                \
    LGI_DEMAND(lgi_demand_group, 0, LGI_GROUP_TEXT)                                                \
    struct lg_group name
#define LGI_GROUP_COUNTED(name, result) LGI_NUMBERED(LGI_GROUP_AS, __COUNTER__, name, result)
/* (One declaration has both arguments, and ends in a brace: if `name` is none, gcc passes over all of it.) */
#define LGI_GROUP_AS(id, name, result)                                                             \
    LGI_NO_JUMP(id)                                                                                \
    LGI_DEMAND(lgi_demand_group, LGI_IS_NAME(#name), LGI_GROUP_TEXT)                               \
    LGI_SITE(id, 1, LGI_CALL, "lg_group_scope, " #name, lgi_group_unwound, 0)                      \
    struct lg_group *lgi_group_##id = (struct lg_group *)0;                                        \
    lg_error **lgi_result_##id = (lg_error **)0;                                                   \
    struct lg_group name,                                                                          \
        *const lgi_opened_##id LGI_UNUSED = LGI_IN_FUNCTION((lgi_result_##id = LGI_ADDRESS_OF(lg_error *, result), lgi_group_##id = &name), &name),\
        *const lgi_checked_##id[1] LGI_UNUSED = {LGI_IN_FUNCTION(LGI_ASSERTED(lgi_demand_group, LGI_IS_AT(lg_error *, result), LGI_GROUP_TEXT, (struct lg_group *)0), (struct lg_group *)0)};\
    struct lgi_group_scope lgi_group_scope_##id __attribute__((cleanup(lgi_group_scope_leave)));   \
    LGI_STEPS_BEGIN                                                                                \
    lgi_group_scope_open(&lgi_group_scope_##id, &LGI_SITE_OF(id), lgi_group_##id, lgi_result_##id);\
    LGI_STEPS_END

// clang-format on

#endif /* !__cplusplus */

/* ---- internal: used by the macros ---- */

LG_BEGIN_DECLS

struct lgi_group_scope {
    struct lgi_record record;
    struct lgi_group_scope *self; /* the word of the record's call */
    lg_group *group;
    lg_error **result;
};

struct lgi_member {
    lg_go_options options;
    lg_group *group;
    bool reports; /* returns an error, or NULL */
};

LG_API void lgi_group_scope_open(struct lgi_group_scope *scope, const struct lgi_site *site,
                                 lg_group *group, lg_error **result);
LG_API void lgi_group_scope_leave(struct lgi_group_scope *scope);
LG_API void lgi_group_unwound(struct lgi_group_scope *scope);

LG_API void lgi_group_go(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                         const struct lgi_member *member);
LG_API lg_error *lgi_group_go_with(const struct lgi_site *site, lgi_function function,
                                   const uintptr_t *words, const struct lgi_member *member);
LG_API lg_error *lgi_group_start(const struct lgi_site *site, lgi_function function,
                                 const uintptr_t *words, const struct lgi_member *member)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
