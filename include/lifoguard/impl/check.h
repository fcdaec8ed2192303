/* The checks of a deferred call: the function and its arguments, evaluated in order, and all that can be wrong with them. */
#ifndef LIFOGUARD_IMPL_CHECK_H
#define LIFOGUARD_IMPL_CHECK_H

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/probe.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* One mistake, one error: what a check has refused is replaced for the later ones by something that they let pass. And
 * clang shows each macro between the use and the error, so the checks stand as few macros below the use as can be. */

/* What to write instead, where the call is deferred and where it is made in a goroutine. */
#define LGI_ADVICE_DEFER "write lg_defer_block { function(value); } with a copy of the value in a local variable"
#define LGI_ADVICE_GO "write a function that takes a pointer to the value"

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
    typedef __typeof__(open f close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open f close);\
    _Static_assert(!LGI_NO_FUNCTION(lgi_fn_##id), LGI_NO_FUNCTION_TEXT);                     \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(LGI_FIRST_(first, 0))) lgi_type_##id;                 \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!!LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id), LGI_PROMOTED_TEXT advice);\
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT advice);         \
    LGI_POP
#define LGI_PRELUDE_1(id, open, close, first, advice, f, a)                                                     \
    typedef __typeof__(open f close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open f close);\
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
    typedef __typeof__(open f close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open f close);\
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
    typedef __typeof__(open f close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open f close);\
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
    typedef __typeof__(open f close) lgi_name_##id;                                                       \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG = LGI_FUNCTION(lgi_name_##id, open f close);\
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
    _Static_assert(0, "at most four arguments can be passed: " advice);                            \
    LGI_ANY_FUNCTION(id)
#define LGI_PRELUDE_lgi_nothing(id, open, close, first, advice, ...)                                            \
    _Static_assert(!__builtin_types_compatible_p(__typeof__(open 0 close), int), LGI_NOTHING_TEXT); \
    LGI_ANY_FUNCTION(id)
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

// clang-format on

#endif
