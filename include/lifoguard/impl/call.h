/* How a deferred call is checked, kept and made. See record.h for what stays at run time.
 *
 * Each expansion is paid for by whoever compiles it, so it is short: all that can be shared stands in functions of the
 * library (lgi_leave_…), and the user's own words are repeated as seldom as the checks allow, since the
 * compilers repeat their errors with them. docs/rationale.md has the measurements. */
#ifndef LIFOGUARD_IMPL_CALL_H
#define LIFOGUARD_IMPL_CALL_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/probe.h>
#include <lifoguard/impl/record.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* The number of arguments after the function, 0 to 4; lgi_many for more, with which all but its message is as for 0. */
#define LGI_COUNT(...)                                                                             \
    LGI_COUNT_(__VA_ARGS__, lgi_many, lgi_many, lgi_many, lgi_many, lgi_many, lgi_many, 4, 3, 2,   \
               1, 0, 0)
#define LGI_COUNT_(f, a, b, c, d, e, g, h, i, j, k, count, ...) count
enum { lgi_many = 0 };
#define lgi_call_lgi_many lgi_call_0
#define lgi_leave_lgi_many lgi_leave_0
#define lgi_kept_lgi_many lgi_kept_0

#define LGI_FN(id) lgi_function_##id
#define LGI_ARG(id, n) lgi_argument##n##_##id
#define LGI_RESULT(id) lgi_result_type_##id
#define LGI_SITE_OF(id) lgi_site_##id
#define LGI_RECORD(id) lgi_record_##id
#define LGI_WORDS(id) lgi_words_##id

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* ---- checks -------------------------------------------------------------------------------- */

/* What to write instead, where the call is deferred and where it is made in a goroutine. */
#define LGI_ADVICE_DEFER "write lg_defer_block { function(value); } with a copy of the value in a local variable"
#define LGI_ADVICE_GO "write a function that takes a pointer to the value, which must live until it has run"

#define LGI_INTEGER 1
#define LGI_POINTER 5
#define LGI_REAL 8
#define LGI_CLASS(x) __builtin_classify_type(x)

#define LGI_IS_WORD(x)                                                                             \
    ((LGI_CLASS(x) | 4) == 5 && sizeof(x) >= sizeof(int) && sizeof(x) <= sizeof(uintptr_t))

/* By the type of the function's result. (A char, an enumeration and bool are between integer and pointer.) */
#define LGI_IS_VOID(R) __builtin_types_compatible_p(R, void)
#define LGI_RESULT_OF(R) __builtin_choose_expr(LGI_IS_VOID(R), 0, ((R(*)(void))0)())
#define LGI_RESULT_IN(R, least, most)                                                              \
    (LGI_CLASS(LGI_RESULT_OF(R)) >= least && LGI_CLASS(LGI_RESULT_OF(R)) <= most)
#define LGI_IS_SCALAR(R) (LGI_RESULT_IN(R, LGI_INTEGER, LGI_REAL) && sizeof(LGI_RESULT_OF(R)) <= sizeof(uint64_t))

#if __STDC_VERSION__ < 202000L || (!defined(__clang__) && __GNUC__ < 13)
/* Before C23, `T ()` is compatible with a function type exactly if that is not variadic and no
 * parameter is changed by the default promotions. */
#define LGI_UNPROMOTED(f, R) __builtin_types_compatible_p(__typeof__(*f), R())
#else
/* In C23 there is no such type. A narrow parameter is found by LGI_PROBED (with gcc >= 13, not yet); a variadic
 * function only if it has a usual type. (One that is not found does no harm where the ABI passes variable
 * arguments as others, as on x86-64 and aarch64 Linux.) */
#define LGI_IS(f, R, ...) __builtin_types_compatible_p(__typeof__(*f), R(__VA_ARGS__))
#define LGI_UNPROMOTED(f, R)                                                                       \
    !(LGI_IS(f, R, const char *, ...) || LGI_IS(f, R, int, const char *, ...) ||                   \
      LGI_IS(f, R, const char *, int, ...) || LGI_IS(f, R, int, int, ...) ||                       \
      LGI_IS(f, R, int, unsigned long, ...) || LGI_IS(f, R, int, ...))
