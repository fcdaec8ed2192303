/* How a deferred call is checked, kept and made. See record.h for what stays at run time. */
#ifndef LIFOGUARD_IMPL_CALL_H
#define LIFOGUARD_IMPL_CALL_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/record.h>

/* The number of arguments after the function, 0 to 4; MANY for more. */
#define LGI_COUNT(...) LGI_COUNT_(__VA_ARGS__, MANY, MANY, MANY, MANY, MANY, MANY, 4, 3, 2, 1, 0, 0)
#define LGI_COUNT_(f, a, b, c, d, e, g, h, i, j, k, count, ...) count

#define LGI_FIRST(...) LGI_FIRST_(__VA_ARGS__, 0)
#define LGI_FIRST_(first, ...) first

#define LGI_FN(id) LGI_CAT(lgi_function_, id)
#define LGI_ARG(id, n) LGI_CAT(lgi_argument##n##_, id)
#define LGI_SITE_OF(id) LGI_CAT(lgi_site_, id)
#define LGI_RECORD(id) LGI_CAT(lgi_record_, id)

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* ---- checks -------------------------------------------------------------------------------- */

#define LGI_ADVICE                                                                                 \
    "only pointers and integers of int width or more can be passed: "                              \
    "copy the values to locals, then write lg_defer_block { function(local); }"

#define LGI_INTEGER 1
#define LGI_POINTER 5
#define LGI_REAL 8
#define LGI_CLASS(x) __builtin_classify_type(x)

#define LGI_IS_WORD(x)                                                                             \
    (LGI_CLASS(x) == LGI_POINTER ||                                                                \
     (LGI_CLASS(x) == LGI_INTEGER && sizeof(x) >= sizeof(int) && sizeof(x) <= sizeof(uintptr_t)))

#define LGI_IS_VOID(call) __builtin_types_compatible_p(__typeof__(call), void)
#define LGI_RESULT_OF(call) __builtin_choose_expr(LGI_IS_VOID(call), 0, (call))
#define LGI_RESULT(call) LGI_CLASS(LGI_RESULT_OF(call))

/* What is wrong with a parameter stands in a name, which the compilers print. Each has a value that converts
 * to every integer, enumeration and pointer, but not to a double or a struct; so a call with such values, never
 * made, finds a double parameter that is given an int. */
#if defined(__clang__)
#if __STDC_VERSION__ < 202000L
struct only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block;
#define LGI_PROBE                                                                                  \
    ((struct only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block    \
          *)sizeof(int))
#else
/* clang says if this becomes a bool, and prints the lines of LGI_PROBED, comments and all. */
#define LGI_PROBE                                                                                  \
    "only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block"
#endif
#define LGI_PROBED(call, probe)                                                                    \
    LGI_QUIET("-Wpointer-sign")                                                                    \
    LGI_QUIET("-Wunused-result")                                                                   \
    LGI_QUIET("-Wunused-value")                                                                    \
    LGI_QUIET("-Wshorten-64-to-32")                                                                \
    _Pragma("clang diagnostic error \"-Wimplicit-int-conversion\"")                                \
    _Pragma("clang diagnostic error \"-Wstring-conversion\"")                                      \
    if (0) {                                                                                       \
        call;  /* no narrow parameters: copy to a local and write lg_defer_block */                \
        probe; /* no bool parameters: copy to a local and write lg_defer_block */                  \
    }
#else
/* gcc converts no pointer to an enumeration; but it says if a constant has no exact value as a double. */
#define LGI_ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block     \
    (__extension__((__int128)1 << 100 | 1))
#define LGI_PROBE                                                                                  \
    LGI_ONLY_POINTERS_AND_INTEGERS_CAN_BE_PASSED__COPY_TO_A_LOCAL_AND_WRITE_lg_defer_block
#define LGI_PROBED(call, probe)                                                                    \
    LGI_QUIET("-Wconversion")                                                                      \
    LGI_QUIET("-Wsign-conversion")                                                                 \
    LGI_QUIET("-Woverflow")                                                                        \
    LGI_QUIET("-Wunused-result")                                                                   \
    LGI_QUIET("-Wint-to-pointer-cast")                                                             \
    _Pragma("GCC diagnostic error \"-Wfloat-conversion\"")                                         \
    if (0) {                                                                                       \
        probe;                                                                                     \
    }
#endif

