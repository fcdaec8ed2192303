/* Groups (nurseries): goroutines that are waited for together. None can outlive the group that owns it (G3).
 *
 *     lg_error *fetch_all(char **urls, size_t count)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_group_scope(group, &err);
 *             for (size_t i = 0; i < count; i++)
 *                 lg_group_go(&group, fetch, urls[i]); // lg_error *fetch(char *url), or a void function
 *             lg_return(NULL);
 *         } // waits for all; what they returned is joined to err
 *     }
 *
 * Errors: those of the members are joined, in the order in which they ended. The first failure cancels the group. After
 * it, the error with which the cancelled group ends a wait adds nothing (G9), when a member or the block returns it as it
 * is; wrapped, it comes after the cause. The first 256 errors are kept, and the others are counted: "and 12345 more
 * errors".
 *
 * Cancelling is a signal (C6): members see it by lg_group_is_cancelled, in waits with lg_until_group and in a select
 * with lg_case_group, and return.
 * What has not been called by then:
 *   - a member of lg_group_go is called all the same, as by Go's errgroup, since nobody else knows what to do with
 *     its arguments;
 *   - the argument of lg_group_go_owned is dropped instead (G4), as it also is if lg_exit or a lack of memory keeps
 *     the member from starting.
 *
 * Panics in a member, if nothing stops them there, become an error of the group, of the kind lg_panic_kind (panic.h):
 * lg_error_print_tree shows where it began and its stack. So several may panic at once, and none is lost. Or they
 * end the process, as elsewhere (P8), if lg_group_set_panic_policy says so; Go's errgroup has them panic in who waits, which
 * cannot be done for more than one. A member that ends by lg_goexit has ended without an error. lg_exit in a member
 * unwinds it, and who waits for the group does not go on; then the process ends.
 *
 * Threads: everything here may be called by goroutines and by threads of the program's own, any number at once, as
 * long as the group is known to exist: in its block, in its members, and before lg_group_destroy. Groups nest.
 * A member may start others in its own group. Waiting for a group in one of its own members, or in a member of a
 * group whose block such a member has to leave, would wait for itself: that panics.
 */
#ifndef LIFOGUARD_GROUP_H
#define LIFOGUARD_GROUP_H

#include <stddef.h>

#include <lifoguard/chan.h>
#include <lifoguard/go.h>
#include <lifoguard/panic.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

struct lgi_group_hooks;

/* All zero: a group without members. Never copy or move one that has been used. */
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
} lg_group;

/* What a wait returns for a group that has failed, if another wait was given its errors. */
extern LG_API lg_error lg_error_group_failed;

/* ---- groups without a block of their own: in a struct, in memory from malloc ---- */

LG_API void lg_group_init(lg_group *group);

/* Waits until the group has no members, and returns their errors, which are the caller's then; NULL: none has failed.
 * Does not cancel. Of several who wait, one gets the errors and the others &lg_error_group_failed; so does everybody who
 * waits later. A group that has not failed may be used again. */
LG_API lg_error *lg_group_wait(lg_group *group) __attribute__((__warn_unused_result__));

/* The same with an end (C9). If `until` comes first: &lg_error_deadline_exceeded itself, or the static error of what was
 * cancelled; nothing has been done then. (A member's error is never one of these themselves, but wraps it.) */
LG_API lg_error *lg_group_wait_until(lg_group *group, lg_until until)
    __attribute__((__warn_unused_result__));

/* Cancels the group and waits until it has no members; nothing interrupts that. Errors that nobody has taken are
 * freed. To be used again it must be initialised. NULL, or all zero: does nothing. */
LG_API void lg_group_destroy(lg_group *group);

/* ---- how it behaves ---- */

/* At most that many members at once, from now on: lg_group_go waits until one of them has ended. 0: without a limit,
 * as at first. (A member that waits in lg_group_go of its own group is still one of them.) */
LG_API void lg_group_set_limit(lg_group *group, size_t limit);

typedef enum lg_group_panic_policy {
    LG_GROUP_PANIC_FAILS, /* it is an error of the group: so at first */
    LG_GROUP_PANIC_EXITS  /* it is reported and ends the process (P8) */
} lg_group_panic_policy;

/* For members that start from now on. */
LG_API void lg_group_set_panic_policy(lg_group *group, lg_group_panic_policy what);

/* ---- cancelling ---- */

/* Cancels the group. The first cause wins: it becomes an error of the group, as if a member had failed with it; later
 * ones are freed. A NULL cause only cancels. */
LG_API void lg_group_cancel(lg_group *group, lg_error *cause);

LG_API bool lg_group_is_cancelled(const lg_group *group);

/* Until the group is cancelled: such a wait then returns &lg_error_cancelled. */
static inline lg_until lg_until_group(lg_group *group)
{
    const lg_until until = {LG_DURATION_MAX,
                            group->lgi_other_done ? group->lgi_other_done : &group->lgi_done};
    return until;
}