#endif

/* The one prelude of all forms: the function and its arguments, evaluated in order, and all that can be wrong with them.
 * `P` is empty, or P_ for a function that is given the panic first. */
#define LGI_PRELUDE(id, n, P, advice, ...)                                                         \
    LGI_TAKE_##n(id, advice, __VA_ARGS__)                                                          \
    LGI_CHECK_##n(id, P, advice, __VA_ARGS__)
#define LGI_CHECK_lgi_many(id, ...) typedef void LGI_RESULT(id);
#define LGI_CHECK(id, advice, call, made, probe)                                                       \
    typedef __typeof__(call) LGI_RESULT(id);                                                       \
    LGI_CHECKS(                                                                                    \
        _Static_assert(LGI_UNPROMOTED(LGI_FN(id), LGI_RESULT(id)),                                 \
                       "the function is variadic, or a parameter is bool, char, short or float: " advice); \
        _Static_assert(LGI_IS_SCALAR(LGI_RESULT(id)),                                              \
                       "the function returns a struct or a long double: " advice);,                \
        made, probe)

#define LGI_CHECK_0(id, P, advice, f)                                                      \
    LGI_CHECK(id, advice, LGI_##P##CALL_0(f), LGI_##P##CALL_0(LGI_FN(id)), LGI_##P##PROBE_0(LGI_FN(id)))
#define LGI_CHECK_1(id, P, advice, f, a)                                                      \
    LGI_CHECK(id, advice, LGI_##P##CALL_1(f, a), LGI_##P##CALL_1(LGI_FN(id), LGI_ARG(id, 1)), LGI_##P##PROBE_1(LGI_FN(id)))
#define LGI_CHECK_2(id, P, advice, f, a, b)                                                      \
    LGI_CHECK(id, advice, LGI_##P##CALL_2(f, a, b), LGI_##P##CALL_2(LGI_FN(id), LGI_ARG(id, 1), LGI_ARG(id, 2)), LGI_##P##PROBE_2(LGI_FN(id)))
#define LGI_CHECK_3(id, P, advice, f, a, b, c)                                                      \
    LGI_CHECK(id, advice, LGI_##P##CALL_3(f, a, b, c), LGI_##P##CALL_3(LGI_FN(id), LGI_ARG(id, 1), LGI_ARG(id, 2), LGI_ARG(id, 3)), LGI_##P##PROBE_3(LGI_FN(id)))
#define LGI_CHECK_4(id, P, advice, f, a, b, c, d)                                                      \
    LGI_CHECK(id, advice, LGI_##P##CALL_4(f, a, b, c, d), LGI_##P##CALL_4(LGI_FN(id), LGI_ARG(id, 1), LGI_ARG(id, 2), LGI_ARG(id, 3), LGI_ARG(id, 4)), LGI_##P##PROBE_4(LGI_FN(id)))

#define LGI_CALL_0(f) (f)()
#define LGI_CALL_1(f, a) (f)(a)
#define LGI_CALL_2(f, a, b) (f)(a, b)
#define LGI_CALL_3(f, a, b, c) (f)(a, b, c)
#define LGI_CALL_4(f, a, b, c, d) (f)(a, b, c, d)
#define LGI_PROBE_0(f) f()
#define LGI_PROBE_1(f) f(LGI_PROBE)
#define LGI_PROBE_2(f) f(LGI_PROBE, LGI_PROBE)
#define LGI_PROBE_3(f) f(LGI_PROBE, LGI_PROBE, LGI_PROBE)
#define LGI_PROBE_4(f) f(LGI_PROBE, LGI_PROBE, LGI_PROBE, LGI_PROBE)
#define LGI_NO_PANIC (lg_panic_info *)0
#define LGI_P_CALL_0(f) (f)(LGI_NO_PANIC)
#define LGI_P_CALL_1(f, a) (f)(LGI_NO_PANIC, a)
#define LGI_P_CALL_2(f, a, b) (f)(LGI_NO_PANIC, a, b)
#define LGI_P_CALL_3(f, a, b, c) (f)(LGI_NO_PANIC, a, b, c)
#define LGI_P_CALL_4(f, a, b, c, d) (f)(LGI_NO_PANIC, a, b, c, d)
#define LGI_P_PROBE_0(f) f(LGI_PROBE)
#define LGI_P_PROBE_1(f) LGI_PROBE_2(f)
#define LGI_P_PROBE_2(f) LGI_PROBE_3(f)
#define LGI_P_PROBE_3(f) LGI_PROBE_4(f)
#define LGI_P_PROBE_4(f) f(LGI_PROBE, LGI_PROBE, LGI_PROBE, LGI_PROBE, LGI_PROBE)

/* ---- the function and its arguments, by their number ---------------------------------------------- */

#define LGI_TAKE(id, n, advice, x)                                                                 \
    __extension__ __auto_type LGI_ARG(id, n) = (x);                                                \
    _Static_assert(LGI_IS_WORD(LGI_ARG(id, n)),                                                    \
        "argument " #n " is neither a pointer nor an integer of int width or more: " advice);

#define LGI_TAKE_0(id, advice, f) __extension__ __auto_type const LGI_FN(id) = &*(f);
#define LGI_TAKE_1(id, advice, f, a) LGI_TAKE_0(id, advice, f) LGI_TAKE(id, 1, advice, a)
#define LGI_TAKE_2(id, advice, f, a, b) LGI_TAKE_1(id, advice, f, a) LGI_TAKE(id, 2, advice, b)
#define LGI_TAKE_3(id, advice, f, a, b, c) LGI_TAKE_2(id, advice, f, a, b) LGI_TAKE(id, 3, advice, c)
#define LGI_TAKE_4(id, advice, f, a, b, c, d) LGI_TAKE_3(id, advice, f, a, b, c) LGI_TAKE(id, 4, advice, d)
#define LGI_TAKE_lgi_many(id, advice, ...)                                                         \
    _Static_assert(0, "at most four arguments can be passed: " advice);                            \
    const lgi_function LGI_FN(id) = (lgi_function)0;

#define LGI_STORE_0(id, to)
#define LGI_STORE_lgi_many(id, to)
#define LGI_STORE_1(id, to) (to)[0] = (uintptr_t)LGI_ARG(id, 1);
#define LGI_STORE_2(id, to) LGI_STORE_1(id, to)(to)[1] = (uintptr_t)LGI_ARG(id, 2);
#define LGI_STORE_3(id, to) LGI_STORE_2(id, to)(to)[2] = (uintptr_t)LGI_ARG(id, 3);
#define LGI_STORE_4(id, to) LGI_STORE_3(id, to)(to)[3] = (uintptr_t)LGI_ARG(id, 4);

/* ---- what is kept ------------------------------------------------------------------------------ */

/* A function's name, as opposed to a pointer to a function, which has to be kept with the arguments. */
#define LGI_IS_NAME(f) __builtin_types_compatible_p(__typeof__(f), __typeof__(*(f)))

#define LGI_SITE(id, n, kind, text, function, kept)                                                \
    static const struct lgi_site LGI_SITE_OF(id) = {                                               \
        (lgi_function)(function), text, __FILE__, __func__, __LINE__, kind, n, kept};

/* The prelude of an expression that hands the call to a function of the library: the site, then the function and its
 * words, of which there is at least one. */
#define LGI_HANDED(id, n, text, ...)                                                               \
    LGI_PRELUDE(id, n, , LGI_ADVICE_GO, __VA_ARGS__)                                               \
    LGI_SITE(id, n, LGI_ENTRY, text, 0, 1)                                                         \
    uintptr_t LGI_WORDS(id)[n + 1];                                                                \
    LGI_WORDS(id)[n] = 0;                                                                          \
    LGI_STORE_##n(id, LGI_WORDS(id))
#define LGI_HANDED_ARGS(id) &LGI_SITE_OF(id), (lgi_function)LGI_FN(id), LGI_WORDS(id)

/* A record with its words, which `leave` takes care of when the block is left. */
#define LGI_DEFER(id, n, P, leave, kind, text, function, kept, setup, ...)                         \
    LGI_PRELUDE(id, n, P, LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n, kind, text, function, kept)                                                    \
    struct lgi_call_##n LGI_RECORD(id) __attribute__((cleanup(leave)));                            \
    LGI_STORE_##n(id, LGI_RECORD(id).word)                                                         \
    setup                                                                                          \
    lgi_enter(&LGI_RECORD(id).record, LGI_ADDRESS(LGI_RECORD(id).record), &LGI_SITE_OF(id))

/* ---- the forms ---------------------------------------------------------------------------------- */
/* Each is in two steps, so that `id` and `n` are numbers when they are pasted. */

#define LGI_FIRST(...) LGI_FIRST_(__VA_ARGS__, 0)
#define LGI_FIRST_(first, ...) first

#define LGI_PLAIN(id, n, text, ...) LGI_PLAIN_(id, n, text, __VA_ARGS__)
#define LGI_PLAIN_(id, n, text, ...)                                                               \
    LGI_DEFER(id, n, , lgi_leave_##n, LGI_CALL, text,                                              \
              LGI_NAME_OR(LGI_FIRST(__VA_ARGS__), lgi_kept_##n), !LGI_IS_NAME(LGI_FIRST(__VA_ARGS__)), \
              if (LGI_SITE_OF(id).kept) LGI_RECORD(id).word[n] = (uintptr_t)LGI_FN(id);, __VA_ARGS__)
#define LGI_NAME_OR(f, kept) __builtin_choose_expr(LGI_IS_NAME(f), (f), kept)

/* An lg_func's state stands in a variable named after what is wrong when there is none. */
#define LGI_FRAME this_stands_only_in_an_lg_func

#define LGI_KEEP(id, n) LGI_RECORD(id).word[n] = (uintptr_t)LGI_FN(id);

#define LGI_ON(id, n, kind, text, ...) LGI_ON_(id, n, kind, text, __VA_ARGS__)
#define LGI_ON_(id, n, kind, text, ...)                                                            \
    LGI_DEFER(id, n, , lgi_leave_special, kind, text, 0, 1,                                        \
              LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1] = (uintptr_t)&LGI_FRAME;, __VA_ARGS__)

#define LGI_CONTAIN(id, n, text, ...) LGI_CONTAIN_(id, n, text, __VA_ARGS__)
#define LGI_CONTAIN_(id, n, text, ...)                                                             \
    LGI_DEFER(id, n, , lgi_leave_special, LGI_CONTAINED, text, 0, 1,                               \
              _Static_assert(__builtin_types_compatible_p(                                         \
                                 __typeof__(*lg_return_stands_only_in_an_lg_func), lg_error *),    \
                             "lg_defer_contained joins the panic to the function's result: "       \
                             "write lg_func (lg_error *, err)");                                   \
              LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1] = (uintptr_t)&LGI_FRAME;, __VA_ARGS__)

#define LGI_RECOVERING(id, n, text, ...) LGI_RECOVERING_(id, n, text, __VA_ARGS__)
#define LGI_RECOVERING_(id, n, text, ...)                                                          \
    LGI_DEFER(id, n, P_, lgi_leave_special, LGI_RECOVER, text, 0, 1,                               \
        if (!lg_defer_recover_stands_only_in_an_lg_func_recovers)                                  \
            goto lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block;                  \
        LGI_KEEP(id, n), __VA_ARGS__)

#define LGI_NAMED_AS(id, n, name, text, ...) LGI_NAMED_AS_(id, n, name, text, __VA_ARGS__)
#define LGI_NAMED_AS_(id, n, name, text, ...)                                                      \
    LGI_PRELUDE(id, n, , LGI_ADVICE_DEFER, __VA_ARGS__)                                            \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n, LGI_NAMED, text, 0, 1)                                                         \
    struct lgi_named LGI_RECORD(id) __attribute__((cleanup(lgi_leave_named)));                     \
    lg_deferred *const name LGI_UNUSED = &LGI_RECORD(id).deferred;                                 \
    LGI_RECORD(id).deferred.site = &LGI_SITE_OF(id);                                               \
    LGI_RECORD(id).deferred.function = (lgi_function)LGI_FN(id);                                   \
    LGI_STORE_##n(id, LGI_RECORD(id).deferred.word)                                                \
    lgi_enter(&LGI_RECORD(id).record, LGI_ADDRESS(LGI_RECORD(id).record), &LGI_SITE_OF(id))

/* What holds deferred calls: an lg_scope, or an lg_cleanups, which begins with one. */
#define LGI_OWNER(id, owner)                                                                       \
    __extension__ __auto_type const lgi_owner_##id = (owner);                                      \
    _Static_assert(_Generic(lgi_owner_##id, lg_scope *: 1, lg_cleanups *: 1, default: 0),          \
        "what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups");
#define LGI_OWNED(id) ((lg_scope *)lgi_owner_##id)

/* `add` is what takes room in the scope for a call of that kind. */
#define LGI_IN(id, n, scope, text, ...) LGI_IN_(id, n, , LGI_ENTRY, LGI_ADD_ENTRY, scope, text, __VA_ARGS__)
#define LGI_ADD_ENTRY(scope, site) lgi_scope_add(scope)
#define LGI_IN_(id, n, P, kind, add, scope_, text, ...)                                            \
    __extension__({                                                                                \
        LGI_PRELUDE(id, n, P, LGI_ADVICE_DEFER, __VA_ARGS__)                                       \
        LGI_SITE(id, n, kind, text, 0, 1)                                                          \
        LGI_OWNER(id, scope_)                                                                      \
        lg_scope *const lgi_scope_##id = LGI_OWNED(id);                                            \
        lg_deferred *const lgi_deferred_##id = add(lgi_scope_##id, &LGI_SITE_OF(id));              \
        lgi_deferred_##id->site = &LGI_SITE_OF(id);                                                \
        lgi_deferred_##id->function = (lgi_function)LGI_FN(id);                                    \
        LGI_STORE_##n(id, lgi_deferred_##id->word)                                                 \
        lgi_scope_added(lgi_scope_##id, lgi_deferred_##id);                                        \
    })
#define LGI_SPECIAL_IN(id, n, P, kind, scope, text, ...)                                           \
    LGI_IN_(id, n, P, kind, lgi_scope_add_special, scope, text, __VA_ARGS__)

#define LGI_SCOPE_AS(id, name) LGI_SCOPE_AS_(id, name)
#define LGI_SCOPE_AS_(id, name)                                                                    \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, 0, LGI_SCOPE, #name, 0, 0)                                                        \
    struct lg_scope name __attribute__((cleanup(lgi_scope_leave)));                                \
    lgi_scope_open(&name, &LGI_SITE_OF(id), LGI_HERE(frame), LGI_HERE(head))

/* What the lg_func around is known by; outside of one, these are numbers. */
enum { lgi_frame_here = 0, lgi_head_here = 0 };
#define LGI_HERE(part)                                                                             \
    _Generic(lgi_##part##_here, struct lgi_##part *: lgi_##part##_here, default: (struct lgi_##part *)0)

/* ---- functions with a named result --------------------------------------------------------------- */
/* The result is declared outside the user's block; the block is left, by lg_return's goto or by running
 * off its end, before the result is read in the loop's step. As the loops have no condition, the
 * compilers know that the function's end is never reached. */

#define LGI_FUNC(T, name)                                                                          \
    for (__typeof__(T) name = {0}, *const lg_return_stands_only_in_an_lg_func LGI_UNUSED = &name;; \
         __extension__({ return name; }))                                                          \
        for (struct lgi_frame                                                                      \
                 LGI_FRAME =                                                                       \
                     {_Generic(&name, lg_error * *: &name, default: (lg_error **)0),               \
                      _Generic(&name, lg_error * *: lgi_top, default: (struct lgi_record *)0), 0}, \
                 *const lgi_frame_here LGI_UNUSED = &LGI_FRAME,                                    \
                 *const lgi_result_is_an_error __attribute__((cleanup(lgi_frame_leave))) =         \
                     _Generic(&name, lg_error * *: &LGI_FRAME, default: (struct lgi_frame *)0);    \
             ; __extension__({                                                                     \
                 LGI_FRAME.error = (lg_error **)0;                                                 \
                 return name;                                                                      \
             }))

#define LGI_FUNC_VOID                                                                              \
    for (struct lgi_frame LGI_FRAME LGI_UNUSED = {(lg_error **)0, (struct lgi_record *)0, 0},      \
                          *const lgi_frame_here LGI_UNUSED = &LGI_FRAME;;                          \
         __extension__({ return; }))

/* A recovered panic makes LGI_SAVE return a second time. */
#define LGI_HEAD(result)                                                                           \
    for (struct lgi_head lgi_head __attribute__((cleanup(lgi_head_leave))),                        \
         *const lgi_head_here LGI_UNUSED = &lgi_head,                                              \
         *lg_defer_recover_stands_only_in_an_lg_func_recovers = lgi_head_open(&lgi_head, result);  \
         lg_defer_recover_stands_only_in_an_lg_func_recovers;                                      \
         lg_defer_recover_stands_only_in_an_lg_func_recovers = (struct lgi_head *)0)

/* Two labels: one is where lg_return goes; the other makes a second lg_func in a function, which would
 * share the first, fail with a message that says so. */
#define LGI_RETURN_LABEL                                                                           \
    there_can_be_only_one_lg_func_in_a_function:                                                   \
    LGI_UNUSED;                                                                                    \
    lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block:                               \
    LGI_UNUSED;

/* gcc's own pair does without -Wclobbered, which names parameters far from any macro; clang 22 does not
 * treat it as returning twice, and at -O2 takes variables from registers that no longer hold them. */
#if defined(__clang__)
#define LGI_SAVE(head) lgi_save((head).context)
#define LGI_HEAD_SITE lgi_head_site
#else
#define LGI_SAVE(head) __builtin_setjmp((head).context)
#if defined(__CET__) && (__CET__ & 2) /* it keeps the shadow stack's pointer too */
#define LGI_HEAD_SITE lgi_head_site_gcc_cet
#else
#define LGI_HEAD_SITE lgi_head_site_gcc
#endif
#endif

// clang-format on

/* ---- inline parts ---------------------------------------------------------------------------------- */

static inline int lgi_succeeded(const struct lgi_frame *frame)
{
    return frame->ok && !(frame->error && *frame->error);
}

/* A result that is an error and was never returned has been abandoned by a panic. With any other result
 * the frame's address goes nowhere, and the compilers do without the frame. */
static inline void lgi_frame_leave(struct lgi_frame *const *frame)
{
    if (*frame && (*frame)->error)
        lgi_abandon(*frame);
}

static inline struct lgi_head *lgi_head_open(struct lgi_head *head, void *result)
{
    head->record.previous = lgi_top;
    head->record.site = &LGI_HEAD_SITE;
    head->result = result;
    lgi_top = &head->record;
    return head;
}

LGI_LEFT_BY_JUMP static inline void lgi_head_leave(struct lgi_head *head)
{
    if (LGI_LIKELY(lgi_top == &head->record))
        lgi_top = head->record.previous;
    else
        lgi_head_unwound(head);
}

static inline void lgi_scope_open(struct lg_scope *scope, const struct lgi_site *site,
                                  struct lgi_frame *frame, struct lgi_head *head)
{
    scope->frame = frame;
    scope->head = head;
    scope->kinds = 0;
    scope->record.previous = lgi_top;
    scope->record.site = site;
    scope->chunks = scope->chunk = (struct lgi_chunk *)0;
    scope->next = scope->first;
    scope->end = scope->first + LGI_SCOPE_FIRST;
    lgi_top = &scope->record;
}

static inline lg_deferred *lgi_scope_add(struct lg_scope *scope)
{
    return LGI_LIKELY(scope->next != scope->end) ? scope->next++ : lgi_scope_grow(scope);
}

static inline lg_deferred *lgi_scope_added(struct lg_scope *scope, lg_deferred *deferred)
{
    if (__builtin_expect(deferred == &scope->spare, 0))
        lgi_scope_full(scope);
    return deferred;
}

#endif
