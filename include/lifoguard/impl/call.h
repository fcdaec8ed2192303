/* The macros that check a deferred call, store its arguments and register the call. record.h describes the records that
 * they leave at run time.
 *
 * Every use costs the compiler the text of the expansion, so the expansions are short: code that all uses share stands in
 * functions of the library (lgi_leave_…). A macro repeats the user's expressions as seldom as the checks allow, because a
 * compiler repeats an error for each repetition. docs/rationale.md has the measurements. */
#ifndef LIFOGUARD_IMPL_CALL_H
#define LIFOGUARD_IMPL_CALL_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/count.h>
#include <lifoguard/impl/func.h>
#include <lifoguard/impl/link.h>
#include <lifoguard/impl/probe.h>
#include <lifoguard/impl/record.h>
#include <lifoguard/impl/type_names.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

#define LGI_NAMED_BY(id) lgi_name_##id
#define LGI_FN(id) lgi_fn_##id
#define LGI_ARG(id, n) lgi_arg##n##_##id
#define LGI_RESULT(id) lgi_type_##id
#define LGI_SITE_OF(id) lgi_site_##id
#define LGI_RECORD(id) lgi_record_##id
#define LGI_WORDS(id) lgi_words_##id

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* ---- checks -------------------------------------------------------------------------------- */
/* One mistake, one error: what a check has refused is replaced for the later ones by something that they let pass. And
 * clang shows each macro between the use and the error, so the checks stand as few macros below the use as can be. */

/* What to write instead, where the call is deferred and where it is made in a goroutine. */
#define LGI_ADVICE_DEFER "write lg_defer_block { function(value); } with a copy of the value in a local variable"
#define LGI_ADVICE_GO "write a function that takes a pointer to the value"

