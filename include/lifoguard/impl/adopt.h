/* The macros of close.h: they acquire a value and register its release in one step. They evaluate the release function and
 * its further arguments first, so that no code runs between acquiring the value and registering its release. */
#ifndef LIFOGUARD_IMPL_ADOPT_H
#define LIFOGUARD_IMPL_ADOPT_H

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

#define LGI_ADVICE_ADOPT "acquire the value, then write lg_defer_block { release(value); }"

#define LGI_VALUE(id) LGI_ARG(id, 1)
#define LGI_OUT(id) lgi_out_##id
#define LGI_OUTCOME(id) lgi_outcome_##id
#define LGI_INTO(id) lgi_into_##id

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* "release, more" becomes, in a list of pending calls, release(value, more). */
#define LGI_ADOPT_TEXT(value, rest) rest "\n" value

/* By the number of further arguments: how many words the release function gets. */
#define LGI_ADOPT_WORDS_0 1
#define LGI_ADOPT_WORDS_1 2
#define LGI_ADOPT_WORDS_2 3
#define LGI_ADOPT_WORDS_3 4
#define LGI_ADOPT_WORDS_4 0
#define LGI_ADOPT_WORDS_lgi_many 0
#define LGI_ADOPT_WORDS_lgi_nothing 0

/* The release function and the further arguments, which are evaluated before the value. `right` is 0 if something was refused
 * already: then the function is replaced by what takes everything, and nothing more is refused. */