#if __STDC_VERSION__ < 202000L || (!defined(__clang__) && __GNUC__ < 13)
/* Before C23, `T ()` is compatible with a function type exactly if that is not variadic and no
 * parameter is changed by the default promotions. */
#define LGI_UNPROMOTED(f, call) __builtin_types_compatible_p(__typeof__(*f), __typeof__(call)())
#else
/* In C23 there is no such type. A narrow parameter is found by LGI_PROBED (with gcc >= 13, not yet); a variadic
 * function only if it has a usual type. (One that is not found does no harm where the ABI passes variable
 * arguments as others, as on x86-64 and aarch64 Linux.) */
#define LGI_IS(f, call, ...)                                                                       \
    __builtin_types_compatible_p(__typeof__(*f), __typeof__(call)(__VA_ARGS__))
#define LGI_UNPROMOTED(f, call)                                                                    \
    !(LGI_IS(f, call, const char *, ...) || LGI_IS(f, call, int, const char *, ...) ||             \
      LGI_IS(f, call, const char *, int, ...) || LGI_IS(f, call, int, int, ...) ||                 \
      LGI_IS(f, call, int, unsigned long, ...) || LGI_IS(f, call, int, ...))
#endif

#define LGI_CHECK(f, call, probe)                                                                  \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wstrict-prototypes")                                                               \
    LGI_QUIET("-Wint-conversion")                                                                  \
    LGI_QUIET("-Wincompatible-pointer-types")                                                      \
    LGI_QUIET("-Wpedantic")                                                                        \
    _Static_assert(LGI_UNPROMOTED(f, call),                                                        \
                   "a bool, char, short or float parameter, or a variadic function: " LGI_ADVICE); \
    _Static_assert(LGI_IS_VOID(call) || /* char, enumerations and bool are between the two */      \
                       (LGI_RESULT(call) >= LGI_INTEGER && LGI_RESULT(call) <= LGI_POINTER) ||     \
                       (LGI_RESULT(call) == LGI_REAL &&                                            \
                        sizeof(LGI_RESULT_OF(call)) <= sizeof(double)),                            \
                   "a struct or long double result: only functions that return void or a scalar can "\
                   "be called: write lg_defer_block { function(...); }");                          \
    LGI_PROBED(call, probe)                                                                        \
    LGI_POP

/* ---- the function and its arguments, by their number ---------------------------------------------- */