#define LGI_INTEGER 1
#define LGI_POINTER 5
#define LGI_STRUCT_OR_UNION 13 /* a struct is of class 12, a union of class 13 */
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
#define LGI_NO_FUNCTION_TEXT "what is to be called is not a function: write its name, and then its arguments after commas"
/* The function, or what replaces it if a check has found something wrong. */
#define LGI_FIT(id, n)                                                                             \
    __builtin_choose_expr(LGI_CAN_PASS_##n(id) && LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id), \
                          lgi_fn_##id, &lgi_any)
#define LGI_CAN_PASS_lgi_many(id) 1
#define LGI_CAN_PASS_lgi_nothing(id) 1
#define LGI_CAN_PASS_0(id) 1
#define LGI_CAN_PASS_1(id) (LGI_IS_WORD(lgi_arg1_##id) | LGI_WIDE(lgi_arg1_##id))
#define LGI_CAN_PASS_2(id) LGI_CAN_PASS_1(id) && (LGI_IS_WORD(lgi_arg2_##id) | LGI_WIDE(lgi_arg2_##id))
#define LGI_CAN_PASS_3(id) LGI_CAN_PASS_2(id) && (LGI_IS_WORD(lgi_arg3_##id) | LGI_WIDE(lgi_arg3_##id))
#define LGI_CAN_PASS_4(id) LGI_CAN_PASS_3(id) && LGI_IS_WORD(lgi_arg4_##id)

/* One of at most three arguments can be an lg_until, which takes two words. No other argument of two words gets past the
 * check of the arguments, so the later steps look at its size only. WIDES: 1 if there is one. */
#define LGI_IS_UNTIL(x) __builtin_types_compatible_p(__typeof__(x), lg_until)
#define LGI_WIDE(x) (sizeof(x) == 16)
#define LGI_WIDES_lgi_many(id) 0
#define LGI_WIDES_lgi_nothing(id) 0
#define LGI_WIDES_0(id) 0
#define LGI_WIDES_1(id) LGI_WIDE(lgi_arg1_##id)
#define LGI_WIDES_2(id) (LGI_WIDES_1(id) | LGI_WIDE(lgi_arg2_##id))
#define LGI_WIDES_3(id) (LGI_WIDES_2(id) | LGI_WIDE(lgi_arg3_##id))
#define LGI_WIDES_4(id) 0
/* For the forms that keep one word for each argument. */
#define LGI_REFUSE_UNTIL(id, n)                                                                    \
    _Static_assert(!(LGI_WIDES_##n(id)), "no argument of this call can be an lg_until: pass a pointer to one that lives long enough");

/* Refuses a part of a compound literal, whose first comma ends an argument. (Where the part has a text, the brace may stand in
 * the text.) clang reports none of the errors that would follow; we know no way to make gcc stop. */
#define LGI_IS_PART(x)                                                                             \
    (__builtin_strchr(x, '{') && !__builtin_strchr(x, '}') && !__builtin_strchr(x, '"') && !__builtin_strchr(x, '\''))
#define LGI_PART_TEXT "a compound literal with commas stands in parentheses: write (&(struct type){...}), or the name of a variable"
#if defined(__clang__)
LGI_PUSH
LGI_QUIET("-Wgcc-compat")
void lgi_whole(int part) __attribute__((diagnose_if(part, LGI_PART_TEXT, "warning")));
LGI_POP
#define LGI_WHOLE(x)                                                                               \
    LGI_PUSH                                                                                       \
    _Pragma("clang diagnostic fatal \"-Wuser-defined-warnings\"") (void)sizeof((lgi_whole(LGI_IS_PART(#x)), 0)); \
    LGI_POP
#else
#define LGI_WHOLE(x) _Static_assert(!LGI_IS_PART(#x), LGI_PART_TEXT);
#endif

/* A block in place of the function, which the compilers read as all sorts of things. */
#define LGI_BLOCK_TEXT "a block is no function: write lg_defer_block { ... }, or for a goroutine a function"
LGI_DEMANDED(lgi_demand_function, LGI_BLOCK_TEXT)

/* An argument's value. (To gcc a variable of type auto without a value is undeclared, and each use an error.) */
#define LGI_TAKE(name, x) LGI_TAKE_OR(name, x, LGI_NO_VALUE)
#if defined(__clang__)
#define LGI_TAKE_OR(name, x, instead) __extension__ __auto_type name LGI_NO_DEBUG = LGI_VALUE_OF(x, instead);
#define LGI_NO_DEBUG __attribute__((nodebug))
#define LGI_NO_VALUE 0
#else
#define LGI_TAKE_OR(name, x, instead) __typeof__(((void)0, LGI_VALUE_OF(x, instead))) name = LGI_VALUE_OF(x, instead);
#define LGI_NO_DEBUG
#define LGI_NO_VALUE (char)0
#endif
/* A call that returns nothing is no argument. A char that stands for it is refused, and every parameter takes it. Where the call
 * with the user's own expression says enough, as clang does, an int stands for it. */
#define LGI_VALUE_OF(x, instead) _Generic((__typeof__(x) *)0, LGI_NULLPTR_AT((void *)0) void *: instead, default: (x))
/* Classes 1 and 5, of 4 to 8 bytes. */
#define LGI_IS_WORD(x)                                                                             \
    ((__builtin_classify_type(x) | 4) == 5 && sizeof(x) - 4 < 5)
/* `wides`: whether there is an lg_until among the arguments before. */
#define LGI_IS_ARGUMENT(x, wides) (LGI_IS_WORD(x) || (LGI_IS_UNTIL(x) && !wides))
#define LGI_NO_WORD_TEXT(n) "argument " #n " is neither a pointer, an integer of int width or more, nor the only lg_until: "
#define LGI_NO_WORD_OF_FOUR_TEXT(n) "argument " #n " of 4 is neither a pointer nor an integer of int width or more: "
#define LGI_WORD(id, n) LGI_WORD_OF(lgi_arg##n##_##id)
#if defined(__riscv) /* A register that holds 32 bits has their highest bit in its upper half, also if they are unsigned. */
#define LGI_WORD_OF(x) LGI_EXTENDED(__builtin_choose_expr(LGI_IS_WORD(x), x, 0))
#define LGI_EXTENDED(x)                                                                            \
    (sizeof(x) == 4 ? (uintptr_t)((intptr_t)((uintptr_t)(x) << 32) >> 32) : (uintptr_t)(x))
#else
#define LGI_WORD_OF(x) ((uintptr_t)__builtin_choose_expr(LGI_IS_WORD(x), x, 0))
#endif

/* Of at most a double's class and size. */
#define LGI_UNFIT_RESULT(R) (__builtin_classify_type(LGI_RESULT_OF(R)) > 8 || sizeof(R) > sizeof(uint64_t))
#define LGI_UNFIT_RESULT_TEXT "the function returns a struct or a long double: "

/* The one prelude of all forms, by the number of arguments: the function and its arguments, evaluated in order, and all
 * that can be wrong with them. `first` is empty, or an argument that comes before the others and a comma. Most of what
 * a form costs the compiler is the expansion of macros, so names are put together here and not by a macro each. */
#define LGI_PRELUDE_0(id, open, close, first, advice, f)                                                        \
    LGI_DEMAND(lgi_demand_function, !LGI_IS_BLOCK(#f), LGI_BLOCK_TEXT)                             \
    typedef __typeof__(open (f) close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open (f) close);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_fn_##id) || LGI_IS_BLOCK(#f), LGI_NO_FUNCTION_TEXT); \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(LGI_FIRST_(first, 0))) lgi_type_##id;                 \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!!LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    LGI_POP
#define LGI_PRELUDE_1(id, open, close, first, advice, f, a)                                                     \
    typedef __typeof__(open (f) close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open (f) close);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_fn_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_arg1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_ARGUMENT(lgi_arg1_##id, LGI_WIDES_0(id)), LGI_NO_WORD_TEXT(1) advice); \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(first a)) lgi_type_##id;                           \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_CAN_PASS_1(id) && !LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 1)(first lgi_arg1_##id);)                                      \
        LGI_FIT(id, 1)(first _Generic(lgi_arg1_##id, lg_until: lgi_arg1_##id, default: lgi_probe)); /* only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block */ \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_2(id, open, close, first, advice, f, a, b)                                                  \
    LGI_WHOLE(a) \
    typedef __typeof__(open (f) close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open (f) close);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_fn_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_arg1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_ARGUMENT(lgi_arg1_##id, LGI_WIDES_0(id)), LGI_NO_WORD_TEXT(1) advice); \
    LGI_TAKE(lgi_arg2_##id, b)                                                                \
    _Static_assert(!!LGI_IS_ARGUMENT(lgi_arg2_##id, LGI_WIDES_1(id)), LGI_NO_WORD_TEXT(2) advice); \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(first a, b)) lgi_type_##id;                        \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_CAN_PASS_2(id) && !LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 2)(first lgi_arg1_##id, lgi_arg2_##id);)                  \
        LGI_FIT(id, 2)(first _Generic(lgi_arg1_##id, lg_until: lgi_arg1_##id, default: lgi_probe), _Generic(lgi_arg2_##id, lg_until: lgi_arg2_##id, default: lgi_probe)); /* only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block */ \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_3(id, open, close, first, advice, f, a, b, c)                                               \
    LGI_WHOLE(a) LGI_WHOLE(b) \
    typedef __typeof__(open (f) close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open (f) close);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_fn_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_arg1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_ARGUMENT(lgi_arg1_##id, LGI_WIDES_0(id)), LGI_NO_WORD_TEXT(1) advice); \
    LGI_TAKE(lgi_arg2_##id, b)                                                                \
    _Static_assert(!!LGI_IS_ARGUMENT(lgi_arg2_##id, LGI_WIDES_1(id)), LGI_NO_WORD_TEXT(2) advice); \
    LGI_TAKE(lgi_arg3_##id, c)                                                                \
    _Static_assert(!!LGI_IS_ARGUMENT(lgi_arg3_##id, LGI_WIDES_2(id)), LGI_NO_WORD_TEXT(3) advice); \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(first a, b, c)) lgi_type_##id;                     \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_CAN_PASS_3(id) && !LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 3)(first lgi_arg1_##id, lgi_arg2_##id, lgi_arg3_##id);)\
        LGI_FIT(id, 3)(first _Generic(lgi_arg1_##id, lg_until: lgi_arg1_##id, default: lgi_probe), _Generic(lgi_arg2_##id, lg_until: lgi_arg2_##id, default: lgi_probe), _Generic(lgi_arg3_##id, lg_until: lgi_arg3_##id, default: lgi_probe)); /* only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block */ \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_4(id, open, close, first, advice, f, a, b, c, d)                                            \
    LGI_WHOLE(a) LGI_WHOLE(b) LGI_WHOLE(c) \
    typedef __typeof__(open (f) close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open (f) close);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_fn_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_TAKE(lgi_arg1_##id, a)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_arg1_##id), LGI_NO_WORD_OF_FOUR_TEXT(1) advice);              \
    LGI_TAKE(lgi_arg2_##id, b)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_arg2_##id), LGI_NO_WORD_OF_FOUR_TEXT(2) advice);              \
    LGI_TAKE(lgi_arg3_##id, c)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_arg3_##id), LGI_NO_WORD_OF_FOUR_TEXT(3) advice);              \
    LGI_TAKE(lgi_arg4_##id, d)                                                                \
    _Static_assert(!!LGI_IS_WORD(lgi_arg4_##id), LGI_NO_WORD_OF_FOUR_TEXT(4) advice);              \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(first a, b, c, d)) lgi_type_##id;                  \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_CAN_PASS_4(id) && !LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id)), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, 4)(first lgi_arg1_##id, lgi_arg2_##id, lgi_arg3_##id, lgi_arg4_##id);)\
        LGI_FIT(id, 4)(first lgi_probe, lgi_probe, lgi_probe, lgi_probe); /* only_pointers_and_integers_can_be_passed__copy_to_a_local_and_write_lg_defer_block */ \
    }                                                                                              \
    LGI_POP
#define LGI_PRELUDE_lgi_many(id, open, close, first, advice, ...)                                               \
    _Static_assert(0, LGI_MANY_TEXT advice);                            \
    LGI_ANY_FUNCTION(id)
#define LGI_PRELUDE_lgi_nothing(id, open, close, first, advice, ...)                                            \
    _Static_assert(!__builtin_types_compatible_p(__typeof__(open 0 close), int), LGI_NOTHING_TEXT); \
    LGI_ANY_FUNCTION(id)
#define LGI_MANY_TEXT "at most four arguments can be passed, and a compound literal in parentheses: "
#define LGI_NOTHING_TEXT "the function or an argument is missing: write the name of the function, and then its arguments, each after one comma"
#define LGI_ANY_FUNCTION(id)                                                                       \
    lgi_any_function *const lgi_fn_##id = (lgi_any_function *)0;                                   \
    typedef lgi_any_function lgi_name_##id;                                                        \
    typedef void lgi_type_##id;
#define LGI_FIRST_PANIC (lg_panic_info *)0 LGI_COMMA
#define LGI_COMMA ,

#define LGI_STORE_0(id, to)
#define LGI_STORE_lgi_many(id, to)
#define LGI_STORE_lgi_nothing(id, to)
#define LGI_STORE_1(id, to) (to)[0] = LGI_WORD(id, 1);
#define LGI_STORE_2(id, to) LGI_STORE_1(id, to)(to)[1] = LGI_WORD(id, 2);
#define LGI_STORE_3(id, to) LGI_STORE_2(id, to)(to)[2] = LGI_WORD(id, 3);
#define LGI_STORE_4(id, to) LGI_STORE_3(id, to)(to)[3] = LGI_WORD(id, 4);

/* Makes room for the second word of an lg_until among the stored words, and stores both. */
#define LGI_WIDEN(id, n, at, to)                                                                   \
    if (LGI_WIDE(lgi_arg##at##_##id)) lgi_widen((to) + at - 1, n - at, &lgi_arg##at##_##id);
#define LGI_WIDEN_0(id, n, to)
#define LGI_WIDEN_lgi_many(id, n, to)
#define LGI_WIDEN_lgi_nothing(id, n, to)
#define LGI_WIDEN_1(id, n, to) LGI_WIDEN(id, n, 1, to)
#define LGI_WIDEN_2(id, n, to) LGI_WIDEN_1(id, n, to) LGI_WIDEN(id, n, 2, to)
#define LGI_WIDEN_3(id, n, to) LGI_WIDEN_2(id, n, to) LGI_WIDEN(id, n, 3, to)
#define LGI_WIDEN_4(id, n, to)

/* Around the statements of a form. Outside of a function a compiler reports a block once, and each of its statements otherwise. */
#define LGI_STEPS_BEGIN if (1) {
#define LGI_STEPS_END } _Static_assert(1, "")

/* ---- what is kept ------------------------------------------------------------------------------ */

/* A pointer to a function, as opposed to the function's name, has to be kept with the arguments. So is a function that takes
 * an lg_until, since what makes the usual call counts an argument as a word. */
#define LGI_IS_KEPT(id, n, function_text)                                                          \
    (!__builtin_types_compatible_p(lgi_name_##id, __typeof__(*lgi_fn_##id)) | LGI_WIDES_##n(id) |  \
     LGI_IS_POINTED_TO(function_text))
/* What a pointer points to, as *ops->close, is a function too, but no constant. */
#define LGI_IS_POINTED_TO(text)                                                                    \
    (!__builtin_strncmp(text, "*", 1) | !__builtin_strncmp(text, "(*", 2) | !__builtin_strncmp(text, "((*", 3))
/* The text of the function, with its macros expanded. */
#define LGI_FUNCTION_TEXT(...) LGI_FUNCTION_TEXT_(__VA_ARGS__, ~)
#define LGI_FUNCTION_TEXT_(f, ...) #f

#define LGI_SITE(id, n, kind, text, function, kept)                                                \
    static const struct lgi_site LGI_SITE_OF(id) = {                                               \
        (lgi_function)(function), text, __FILE__, __func__, __LINE__, kind, n, kept};

/* After the prelude, in an expression that hands the call to a function of the library: the site and the words, of which
 * there is at least one. */
#define LGI_HANDED(id, n, text)                                                                    \
    LGI_SITE(id, n + LGI_WIDES_##n(id), LGI_ENTRY, text, 0, 1)                                     \
    uintptr_t LGI_WORDS(id)[n + 2];                                                                \
    LGI_WORDS(id)[n] = 0;                                                                          \
    LGI_STORE_##n(id, LGI_WORDS(id))                                                               \
    LGI_WIDEN_##n(id, n, LGI_WORDS(id))
#define LGI_HANDED_ARGS(id) &LGI_SITE_OF(id), (lgi_function)LGI_FN(id), LGI_WORDS(id)

/* A record with its words, which `leave` takes care of when the block is left. */
#define LGI_RECORDED(id, n, leave, kind, text)                                                     \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n + LGI_WIDES_##n(id), kind, text, 0, 1)                                          \
    struct lgi_call_4 lgi_record_##id __attribute__((cleanup(leave)));                             \
    LGI_LINK_##n(id);                                                                              \
    LGI_WIDEN_##n(id, n, lgi_record_##id.word)

/* ---- the forms ---------------------------------------------------------------------------------- */

#define LGI_FIRST(...) LGI_FIRST_(__VA_ARGS__, 0)
#define LGI_FIRST_(first, ...) first
/* The function as the user has written it. */
#define LGI_NAME_0(f) (f)
#define LGI_NAME_1(f, a) f
#define LGI_NAME_2(f, a, b) f
#define LGI_NAME_3(f, a, b, c) f
#define LGI_NAME_4(f, a, b, c, d) f
#define LGI_NAME_lgi_many(f, ...) f
#define LGI_NAME_lgi_nothing(...) lgi_any

#define LGI_PLAIN(id, n, text, ...)                                                                \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_NO_JUMP(id)                                                                                \
    static const struct lgi_site lgi_site_##id = {                                                 \
        (lgi_function)__builtin_choose_expr(LGI_IS_KEPT(id, n, LGI_FUNCTION_TEXT(__VA_ARGS__)), lgi_kept_##n, LGI_NAME_##n(__VA_ARGS__)), \
        text, __FILE__, __func__, __LINE__, LGI_CALL, n + LGI_WIDES_##n(id), LGI_IS_KEPT(id, n, LGI_FUNCTION_TEXT(__VA_ARGS__))};  \
    struct lgi_call_##n lgi_record_##id __attribute__((cleanup(lgi_leave_##n)));                   \
    LGI_STEPS_BEGIN                                                                                \
    LGI_LINK_##n(id);                                                                              \
    LGI_WIDEN_##n(id, n, lgi_record_##id.word)                                                     \
    if (LGI_IS_KEPT(id, n, LGI_FUNCTION_TEXT(__VA_ARGS__))) lgi_record_##id.word[n + LGI_WIDES_##n(id)] = (uintptr_t)lgi_fn_##id;  \
    LGI_STEPS_END

/* An lg_func's state is the variable lgi_frame, and a pointer to it is named after what is wrong when there is none. The
 * function lgi_frame, which is never defined, only spares a second error then. By both names, LGI_HERE knows that no
 * lg_func is around. */
void lgi_frame(void);
void lgi_head(void);
/* Likewise: what lg_func (T, name) declares, and the void forms do not. */
void lgi_result_is_an_error(void);
#define LGI_NO_RESULT                                                                              \
    _Generic(&lgi_result_is_an_error, struct lgi_frame *const *: 0, default: 1)
#define LGI_FRAME (*this_stands_only_in_an_lg_func)

#define LGI_KEEP(id, n) lgi_record_##id.word[n + LGI_WIDES_##n(id)] = (uintptr_t)lgi_fn_##id;

#define LGI_ON(id, n, kind, text, ...)                                                             \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_RECORDED(id, n, lgi_leave_special, kind, text)                                       \
    LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1 + LGI_WIDES_##n(id)] = (uintptr_t)this_stands_only_in_an_lg_func

#define LGI_CONTAIN(id, n, text, ...)                                                              \
    _Static_assert(!LGI_NO_ERROR(__typeof__(*lg_return_stands_only_in_an_lg_func)), LGI_NO_ERROR_TEXT); \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_RECORDED(id, n, lgi_leave_special, LGI_CONTAINED, text)                              \
    LGI_KEEP(id, n) LGI_RECORD(id).word[n + 1 + LGI_WIDES_##n(id)] = (uintptr_t)&lgi_frame
#define LGI_NO_ERROR(T) (!__builtin_types_compatible_p(T, lg_error *))
#define LGI_NO_ERROR_TEXT "lg_defer_contained joins the panic to the function's result: write lg_func (lg_error *, err)"

#define LGI_RECOVERING(id, n, text, ...)                                                           \
    LGI_PRELUDE_##n(id, , , LGI_FIRST_PANIC, LGI_ADVICE_DEFER, __VA_ARGS__)                                     \
    LGI_RECORDED(id, n, lgi_leave_special, LGI_RECOVER, text)                                \
    if (!lg_defer_recover_stands_only_in_an_lg_func_recovers)                                      \
        goto LGI_RETURN_LABEL;                      \
    LGI_KEEP(id, n)

#define LGI_NAMED_AS(id, n, name, text, ...)                                                       \
    LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                           \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, n + LGI_WIDES_##n(id), LGI_NAMED, text, 0, 1)                                                         \
    struct lgi_named LGI_RECORD(id) __attribute__((cleanup(lgi_leave_named)));                     \
    lg_deferred *const name LGI_UNUSED = &LGI_RECORD(id).deferred;                                 \
    LGI_STEPS_BEGIN                                                                                \
    LGI_RECORD(id).deferred.site = &LGI_SITE_OF(id);                                               \
    LGI_RECORD(id).deferred.function = (lgi_function)LGI_FN(id);                                   \
    LGI_STORE_##n(id, LGI_RECORD(id).deferred.word)                                                \
    LGI_WIDEN_##n(id, n, LGI_RECORD(id).deferred.word)                                             \
    lgi_enter(&LGI_RECORD(id).record, LGI_ADDRESS(LGI_RECORD(id).record), &LGI_SITE_OF(id));       \
    LGI_STEPS_END

/* Around the function, where the first argument of a form is something else: if that is wrong (the enumerator lgi_right_… is
 * 0), the function is replaced, since then what stands in its place is most often wrong too. */
#define LGI_OPEN(id) __builtin_choose_expr(lgi_right_##id LGI_COMMA
#define LGI_CLOSE , lgi_refused)

/* LGI_FORM(LGI_PARENTHESES options)(form, LGI_LOOSE): the form, or LGI_LOOSE if the options go on behind a first pair of parentheses,
 * as (lg_go_options){.name = "a": the preprocessor takes the comma behind the first member for the end of the argument. */
#define LGI_FORM(...) LGI_FORM_(__VA_ARGS__, , ~)
#define LGI_FORM_(parentheses, rest, ...) LGI_REST(rest)
#define LGI_PARENTHESES(...) ~,
#define LGI_LOOSE(...)                                                                             \
    __extension__({                                                                                \
        _Static_assert(0, LGI_LOOSE_TEXT);                                                         \
        (lg_error *)0;                                                                             \
    })
#define LGI_LOOSE_TEXT "options in braces stand in parentheses of their own: write ((lg_go_options){.name = ...}) or the name of a variable"

/* Whether an argument is a T; whether it is the address of one, as a void pointer may be. */
#if defined(__clang__) && __clang_major__ < 22 /* it takes no address of a variable here, even in what is not evaluated */
#define LGI_IS_A(T, x) 1
#else
#define LGI_IS_A(T, x) _Generic((x), T: 1, default: 0)
#endif
#define LGI_A(T, x) __builtin_choose_expr(LGI_IS_A(T, x), x, ((T){0}))
#define LGI_IS_AT(T, at) _Generic((at), LGI_NULLPTR(1) T *: 1, void *: 1, default: 0)
#define LGI_ADDRESS_OF(T, at) __builtin_choose_expr(LGI_IS_AT(T, at), at, (T *)0)

/* What holds deferred calls: an lg_scope, or an lg_cleanups, which begins with one. */
#define LGI_OWNER(id, owner)                                                                       \
    LGI_TAKE(this_scope_was_not_declared_by_lg_scope_##id, LGI_OWNER_OF(owner))                                                                \
    enum { lgi_right_##id = LGI_IS_OWNER(this_scope_was_not_declared_by_lg_scope_##id) };                                        \
    _Static_assert(!!lgi_right_##id, "what holds the calls is given by its address, as &scope: an lg_scope or an lg_cleanups");
#define LGI_IS_OWNER(owner) _Generic(owner, lg_scope *: 1, lg_cleanups *: 1, default: 0)
#define LGI_OWNED(id)                                                                              \
    ((lg_scope *)_Generic(this_scope_was_not_declared_by_lg_scope_##id, lg_scope *: this_scope_was_not_declared_by_lg_scope_##id, lg_cleanups *: this_scope_was_not_declared_by_lg_scope_##id, \
                          default: (lg_scope *)0))

#define LGI_IN(id, n, scope, text, ...)                                                            \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_DEFER, __VA_ARGS__)  \
        LGI_ADDED(id, n, LGI_ENTRY, LGI_ADD_ENTRY, text)                                           \
    })
#define LGI_SPECIAL_IN(id, n, kind, scope, text, ...)                                              \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, , LGI_ADVICE_DEFER, __VA_ARGS__)  \
        LGI_ADDED(id, n, kind, lgi_scope_add_special, text)                                        \
    })
#define LGI_RECOVERING_IN(id, n, scope, text, ...)                                                 \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_PRELUDE_##n(id, LGI_OPEN(id), LGI_CLOSE, LGI_FIRST_PANIC, LGI_ADVICE_DEFER, __VA_ARGS__) \
        LGI_ADDED(id, n, LGI_RECOVER, lgi_scope_add_special, text)                                 \
    })

/* `add` is what takes room in the scope for a call of that kind. */
#define LGI_ADDED(id, n, kind, add, text)                                                          \
    LGI_SITE(id, n + LGI_WIDES_##n(id), kind, text, 0, 1)                                          \
    lg_scope *const lgi_scope_##id = LGI_DECLARED(LGI_OWNED(id));                                  \
    lg_deferred *const lgi_deferred_##id = add(lgi_scope_##id, &LGI_SITE_OF(id));                  \
    lgi_deferred_##id->site = &LGI_SITE_OF(id);                                                    \
    lgi_deferred_##id->function = (lgi_function)LGI_FN(id);                                        \
    LGI_STORE_##n(id, lgi_deferred_##id->word)                                                     \
    LGI_WIDEN_##n(id, n, lgi_deferred_##id->word)                                                  \
    lgi_scope_added(lgi_scope_##id, lgi_deferred_##id);
#define LGI_ADD_ENTRY(scope, site) lgi_scope_add(scope)

#define LGI_SCOPE_TEXT "write lg_scope(name): a new name, and &name for the forms that take the scope"
LGI_DEMANDED(lgi_demand_scope, LGI_SCOPE_TEXT)
#define LGI_SCOPE_AS(id, name)                                                                     \
    LGI_DEMAND(lgi_demand_scope, LGI_IS_NAME(#name), LGI_SCOPE_TEXT)                               \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, 0, LGI_SCOPE, #name, 0, _Generic(&lgi_frame, struct lgi_frame *: 0, default: 1))  \
    struct lg_scope name __attribute__((cleanup(lgi_scope_leave)));                                \
    LGI_STEPS_BEGIN                                                                                \
    lgi_scope_open(&name, &LGI_SITE_OF(id), LGI_HERE(frame), LGI_HERE(head));                      \
    LGI_STEPS_END

/* What the lg_func around is known by. */
#define LGI_HERE(part)                                                                             \
    _Generic(&lgi_##part, struct lgi_##part *: &lgi_##part, default: (struct lgi_##part *)0)

// clang-format on

/* ---- inline parts ---------------------------------------------------------------------------------- */

/* Moves the `after` words behind *at up by one, and stores the two words of an lg_until there. */
static inline void lgi_widen(uintptr_t *at, int after, const void *until)
{
    for (uintptr_t *word = at + after; word > at; word--)
        word[1] = word[0];
    __builtin_memcpy(at, until, 2 * sizeof(*at));
}

static inline void lgi_scope_open(struct lg_scope *scope, const struct lgi_site *site,
                                  struct lgi_frame *frame, struct lgi_head *head)
{
    if (frame) { /* known at compile time */
        scope->frame = frame;
        scope->head = head;
    }
    scope->kinds = 0;
    scope->record.previous = lgi_top;
    scope->record.site = site;
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