#define LGI_ADOPT_TAKE_0(id, right, f)                                                             \
    typedef __typeof__(__builtin_choose_expr(right, (f), lgi_any)) lgi_name_##id;                  \
    __extension__ __auto_type const lgi_fn_##id LGI_NO_DEBUG =                                     \
        LGI_FUNCTION(lgi_name_##id, __builtin_choose_expr(right, (f), lgi_any));                   \
    _Static_assert(!(right && LGI_NO_FUNCTION(lgi_fn_##id)), LGI_NO_RELEASE_TEXT);
#define LGI_NO_RELEASE_TEXT "what releases the value is not a function: write its name, and its further arguments after a comma"
#define LGI_NO_ADOPTED_TEXT(n) "argument " #n " is neither a pointer nor an integer of int width or more: "
#define LGI_ADOPT_WORD(id, right, n, x)                                                                   \
    LGI_TAKE_OR(lgi_arg##n##_##id, x, (char)0)                                                            \
    _Static_assert(!right || LGI_IS_WORD(lgi_arg##n##_##id), LGI_NO_ADOPTED_TEXT(n) LGI_ADVICE_ADOPT);
#define LGI_ADOPT_TAKE_1(id, right, f, b) LGI_ADOPT_TAKE_0(id, right, f) LGI_ADOPT_WORD(id, right, 2, b)
#define LGI_ADOPT_TAKE_2(id, right, f, b, c) LGI_ADOPT_TAKE_1(id, right, f, b) LGI_ADOPT_WORD(id, right, 3, c)
#define LGI_ADOPT_TAKE_3(id, right, f, b, c, d) LGI_ADOPT_TAKE_2(id, right, f, b, c) LGI_ADOPT_WORD(id, right, 4, d)
#define LGI_ADOPT_TAKE_4(id, right, ...)                                                                  \
    _Static_assert(0, "at most three arguments can follow the release function: " LGI_ADVICE_ADOPT); \
    lgi_any_function *const lgi_fn_##id = (lgi_any_function *)0;
#define LGI_ADOPT_TAKE_lgi_many(id, right, ...) LGI_ADOPT_TAKE_4(id, right)
#define LGI_ADOPT_TAKE_lgi_nothing(id, right, ...)                                                        \
    _Static_assert(!right, "the release function is missing: write the scope, the value, what releases it, and then further arguments"); \
    lgi_any_function *const lgi_fn_##id = (lgi_any_function *)0;

/* The value, and all that can be wrong with the call of the release function. */
#define LGI_ADOPT_VALUE(id, right, value) LGI_ADOPT_WORD(id, right, 1, value)
#define LGI_ADOPT_CHECK_0(id, f)                                                                   \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(lgi_arg1_##id)) lgi_type_##id;                \
    LGI_ADOPT_CHECK(id, 1, (lgi_arg1_##id), (lgi_probe))
#define LGI_ADOPT_CHECK_1(id, f, b)                                                                \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(lgi_arg1_##id, b)) lgi_type_##id;             \
    LGI_ADOPT_CHECK(id, 2, (lgi_arg1_##id, lgi_arg2_##id), (lgi_probe, lgi_probe))
#define LGI_ADOPT_CHECK_2(id, f, b, c)                                                             \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(lgi_arg1_##id, b, c)) lgi_type_##id;          \
    LGI_ADOPT_CHECK(id, 3, (lgi_arg1_##id, lgi_arg2_##id, lgi_arg3_##id), (lgi_probe, lgi_probe, lgi_probe))
#define LGI_ADOPT_CHECK_3(id, f, b, c, d)                                                          \
    LGI_CHECKS_PUSH typedef __typeof__(lgi_fn_##id(lgi_arg1_##id, b, c, d)) lgi_type_##id;       \
    LGI_ADOPT_CHECK(id, 4, (lgi_arg1_##id, lgi_arg2_##id, lgi_arg3_##id, lgi_arg4_##id), (lgi_probe, lgi_probe, lgi_probe, lgi_probe))
#define LGI_ADOPT_CHECK_4(id, ...)
#define LGI_ADOPT_CHECK_lgi_many(id, ...)
#define LGI_ADOPT_CHECK_lgi_nothing(id, ...)
#define LGI_ADOPT_CHECK(id, n, taken, probes)                                                      \
    LGI_CHECKS_BEGIN                                                                               \
    _Static_assert(!(LGI_CAN_PASS_##n(id) && !LGI_UNPROMOTED(lgi_fn_##id, lgi_type_##id)), \
                   LGI_PROMOTED_TEXT LGI_ADVICE_ADOPT);                                            \
    _Static_assert(!LGI_UNFIT_RESULT(lgi_type_##id), LGI_UNFIT_RESULT_TEXT LGI_ADVICE_ADOPT); \
    if (0) {                                                                                       \
        LGI_IN_C23(LGI_FIT(id, n) taken;)                                                          \
        LGI_FIT(id, n) probes;                                                                     \
    }                                                                                              \
    LGI_POP

#define LGI_ADOPT_STORE_0(id, to) LGI_STORE_1(id, to)
#define LGI_ADOPT_STORE_1(id, to) LGI_STORE_2(id, to)
#define LGI_ADOPT_STORE_2(id, to) LGI_STORE_3(id, to)
#define LGI_ADOPT_STORE_3(id, to) LGI_STORE_4(id, to)
#define LGI_ADOPT_STORE_4(id, to)
#define LGI_ADOPT_STORE_lgi_many(id, to)
#define LGI_ADOPT_STORE_lgi_nothing(id, to)

/* Neither NULL nor -1. (Of what is no word, another check complains.) */
#define LGI_IS_RESOURCE(value) LGI_IS_RESOURCE_(__builtin_choose_expr(LGI_IS_WORD(value), value, 0))
#define LGI_IS_RESOURCE_(value)                                                                    \
    ((value) != (__typeof__(value))-1 &&                                                           \
     (LGI_CLASS(value) != LGI_POINTER || (value) != (__typeof__(value))0))
#define LGI_NO_RESOURCE(type)                                                                      \
    __builtin_choose_expr(LGI_CLASS((type)0) == LGI_POINTER, (type)0, (type)-1)

/* Registers the call with the scope, if there is something to release. */
#define LGI_ADOPT_INTO(id, n, valid, text)                                                         \
    if (valid) {                                                                                   \
        LGI_SITE(id, LGI_ADOPT_WORDS_##n, LGI_ENTRY, text, 0, 1)                                   \
        lg_deferred *const lgi_deferred_##id = lgi_scope_add(LGI_INTO(id));                        \
        lgi_deferred_##id->site = &LGI_SITE_OF(id);                                                \
        lgi_deferred_##id->function = (lgi_function)LGI_FN(id);                                    \
        LGI_ADOPT_STORE_##n(id, lgi_deferred_##id->word)                                           \
        lgi_scope_added(LGI_INTO(id), lgi_deferred_##id);                                          \
    }

/* ---- the forms ---------------------------------------------------------------------------------- */

#define LGI_ADOPT(id, n, scope, valid, text, value, ...)                                           \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_ADOPT_TAKE_##n(id, LGI_IS_OWNER(this_scope_was_not_declared_by_lg_scope_##id), __VA_ARGS__)                          \
        lg_scope *const LGI_INTO(id) = LGI_OWNED(id);                                              \
        LGI_ADOPT_VALUE(id, LGI_IS_OWNER(this_scope_was_not_declared_by_lg_scope_##id), value)                                                            \
        LGI_ADOPT_CHECK_##n(id, __VA_ARGS__)                                                       \
        LGI_ADOPT_INTO(id, n, valid(LGI_VALUE(id)), text)                                          \
        LGI_VALUE(id);                                                                             \
    })

#define LGI_ADOPT_AS(id, n, name, valid, text, value, ...)                                         \
    LGI_ADOPT_TAKE_##n(id, 1, __VA_ARGS__)                                                         \
    LGI_ADOPT_VALUE(id, 1, value)                                                                  \
    LGI_ADOPT_CHECK_##n(id, __VA_ARGS__)                                                           \
    LGI_NO_JUMP(id)                                                                                \
    LGI_SITE(id, LGI_ADOPT_WORDS_##n, LGI_NAMED, text, 0, 1)                                       \
    struct lgi_named LGI_RECORD(id) __attribute__((cleanup(lgi_leave_named)));                     \
    __typeof__(LGI_VALUE(id)) const name LGI_UNUSED = LGI_VALUE(id);                               \
    LGI_RECORD(id).deferred.site = (valid(LGI_VALUE(id))) ? &LGI_SITE_OF(id) : (const struct lgi_site *)0; \
    LGI_RECORD(id).deferred.function = (lgi_function)LGI_FN(id);                                   \
    LGI_ADOPT_STORE_##n(id, LGI_RECORD(id).deferred.word)                                          \
    lgi_enter(&LGI_RECORD(id).record, LGI_ADDRESS(LGI_RECORD(id).record), &LGI_SITE_OF(id))

/* The address of the variable, or a null pointer to `type` if something else is given: no pointer, a value of that type, or
 * the pointer to an object that is to be acquired, not its address.
 * (An assertion of an enumerator is a short message: clang shows each macro in an expression that is wrong.) */
#define LGI_ADOPT_OUT_AT(id, variable, type)                                                       \
    LGI_TAKE(lgi_at_##id, variable)                                                                \
    enum {                                                                                         \
        lgi_owned_##id = LGI_IS_OWNER(this_scope_was_not_declared_by_lg_scope_##id),                                             \
        lgi_led_##id = LGI_CLASS(lgi_at_##id) == LGI_POINTER &&                                    \
                       !__builtin_types_compatible_p(__typeof__(lgi_at_##id), void *),             \
        lgi_pointed_##id = lgi_led_##id &&                                                         \
                           !__builtin_types_compatible_p(__typeof__(lgi_at_##id), __typeof__(type)) && \
                           (LGI_CLASS(*__builtin_choose_expr(lgi_led_##id, lgi_at_##id, (int *)0)) | 1) != LGI_STRUCT_OR_UNION, \
        lgi_is_out_##id = lgi_owned_##id && lgi_pointed_##id                                       \
    };                                                                                             \
    _Static_assert(!(lgi_owned_##id && !lgi_is_out_##id), "the variable is given by its address: write &variable"); \
    __extension__ __auto_type const LGI_OUT(id) =                                                  \
        __builtin_choose_expr(lgi_is_out_##id, lgi_at_##id, (__typeof__(type) *)0);

/* The outcome of a call that may return nothing. */
#define LGI_OUTCOME_OF(id, call)                                                                   \
    __extension__ __auto_type LGI_OUTCOME(id) =                                                    \
        __builtin_choose_expr(LGI_IS_VOID(__typeof__(call)), 0, call);                             \
    __builtin_choose_expr(LGI_IS_VOID(__typeof__(call)), call, (void)0);

#define LGI_ADOPT_OUT(id, n, scope, variable, valid, text, call, ...)                              \
    __extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_ADOPT_OUT_AT(id, variable, int)                                                        \
        LGI_ADOPT_TAKE_##n(id, lgi_is_out_##id, __VA_ARGS__)                          \
        lg_scope *const LGI_INTO(id) = LGI_OWNED(id);                                              \
        *LGI_OUT(id) = LGI_NO_RESOURCE(__typeof__(*LGI_OUT(id)));                                  \
        LGI_OUTCOME_OF(id, call)                                                                   \
        LGI_ADOPT_VALUE(id, lgi_is_out_##id, *LGI_OUT(id))                                                          \
        LGI_ADOPT_CHECK_##n(id, __VA_ARGS__)                                                       \
        LGI_ADOPT_INTO(id, n, valid(id), text)                                                     \
        LGI_OUTCOME(id);                                                                           \
    })
#define LGI_OUT_IS_RESOURCE(id) LGI_IS_RESOURCE(LGI_VALUE(id))

#define LGI_ADOPT_ERRNO(id, n, scope, variable, text, value, format, ...)                          \
    LGI_USED(__extension__({                                                                                \
        LGI_OWNER(id, scope)                                                                       \
        LGI_ADOPT_OUT_AT(id, variable, __typeof__(value))                                          \
        typedef __typeof__(((void)0, (LGI_FIRST(__VA_ARGS__)))) lgi_release_##id;                  \
        enum { lgi_is_release_##id = _Generic((lgi_release_##id)0, char *: 0, const char *: 0, default: 1) }; \
        _Static_assert(!!lgi_is_release_##id, LGI_NO_RELEASE_TEXT);                                  \
        LGI_ADOPT_TAKE_##n(id, (lgi_is_out_##id && lgi_is_release_##id), __VA_ARGS__)                          \
        lg_scope *const LGI_INTO(id) = LGI_OWNED(id);                                              \
        LGI_ADOPT_VALUE(id, lgi_is_out_##id, value)                                                            \
        const int LGI_OUTCOME(id) = errno;                                                         \
        LGI_ADOPT_CHECK_##n(id, __VA_ARGS__)                                                       \
        *LGI_OUT(id) = LGI_VALUE(id);                                                              \
        LGI_ADOPT_INTO(id, n, LGI_IS_RESOURCE(LGI_VALUE(id)), text)                                \
        LGI_IS_RESOURCE(LGI_VALUE(id)) ? (lg_error *)0                                             \
            : lgi_error_errno(__FILE__, __LINE__, LGI_OUTCOME(id), LGI_GROUPED format);            \
    }))
#define LGI_GROUPED(...) __VA_ARGS__

// clang-format on

#endif