#define LGI_TAKE(id, n, x)                                                                         \
    __extension__ __auto_type LGI_ARG(id, n) = (x);                                                \
    _Static_assert(LGI_IS_WORD(LGI_ARG(id, n)), "argument " #n ": " LGI_ADVICE);

#define LGI_TAKE_0(id, f) __typeof__(&*(f)) const LGI_FN(id) = (f);
#define LGI_TAKE_1(id, f, a) LGI_TAKE_0(id, f) LGI_TAKE(id, 1, a)
#define LGI_TAKE_2(id, f, a, b) LGI_TAKE_1(id, f, a) LGI_TAKE(id, 2, b)
#define LGI_TAKE_3(id, f, a, b, c) LGI_TAKE_2(id, f, a, b) LGI_TAKE(id, 3, c)
#define LGI_TAKE_4(id, f, a, b, c, d) LGI_TAKE_3(id, f, a, b, c) LGI_TAKE(id, 4, d)
#define LGI_TAKE_MANY(id, ...)                                                                     \
    _Static_assert(0, "at most four arguments can be passed: write lg_defer_block { f(...); }");

/* Lists of arguments begin with a comma where they follow another (M, more). */
#define LGI_ARGS_0(id)
#define LGI_ARGS_1(id) LGI_ARG(id, 1)
#define LGI_ARGS_2(id) LGI_ARGS_1(id), LGI_ARG(id, 2)
#define LGI_ARGS_3(id) LGI_ARGS_2(id), LGI_ARG(id, 3)
#define LGI_ARGS_4(id) LGI_ARGS_3(id), LGI_ARG(id, 4)
#define LGI_MARGS_0(id)
#define LGI_MARGS_1(id) , LGI_ARGS_1(id)
#define LGI_MARGS_2(id) , LGI_ARGS_2(id)
#define LGI_MARGS_3(id) , LGI_ARGS_3(id)
#define LGI_MARGS_4(id) , LGI_ARGS_4(id)
#define LGI_PROBES_0
#define LGI_PROBES_1 LGI_PROBE
#define LGI_PROBES_2 LGI_PROBES_1, LGI_PROBE
#define LGI_PROBES_3 LGI_PROBES_2, LGI_PROBE
#define LGI_PROBES_4 LGI_PROBES_3, LGI_PROBE
#define LGI_MPROBES_0
#define LGI_MPROBES_1 , LGI_PROBES_1
#define LGI_MPROBES_2 , LGI_PROBES_2
#define LGI_MPROBES_3 , LGI_PROBES_3
#define LGI_MPROBES_4 , LGI_PROBES_4

#define LGI_STORE_0(id, to)
#define LGI_STORE_1(id, to) (to)[0] = (uintptr_t)LGI_ARG(id, 1);
#define LGI_STORE_2(id, to) LGI_STORE_1(id, to)(to)[1] = (uintptr_t)LGI_ARG(id, 2);
#define LGI_STORE_3(id, to) LGI_STORE_2(id, to)(to)[2] = (uintptr_t)LGI_ARG(id, 3);
#define LGI_STORE_4(id, to) LGI_STORE_3(id, to)(to)[3] = (uintptr_t)LGI_ARG(id, 4);

/* The call that the block makes. gcc keeps what a nested function uses in memory: there the arguments come from
 * the record, so that they are stored once. */
#if defined(__clang__)
#define LGI_KEPT(id, n) LGI_ARG(id, n)
#else
#define LGI_KEPT(id, n) (__typeof__(LGI_ARG(id, n)))LGI_RECORD(id).word[n - 1]
#endif
#define LGI_KEPTS_0(id)
#define LGI_KEPTS_1(id) LGI_KEPT(id, 1)
#define LGI_KEPTS_2(id) LGI_KEPTS_1(id), LGI_KEPT(id, 2)
#define LGI_KEPTS_3(id) LGI_KEPTS_2(id), LGI_KEPT(id, 3)
#define LGI_KEPTS_4(id) LGI_KEPTS_3(id), LGI_KEPT(id, 4)
#define LGI_MKEPTS_0(id)
#define LGI_MKEPTS_1(id) , LGI_KEPTS_1(id)
#define LGI_MKEPTS_2(id) , LGI_KEPTS_2(id)
#define LGI_MKEPTS_3(id) , LGI_KEPTS_3(id)
#define LGI_MKEPTS_4(id) , LGI_KEPTS_4(id)
#define LGI_MAKE(id, n) LGI_FN(id)(LGI_KEPTS_##n(id))
#define LGI_MAKE_P(id, n) LGI_FN(id)((lg_panic_info *)0 LGI_MKEPTS_##n(id))

#define LGI_CALL_OF(id, n) LGI_FN(id)(LGI_ARGS_##n(id))
#define LGI_PROBE_OF(id, n) LGI_FN(id)(LGI_PROBES_##n)
/* With a panic first. */
#define LGI_CALL_P_OF(id, n) LGI_FN(id)((lg_panic_info *)0 LGI_MARGS_##n(id))
#define LGI_PROBE_P_OF(id, n) LGI_FN(id)(LGI_PROBE LGI_MPROBES_##n)

/* ---- what is kept ------------------------------------------------------------------------------ */

/* A function's name, as opposed to a pointer to a function, which has to be kept with the arguments. */
#define LGI_IS_NAME(f) __builtin_types_compatible_p(__typeof__(f), __typeof__(*(f)))

#define LGI_SITE(id, n, kind, text, f)                                                             \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wpedantic") /* of the type of a function that does not return */                   \
    static const struct lgi_site LGI_SITE_OF(id) = {                                               \
        (lgi_function) __builtin_choose_expr(LGI_IS_NAME(f), (f), 0),                              \
        text,                                                                                      \
        __FILE__,                                                                                  \
        __func__,                                                                                  \
        __LINE__,                                                                                  \
        kind,                                                                                      \
        n};                                                                                        \
    LGI_POP

/* NULL panics when the call is made, not when it is deferred (D9). */
#define LGI_NOT_NULL(id)                                                                           \
    if (!LGI_SITE_OF(id).function && !LGI_FN(id))                                                  \
        lgi_null_function(&LGI_SITE_OF(id));

/* What a record's block does: `run` if the block is being left normally. */
#define LGI_LEAVE(record, run)                                                                     \
    {                                                                                              \
        LGI_PUSH                                                                                   \
        LGI_QUIET("-Wunused-result")                                                               \
        if (LGI_LIKELY(lgi_top == &(record)) || lgi_leave(&(record))) {                            \
            lgi_top = (record).previous;                                                           \
            run                                                                                    \
        }                                                                                          \
        LGI_POP                                                                                    \
    }

/* A record with its words, and `setup` to fill in what is special. The arguments from `run` on are
 * kept for last, since the block has to end the expansion. */
#define LGI_DEFER(id, n, kind, text, call, probe, setup, run, ...)                                 \
    LGI_NEEDS_BRACES                                                                               \
    LGI_TAKE_##n(id, __VA_ARGS__) LGI_CHECK(LGI_FN(id), call, probe)                               \
        LGI_SITE(id, n, kind, text, LGI_FIRST(__VA_ARGS__)) struct {                               \
        struct lgi_record record;                                                                  \
        uintptr_t word[n + 2];                                                                     \
    } LGI_RECORD(id);                                                                              \
    LGI_RECORD(id).record.previous = lgi_top;                                                      \
    LGI_RECORD(id).record.site = &LGI_SITE_OF(id);                                                 \
    LGI_STORE_##n(id, LGI_RECORD(id).word) if (!LGI_SITE_OF(id).function) LGI_RECORD(id).word[n] = \
        (uintptr_t)LGI_FN(id);                                                                     \
    setup lgi_top = &LGI_RECORD(id).record;                                                        \
    LGI_AT_EXIT(id)                                                                                \
    LGI_LEAVE(LGI_RECORD(id).record, run)

/* ---- the forms ---------------------------------------------------------------------------------- */
/* Each is in two steps, so that `id` and `n` are numbers when they are pasted. */

#define LGI_PLAIN(id, n, text, ...) LGI_PLAIN_(id, n, text, __VA_ARGS__)
#define LGI_PLAIN_(id, n, text, ...)                                                               \
    LGI_DEFER(id, n, LGI_CALL, text, LGI_CALL_OF(id, n), LGI_PROBE_OF(id, n), ,                    \
              LGI_NOT_NULL(id) LGI_MAKE(id, n);                                                    \
              , __VA_ARGS__)

/* An lg_func's state stands in a variable named after what is wrong when there is none. */
#define LGI_FRAME this_stands_only_in_an_lg_func

#define LGI_ON(id, n, kind, when, text, ...) LGI_ON_(id, n, kind, when, text, __VA_ARGS__)
#define LGI_ON_(id, n, kind, when, text, ...)                                                      \
    LGI_DEFER(                                                                                     \
        id, n, kind, text, LGI_CALL_OF(id, n), LGI_PROBE_OF(id, n), ,                              \
        if (lgi_succeeded(&LGI_FRAME) == when) {                                                   \
            LGI_NOT_NULL(id)                                                                       \
            LGI_MAKE(id, n);                                                                       \
        },                                                                                         \
        __VA_ARGS__)

#define LGI_CONTAIN(id, n, text, ...) LGI_CONTAIN_(id, n, text, __VA_ARGS__)
#define LGI_CONTAIN_(id, n, text, ...)                                                             \
    LGI_DEFER(id, n, LGI_CONTAINED, text, LGI_CALL_OF(id, n), LGI_PROBE_OF(id, n),                 \
              _Static_assert(__builtin_types_compatible_p(                                         \
                                 __typeof__(*lg_return_stands_only_in_an_lg_func), lg_error *),    \
                             "lg_defer_contained joins the panic to the function's result: "       \
                             "write lg_func (lg_error *, err)");                                   \
              LGI_RECORD(id).word[n + 1] = (uintptr_t)&LGI_FRAME;                                  \
              , lgi_contain(&LGI_RECORD(id).record);, __VA_ARGS__)

#define LGI_RECOVERING(id, n, text, ...) LGI_RECOVERING_(id, n, text, __VA_ARGS__)
#define LGI_RECOVERING_(id, n, text, ...)                                                                                               \
    LGI_DEFER(                                                                                                                          \
        id, n, LGI_RECOVER, text, LGI_CALL_P_OF(id, n), LGI_PROBE_P_OF(id, n),                                                          \
        if (!lg_defer_recover_stands_only_in_an_lg_func_recovers) goto lg_return_stands_only_in_an_lg_func_and_not_in_a_deferred_block; \
        , LGI_NOT_NULL(id) LGI_MAKE_P(id, n);, __VA_ARGS__)

#define LGI_NAMED_AS(id, n, name, text, ...) LGI_NAMED_AS_(id, n, name, text, __VA_ARGS__)
#define LGI_NAMED_AS_(id, n, name, text, ...)                                                      \
    LGI_NEEDS_BRACES                                                                               \
    LGI_TAKE_##n(id, __VA_ARGS__) LGI_CHECK(LGI_FN(id), LGI_CALL_OF(id, n), LGI_PROBE_OF(id, n))   \
        LGI_SITE(id, n, LGI_NAMED, text, LGI_FIRST(__VA_ARGS__)) struct lgi_named LGI_RECORD(id);  \
    lg_deferred *const name LGI_UNUSED = &LGI_RECORD(id).deferred;                                 \
    LGI_RECORD(id).record.previous = lgi_top;                                                      \
    LGI_RECORD(id).record.site = &LGI_SITE_OF(id);                                                 \
    LGI_RECORD(id).deferred.site = &LGI_SITE_OF(id);                                               \
    LGI_RECORD(id).deferred.function = (lgi_function)LGI_FN(id);                                   \
    LGI_STORE_##n(id, LGI_RECORD(id).deferred.word) lgi_top = &LGI_RECORD(id).record;              \
    LGI_AT_EXIT(id)                                                                                \
    LGI_LEAVE(                                                                                     \
        LGI_RECORD(id).record, if (LGI_RECORD(id).deferred.site) {                                 \
            LGI_RECORD(id).deferred.site = (struct lgi_site *)0;                                   \
            LGI_NOT_NULL(id)                                                                       \
            LGI_CALL_OF(id, n);                                                                    \
        })

#define LGI_IN(id, n, scope, text, ...) LGI_IN_(id, n, scope, text, __VA_ARGS__)
#define LGI_IN_(id, n, scope_, text, ...)                                                          \
    __extension__({                                                                                \
        LGI_TAKE_##n(id, __VA_ARGS__)                                                              \
            LGI_CHECK(LGI_FN(id), LGI_CALL_OF(id, n), LGI_PROBE_OF(id, n))                         \
                LGI_SITE(id, n, LGI_ENTRY, text, LGI_FIRST(__VA_ARGS__))                           \
                    lg_scope *const LGI_CAT(lgi_scope_, id) = (scope_);                            \
        lg_deferred *const LGI_CAT(lgi_deferred_, id) = lgi_scope_add(LGI_CAT(lgi_scope_, id));    \
        LGI_CAT(lgi_deferred_, id)->site = &LGI_SITE_OF(id);                                       \
        LGI_CAT(lgi_deferred_, id)->function = (lgi_function)LGI_FN(id);                           \
        LGI_STORE_##n(id, LGI_CAT(lgi_deferred_, id)->word)                                        \
            lgi_scope_added(LGI_CAT(lgi_scope_, id), LGI_CAT(lgi_deferred_, id));                  \
    })

#define LGI_SCOPE_AS(id, name) LGI_SCOPE_AS_(id, name)
#define LGI_SCOPE_AS_(id, name)                                                                    \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NO_JUMP(id)                                                                                \
    static const struct lgi_site LGI_SITE_OF(id) = {                                               \
        (lgi_function)0, #name, __FILE__, __func__, __LINE__, LGI_SCOPE, 0};                       \
    struct lg_scope name __attribute__((cleanup(lgi_scope_leave)));                                \
    lgi_scope_open(&name, &LGI_SITE_OF(id))

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
                 *const lgi_result_is_an_error __attribute__((cleanup(lgi_frame_leave))) =         \
                     _Generic(&name, lg_error * *: &LGI_FRAME, default: (struct lgi_frame *)0);    \
             ; __extension__({                                                                     \
                 LGI_FRAME.error = (lg_error **)0;                                                 \
                 return name;                                                                      \
             }))

#define LGI_FUNC_VOID                                                                              \
    for (struct lgi_frame LGI_FRAME LGI_UNUSED = {(lg_error **)0, (struct lgi_record *)0, 0};;     \
         __extension__({ return; }))

/* A recovered panic makes LGI_SAVE return a second time. */
#define LGI_HEAD(result)                                                                           \
    for (struct lgi_head lgi_head __attribute__((cleanup(lgi_head_leave))),                        \
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

static inline void lgi_scope_open(struct lg_scope *scope, const struct lgi_site *site)
{
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
