/* How a deferred call is checked, kept and made. See record.h for what stays at run time.
 *
 * Each expansion is paid for by whoever compiles it, so it is short: all that can be shared stands in functions of the
 * library (lgi_leave_…), and the user's own words are repeated as seldom as the checks allow, since the
 * compilers repeat their errors with them. docs/rationale.md has the measurements. */
#ifndef LIFOGUARD_IMPL_CALL_H
#define LIFOGUARD_IMPL_CALL_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/link.h>
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

#define LGI_NAMED_BY(id) lgi_named_by_##id
#define LGI_FN(id) lgi_function_##id
#define LGI_ARG(id, n) lgi_argument##n##_##id
#define LGI_RESULT(id) lgi_result_type_##id
#define LGI_SITE_OF(id) lgi_site_##id
#define LGI_RECORD(id) lgi_record_##id
#define LGI_WORDS(id) lgi_words_##id

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* ---- checks -------------------------------------------------------------------------------- */
/* One mistake, one error: what a check has refused is replaced for the later ones by something that they let pass. And
 * clang shows each macro between the use and the error, so the checks stand as few macros below the use as can be. */

/* What to write instead, where the call is deferred and where it is made in a goroutine. */
#define LGI_ADVICE_DEFER "write lg_defer_block { function(value); } with a copy of the value in a local variable"
#define LGI_ADVICE_GO "write a function that takes a pointer to the value, which must live until it has run"

#define LGI_INTEGER 1
#define LGI_POINTER 5
#define LGI_REAL 8
#define LGI_CLASS(x) __builtin_classify_type(x)

/* By the type of the function's result. (A char, an enumeration and bool are between integer and pointer.) */
#define LGI_IS_VOID(R) __builtin_types_compatible_p(R, void)
#define LGI_RESULT_OF(R) __builtin_choose_expr(LGI_IS_VOID(R), 0, ((R(*)(void))0)())
#define LGI_RESULT_IN(R, least, most)                                                              \
    (LGI_CLASS(LGI_RESULT_OF(R)) >= least && LGI_CLASS(LGI_RESULT_OF(R)) <= most)

#if __STDC_VERSION__ < 202000L || (!defined(__clang__) && __GNUC__ < 13)
/* Before C23, `T ()` is compatible with a function type exactly if that is not variadic and no
 * parameter is changed by the default promotions. */
#define LGI_UNPROMOTED(f, R) __builtin_types_compatible_p(__typeof__(*f), R())
#else
/* In C23 there is no such type. A narrow parameter is found by the probe (with gcc >= 13, not yet); a variadic
 * function only if it has a usual type. (One that is not found does no harm where the ABI passes variable
 * arguments as others, as on x86-64 and aarch64 Linux.) */
#define LGI_IS(f, R, ...) __builtin_types_compatible_p(__typeof__(*f), R(__VA_ARGS__))
#define LGI_UNPROMOTED(f, R)                                                                       \
    !(LGI_IS(f, R, const char *, ...) || LGI_IS(f, R, int, const char *, ...) ||                   \
      LGI_IS(f, R, const char *, int, ...) || LGI_IS(f, R, int, int, ...) ||                       \
      LGI_IS(f, R, int, unsigned long, ...) || LGI_IS(f, R, int, ...))
#endif
#define LGI_PROMOTED_TEXT "the function is variadic, or a parameter is bool, char, short or float: "

/* The function, by an expression of type T; what is neither a function nor a pointer is replaced. (A pointer to data is
 * let through: the call says what is wrong with it.) */
#define LGI_FUNCTION(T, f)                                                                         \
    &*__builtin_choose_expr(                                                                       \
        __builtin_classify_type(*__builtin_choose_expr(LGI_IS_VOID(T), (int *)0, (T *)0)) == 5, (f), lgi_any)