/* A case of lg_select: the group is cancelled. */
static inline lg_case lg_case_group(lg_group *group)
{
    return lgi_case_done(lg_until_group(group).lgi_done);
}

/* The members that have not ended. Whatever else is under way makes it only roughly right. */
LG_API size_t lg_group_count(const lg_group *group);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* lg_group_scope(name, result): declares an lg_group of that name, for the enclosing block. When the block is left,
 * however it is left, its members are waited for, and their errors joined to the `lg_error *` that `result` points
 * to, which is declared before it (NULL: they are dropped). Its place in the reverse order is that of any deferred
 * call (D13): what members use by pointer must be declared before the group.
 *
 * Left with *result set, or by a panic, lg_goexit or lg_exit, the group is cancelled first, and nothing
 * interrupts the wait. (pthread_cancel, pthread_exit and C++ exceptions leave it as if normally.) */
#define lg_group_scope(name, result)                                                               \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBER(LGI_GROUP_AS, name, result)

/* lg_group_go(group, fn, args…): fn(args…) in a goroutine of the group, an `lg_group *`. The function and its
 * arguments are evaluated now and obey the rules of lg_defer, but that the function returns void, or an lg_error *.
 * Where there is a limit, waits. Out of memory: panics; nothing has been started then. */
#define lg_group_go(group, ...)                                                                    \
    LGI_LINED(LGI_GROUP_GO, LGI_COUNT(__VA_ARGS__), lgi_group_go, group, ((lg_go_options){0}),   \
               #__VA_ARGS__, __VA_ARGS__)

/* lg_group_go_owned(group, fn, argument, drop): the member owns the argument. If fn(argument) is never called, then
 * drop(argument) is (G4). */
#define lg_group_go_owned(group, fn, argument, drop_)                                              \
    LGI_LINED(LGI_GROUP_GO, 1, lgi_group_go, group,                                               \
               ((lg_go_options){.drop = LGI_DROP(drop_, argument)}), #fn ", " #argument, fn, argument)

/* lg_group_go_with(group, options, fn, args…): with an lg_go_options. Its value is an lg_error *.
 *
 *     lg_group_go_with(&group, ((lg_go_options){.thread = true}), compress, job);
 *
 *     const lg_until until = lg_until_within(lg_until_context(ctx), LG_SECOND);
 *     err = lg_group_go_with(&group, ((lg_go_options){.until = &until}), serve, connection);
 *
 * Without .until: as lg_group_go, and the value, always NULL, may be ignored. With it, the wait for a place ends then
 * (C9): NULL, or what until.h says and nothing has been done, the argument still being the caller's. So it is for
 * &lg_error_out_of_memory, instead of a panic. With lg_until_now() it does not wait at all. */
#define lg_group_go_with(group, options, ...)                                                      \
    LGI_LINED(LGI_GROUP_GO, LGI_COUNT(__VA_ARGS__), lgi_group_go_with, group, options, #__VA_ARGS__, __VA_ARGS__)

#define LGI_GROUP_GO(id, n, how, group, options, text, ...)                                 \
    LGI_GROUP_GO_(id, n, how, group, options, text, __VA_ARGS__)
#define LGI_GROUP_GO_(id, n, how, group, options, text, ...)                                \
    __extension__({                                                                                \
        LGI_HANDED(id, n, text, __VA_ARGS__)                                                       \
        LGI_MEMBER_CHECK(LGI_RESULT(id))                                                           \
        const struct lgi_member lgi_member_##id = {                                                \
            options, (group), !LGI_IS_VOID(LGI_RESULT(id))};                                       \
        how(LGI_HANDED_ARGS(id), &lgi_member_##id);                                                \
    })

#define LGI_MEMBER_CHECK(R)                                                                        \
    _Static_assert(                                                                                \
        LGI_IS_VOID(R) || __builtin_types_compatible_p(R, lg_error *),                             \
        "a member of a group returns void, or an lg_error *: write a function that makes an error of the result");

#define LGI_GROUP_AS(id, name, result) LGI_GROUP_AS_(id, name, result)
#define LGI_GROUP_AS_(id, name, result)                                                            \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, 1, LGI_CALL, "lg_group_scope, " #name, lgi_group_unwound, 0)                      \
    struct lg_group name;                                                                          \
    struct lgi_group_scope LGI_CAT(lgi_group_scope_, id)                                           \
        __attribute__((cleanup(lgi_group_scope_leave)));                                           \
    lgi_group_scope_open(&LGI_CAT(lgi_group_scope_, id), &LGI_SITE_OF(id), &name, (result))

// clang-format on

#endif /* !__cplusplus */

/* ---- what the macros are made of ---- */

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

LG_END_DECLS

#endif