#define LGI_NO_FUNCTION(function) __builtin_types_compatible_p(__typeof__(function), lgi_any_function *)
#define LGI_NO_FUNCTION_TEXT "the first argument is not a function: write lg_defer(function, arguments...)"
/* The function, or what replaces it if a check has found something wrong. */
#define LGI_FIT(id, n)                                                                             \
    __builtin_choose_expr(LGI_ARE_WORDS_##n(id) && LGI_UNPROMOTED(lgi_function_##id, lgi_result_type_##id), \
                          lgi_function_##id, &lgi_any)
#define LGI_ARE_WORDS_lgi_many(id) 1
#define LGI_ARE_WORDS_0(id) 1
#define LGI_ARE_WORDS_1(id) LGI_IS_WORD(lgi_argument1_##id)
#define LGI_ARE_WORDS_2(id) LGI_ARE_WORDS_1(id) && LGI_IS_WORD(lgi_argument2_##id)
#define LGI_ARE_WORDS_3(id) LGI_ARE_WORDS_2(id) && LGI_IS_WORD(lgi_argument3_##id)
#define LGI_ARE_WORDS_4(id) LGI_ARE_WORDS_3(id) && LGI_IS_WORD(lgi_argument4_##id)

/* An argument's value. (To gcc a variable of type auto without a value is undeclared, and each use an error.) */
#if defined(__clang__)
#define LGI_TAKE(name, x) __extension__ __auto_type name LGI_NO_DEBUG = (x);
#define LGI_NO_DEBUG __attribute__((nodebug))
#else
#define LGI_TAKE(name, x) __typeof__(((void)0, (x))) name = (x);
#define LGI_NO_DEBUG
#endif
/* Classes 1 and 5, of the size of an int or more. */
#define LGI_IS_WORD(x)                                                                             \
    ((__builtin_classify_type(x) | 4) == 5 && sizeof(x) - sizeof(int) <= sizeof(uintptr_t) - sizeof(int))
#define LGI_NO_WORD_TEXT(n) "argument " #n " is neither a pointer nor an integer of int width or more: "
#define LGI_WORD(id, n) LGI_WORD_OF(lgi_argument##n##_##id)
#define LGI_WORD_OF(x) ((uintptr_t)__builtin_choose_expr(LGI_IS_WORD(x), x, 0))

/* Of at most a double's class and size. */
#define LGI_UNFIT_RESULT(R) (__builtin_classify_type(LGI_RESULT_OF(R)) > 8 || sizeof(R) > sizeof(uint64_t))
#define LGI_UNFIT_RESULT_TEXT "the function returns a struct or a long double: "

/* The one prelude of all forms, by the number of arguments: the function and its arguments, evaluated in order, and all
 * that can be wrong with them. `first` is empty, or an argument that comes before the others and a comma. Most of what
 * a form costs the compiler is the expansion of macros, so names are put together here and not by a macro each. */
#define LGI_PRELUDE_0(id, first, advice, f)                                                        \
    typedef __typeof__(f) lgi_named_by_##id;                                                       \
    __extension__ __auto_type const lgi_function_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_named_by_##id, f);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_function_##id), LGI_NO_FUNCTION_TEXT);                     \
    typedef __typeof__(lgi_function_##id(LGI_FIRST_(first, 0))) lgi_result_type_##id;                 \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!!LGI_UNPROMOTED(lgi_function_##id, lgi_result_type_##id), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_result_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    LGI_POP
#define LGI_PRELUDE_1(id, first, advice, f, a)                                                     \
    typedef __typeof__(f) lgi_named_by_##id;                                                       \
    __extension__ __auto_type const lgi_function_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_named_by_##id, f);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_function_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_argument1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument1_##id), LGI_NO_WORD_TEXT(1) advice);                 \
    typedef __typeof__(lgi_function_##id(first a)) lgi_result_type_##id;                           \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_ARE_WORDS_1(id) && !LGI_UNPROMOTED(lgi_function_##id, lgi_result_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_result_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 1)(first lgi_argument1_##id);)                                      \
        LGI_FIT(id, 1)(first lgi_probe);                                                           \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_2(id, first, advice, f, a, b)                                                  \
    typedef __typeof__(f) lgi_named_by_##id;                                                       \
    __extension__ __auto_type const lgi_function_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_named_by_##id, f);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_function_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_argument1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument1_##id), LGI_NO_WORD_TEXT(1) advice);                 \
    LGI_TAKE(lgi_argument2_##id, b)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument2_##id), LGI_NO_WORD_TEXT(2) advice);                 \
    typedef __typeof__(lgi_function_##id(first a, b)) lgi_result_type_##id;                        \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_ARE_WORDS_2(id) && !LGI_UNPROMOTED(lgi_function_##id, lgi_result_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_result_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 2)(first lgi_argument1_##id, lgi_argument2_##id);)                  \
        LGI_FIT(id, 2)(first lgi_probe, lgi_probe);                                                \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_3(id, first, advice, f, a, b, c)                                               \
    typedef __typeof__(f) lgi_named_by_##id;                                                       \
    __extension__ __auto_type const lgi_function_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_named_by_##id, f);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_function_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_argument1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument1_##id), LGI_NO_WORD_TEXT(1) advice);                 \
    LGI_TAKE(lgi_argument2_##id, b)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument2_##id), LGI_NO_WORD_TEXT(2) advice);                 \
    LGI_TAKE(lgi_argument3_##id, c)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument3_##id), LGI_NO_WORD_TEXT(3) advice);                 \
    typedef __typeof__(lgi_function_##id(first a, b, c)) lgi_result_type_##id;                     \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_ARE_WORDS_3(id) && !LGI_UNPROMOTED(lgi_function_##id, lgi_result_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_result_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 3)(first lgi_argument1_##id, lgi_argument2_##id, lgi_argument3_##id);)\
        LGI_FIT(id, 3)(first lgi_probe, lgi_probe, lgi_probe);                                     \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_4(id, first, advice, f, a, b, c, d)                                            \
    typedef __typeof__(f) lgi_named_by_##id;                                                       \
    __extension__ __auto_type const lgi_function_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_named_by_##id, f);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_function_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_argument1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument1_##id), LGI_NO_WORD_TEXT(1) advice);                 \
    LGI_TAKE(lgi_argument2_##id, b)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument2_##id), LGI_NO_WORD_TEXT(2) advice);                 \
    LGI_TAKE(lgi_argument3_##id, c)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument3_##id), LGI_NO_WORD_TEXT(3) advice);                 \
    LGI_TAKE(lgi_argument4_##id, d)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_argument4_##id), LGI_NO_WORD_TEXT(4) advice);                 \
    typedef __typeof__(lgi_function_##id(first a, b, c, d)) lgi_result_type_##id;                  \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_ARE_WORDS_4(id) && !LGI_UNPROMOTED(lgi_function_##id, lgi_result_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_result_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 4)(first lgi_argument1_##id, lgi_argument2_##id, lgi_argument3_##id, lgi_argument4_##id);)\
        LGI_FIT(id, 4)(first lgi_probe, lgi_probe, lgi_probe, lgi_probe);                          \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_lgi_many(id, first, advice, ...)                                               \
    _Static_assert(0, "at most four arguments can be passed: " advice);                            \
    lgi_any_function *const LGI_FN(id) = (lgi_any_function *)0;                                    \
    typedef lgi_any_function LGI_NAMED_BY(id);                                                     \
    typedef void LGI_RESULT(id);
#define LGI_FIRST_PANIC (lg_panic_info *)0 LGI_COMMA
#define LGI_COMMA ,

#define LGI_STORE_0(id, to)
#define LGI_STORE_lgi_many(id, to)
#define LGI_STORE_1(id, to) (to)[0] = LGI_WORD(id, 1);
#define LGI_STORE_2(id, to) LGI_STORE_1(id, to)(to)[1] = LGI_WORD(id, 2);
#define LGI_STORE_3(id, to) LGI_STORE_2(id, to)(to)[2] = LGI_WORD(id, 3);
#define LGI_STORE_4(id, to) LGI_STORE_3(id, to)(to)[3] = LGI_WORD(id, 4);

/* ---- what is kept ------------------------------------------------------------------------------ */

/* A function's name, as opposed to a pointer to a function, which has to be kept with the arguments. */
#define LGI_IS_NAME(id) __builtin_types_compatible_p(lgi_named_by_##id, __typeof__(*lgi_function_##id))
#define LGI_NAME_OR(id, f, kept) __builtin_choose_expr(LGI_IS_NAME(id), (f), kept)

#define LGI_SITE(id, n, kind, text, function, kept)                                                \
    static const struct lgi_site LGI_SITE_OF(id) = {                                               \
        (lgi_function)(function), text, __FILE__, __func__, __LINE__, kind, n, kept};

/* After the prelude, in an expression that hands the call to a function of the library: the site and the words, of which
 * there is at least one. */
#define LGI_HANDED(id, n, text)                                                                    \
    LGI_SITE(id, n, LGI_ENTRY, text, 0, 1)                                                         \
    uintptr_t LGI_WORDS(id)[n + 1];                                                                \
    LGI_WORDS(id)[n] = 0;                                                                          \
    LGI_STORE_##n(id, LGI_WORDS(id))
#define LGI_HANDED_ARGS(id) &LGI_SITE_OF(id), (lgi_function)LGI_FN(id), LGI_WORDS(id)

/* A record with its words, which `leave` takes care of when the block is left. */
#define LGI_RECORDED(id, n, leave, kind, text)                                                     \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n, kind, text, 0, 1)                                                              \
    struct lgi_call_##n lgi_record_##id __attribute__((cleanup(leave)));                           \
    LGI_LINK_##n(id);

/* ---- the forms ---------------------------------------------------------------------------------- */

#define LGI_FIRST(...) LGI_FIRST_(__VA_ARGS__, 0)
#define LGI_FIRST_(first, ...) first

#define LGI_PLAIN(id, n, text, ...)                                                                \
    LGI_PRELUDE_##n(id, , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_NO_JUMP(id)                                                                                \
    static const struct lgi_site lgi_site_##id = {                                                 \
        (lgi_function)LGI_NAME_OR(id, LGI_FIRST(__VA_ARGS__), lgi_kept_##n),                       \
        text, __FILE__, __func__, __LINE__, LGI_CALL, n, !LGI_IS_NAME(id)};                        \
    struct lgi_call_##n lgi_record_##id __attribute__((cleanup(lgi_leave_##n)));                   \
    LGI_LINK_##n(id);                                                                              \
    if (!LGI_IS_NAME(id)) lgi_record_##id.word[n] = (uintptr_t)lgi_function_##id

/* An lg_func's state is the variable lgi_frame, and a pointer to it is named after what is wrong when there is none. The
 * function lgi_frame, which is never defined, only spares a second error then. By both names, LGI_HERE knows that no
 * lg_func is around. */
void lgi_frame(void);
void lgi_head(void);
#define LGI_FRAME (*this_stands_only_in_an_lg_func)

#define LGI_KEEP(id, n) LGI_RECORD(id).word[n] = (uintptr_t)LGI_FN(id);

#define LGI_ON(id, n, kind, text, ...)                                                             \
    LGI_PRELUDE_##n(id, , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_RECORDED(id, n, lgi_leave_special, kind, text)                                       \
    LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1] = (uintptr_t)this_stands_only_in_an_lg_func

#define LGI_CONTAIN(id, n, text, ...)                                                              \
    _Static_assert(!LGI_NO_ERROR(__typeof__(*lg_return_stands_only_in_an_lg_func)), LGI_NO_ERROR_TEXT); \
    LGI_PRELUDE_##n(id, , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_RECORDED(id, n, lgi_leave_special, LGI_CONTAINED, text)                              \
    LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1] = (uintptr_t)&lgi_frame
#define LGI_NO_ERROR(T) (!__builtin_types_compatible_p(T, lg_error *))
#define LGI_NO_ERROR_TEXT "lg_defer_contained joins the panic to the function's result: write lg_func (lg_error *, err)"

#define LGI_RECOVERING(id, n, text, ...)                                                           \
    LGI_PRELUDE_##n(id, LGI_FIRST_PANIC, LGI_ADVICE_DEFER, __VA_ARGS__)                                     \
    LGI_RECORDED(id, n, lgi_leave_special, LGI_RECOVER, text)                                \
    if (!lg_defer_recover_stands_only_in_an_lg_func_recovers)                                      \
        goto LGI_RETURN_LABEL;                      \
    LGI_KEEP(id, n)

#define LGI_NAMED_AS(id, n, name, text, ...)                                                       \
    LGI_PRELUDE_##n(id, , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
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
    LGI_TAKE(lgi_owner_##id, owner)                                                                \
    _Static_assert(_Generic(lgi_owner_##id, lg_scope *: 1, lg_cleanups *: 1, default: 0),          \
        "what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups");
#define LGI_OWNED(id)                                                                              \
    ((lg_scope *)_Generic(lgi_owner_##id, lg_scope *: lgi_owner_##id, lg_cleanups *: lgi_owner_##id, \
                          default: (lg_scope *)0))

#define LGI_IN(id, n, scope, text, ...)                                                            \
    __extension__({                                                                                \
        LGI_PRELUDE_##n(id, , LGI_ADVICE_DEFER, __VA_ARGS__)                                       \
        LGI_ADDED(id, n, LGI_ENTRY, LGI_ADD_ENTRY, scope, text)                                    \
    })
#define LGI_SPECIAL_IN(id, n, kind, scope, text, ...)                                              \
    __extension__({                                                                                \
        LGI_PRELUDE_##n(id, , LGI_ADVICE_DEFER, __VA_ARGS__)                                       \
        LGI_ADDED(id, n, kind, lgi_scope_add_special, scope, text)                                 \
    })
#define LGI_RECOVERING_IN(id, n, scope, text, ...)                                                 \
    __extension__({                                                                                \
        LGI_PRELUDE_##n(id, LGI_FIRST_PANIC, LGI_ADVICE_DEFER, __VA_ARGS__)                        \
        LGI_ADDED(id, n, LGI_RECOVER, lgi_scope_add_special, scope, text)                          \
    })

/* `add` is what takes room in the scope for a call of that kind. */
#define LGI_ADDED(id, n, kind, add, scope, text)                                                   \
    LGI_SITE(id, n, kind, text, 0, 1)                                                              \
    LGI_OWNER(id, scope)                                                                           \
    lg_scope *const lgi_scope_##id = LGI_OWNED(id);                                                \
    lg_deferred *const lgi_deferred_##id = add(lgi_scope_##id, &LGI_SITE_OF(id));                  \
    lgi_deferred_##id->site = &LGI_SITE_OF(id);                                                    \
    lgi_deferred_##id->function = (lgi_function)LGI_FN(id);                                        \
    LGI_STORE_##n(id, lgi_deferred_##id->word)                                                     \
    lgi_scope_added(lgi_scope_##id, lgi_deferred_##id);
#define LGI_ADD_ENTRY(scope, site) lgi_scope_add(scope)

#define LGI_SCOPE_AS(id, name)                                                                     \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, 0, LGI_SCOPE, #name, 0, 0)                                                        \
    struct lg_scope name __attribute__((cleanup(lgi_scope_leave)));                                \
    lgi_scope_open(&name, &LGI_SITE_OF(id), LGI_HERE(frame), LGI_HERE(head))

/* What the lg_func around is known by. */
#define LGI_HERE(part)                                                                             \
    _Generic(&lgi_##part, struct lgi_##part *: &lgi_##part, default: (struct lgi_##part *)0)

/* ---- functions with a named result --------------------------------------------------------------- */
/* The result is declared outside the user's block; the block is left, by lg_return's goto or by running
 * off its end, before the result is read in the loop's step. As the loops have no condition, the
 * compilers know that the function's end is never reached. */

#define LGI_FUNC(T, name)                                                                          \
    for (__typeof__(T) name = {0}, *const lg_return_stands_only_in_an_lg_func LGI_UNUSED = &name;; \
         __extension__({ return name; }))                                                          \
        for (struct lgi_frame                                                                      \
                 lgi_frame =                                                                       \
                     {_Generic(&name, lg_error * *: &name, default: (lg_error **)0),               \
                      _Generic(&name, lg_error * *: lgi_top, default: (struct lgi_record *)0), 0}, \
                 *const this_stands_only_in_an_lg_func LGI_UNUSED = &lgi_frame,                    \
                 *const lgi_result_is_an_error __attribute__((cleanup(lgi_frame_leave), unused)) =         \
                     _Generic(&name, lg_error * *: &lgi_frame, default: (struct lgi_frame *)0);    \
             ; __extension__({                                                                     \
                 lgi_frame.error = (lg_error **)0;                                                 \
                 return name;                                                                      \
             }))

#define LGI_FUNC_VOID                                                                              \
    for (struct lgi_frame lgi_frame = {(lg_error **)0, (struct lgi_record *)0, 0},                 \
                          *const this_stands_only_in_an_lg_func LGI_UNUSED = &lgi_frame;;          \
         __extension__({ return; }))

/* A recovered panic makes LGI_SAVE return a second time. */
#define LGI_HEAD(result)                                                                           \
    for (struct lgi_head lgi_head __attribute__((cleanup(lgi_head_leave))),                        \
         *lg_defer_recover_stands_only_in_an_lg_func_recovers = lgi_head_open(&lgi_head, result);  \
         lg_defer_recover_stands_only_in_an_lg_func_recovers;                                      \
         lg_defer_recover_stands_only_in_an_lg_func_recovers = (struct lgi_head *)0)

/* lg_return's label. A second lg_func in a function would share it; the message then says so. */
#define LGI_RETURN_LABEL lg_return_goes_to_the_one_lg_func_of_its_function_and_not_out_of_a_deferred_block

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
