/* A block of code that runs when the enclosing block is left: _Defer where the compiler announces TS 25755, and on gcc
 * without it a nested function run by a cleanup variable. The address of the nested function is never taken, so there is
 * no trampoline and no executable stack. */
#ifndef LIFOGUARD_IMPL_BLOCK_H
#define LIFOGUARD_IMPL_BLOCK_H

#ifndef __EXCEPTIONS
#error "lifoguard: compile with -fexceptions; if installed, pkg-config --cflags lifoguard has it"
#endif

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

#define LGI_LIKELY(x) __builtin_expect(!!(x), 1)
#define LGI_UNUSED __attribute__((unused))
/* For a function that the library leaves by a jump: instruments would miss its end. */
#if defined(__clang__)
#define LGI_LEFT_BY_JUMP __attribute__((no_instrument_function, disable_sanitizer_instrumentation))
#else
#define LGI_LEFT_BY_JUMP __attribute__((no_instrument_function, no_sanitize("thread")))
#endif
#define LGI_CAT(a, b) LGI_CAT_(a, b)
#define LGI_CAT_(a, b) a##b
#define LGI_STRING(...) #__VA_ARGS__
#define LGI_QUIET(option) _Pragma(LGI_STRING(GCC diagnostic ignored option))
#define LGI_PUSH _Pragma("GCC diagnostic push")
#define LGI_POP _Pragma("GCC diagnostic pop")

/* What nullptr, which has a type of its own, is in a _Generic: of a value, and of the address of a value. */
#if __STDC_VERSION__ >= 202311L
#define LGI_NULLPTR(is) __typeof__(nullptr) : is,
#define LGI_NULLPTR_AT(is) __typeof__(nullptr) * : is,
#else
#define LGI_NULLPTR(is)
#define LGI_NULLPTR_AT(is)
#endif

/* A form with a number for its names, `id`: LGI_NUMBERED(FORM, __COUNTER__, …) after LGI_COUNTING, where it declares
 * something; LGI_LINED(FORM, __LINE__, …) for an expression, whose names nobody else sees. Both, as they expand
 * their arguments, let the form paste them. clang 22 calls __COUNTER__ an extension under -Wpedantic. (LGI_COUNTED follows
 * LGI_COUNTING in a form without a number.)
 *
 * LGI_EXPRESSION(FORM, LGI_ID, …) is for an expression that may stand in another of its kind, on one line: its names are new, or hide
 * the others' in silence. (In an argument of a macro of the program, as assert, LGI_COUNTING would come too late.) */
#if defined(__clang__) && __clang_major__ >= 22
#define LGI_COUNTING                                                                               \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wc2y-extensions\"")
#define LGI_COUNTED _Pragma("clang diagnostic pop")
#define LGI_NUMBERED(form, id, ...) _Pragma("clang diagnostic pop") form(id, __VA_ARGS__)
#define LGI_EXPRESSION(form, id, ...) LGI_HIDING form(id, __VA_ARGS__) LGI_HIDING_END
#define LGI_ID __LINE__
#else
#define LGI_COUNTING
#define LGI_COUNTED
#define LGI_NUMBERED(form, id, ...) form(id, __VA_ARGS__)
#define LGI_EXPRESSION(form, id, ...) form(id, __VA_ARGS__)
#define LGI_ID __COUNTER__
#endif
/* Between the two, a name hides another in silence. (gcc says nothing of names in a macro of a system header.) */
#if defined(__clang__)
#define LGI_HIDING                                                                                 \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wshadow")
#define LGI_HIDING_END LGI_POP
#else
#define LGI_HIDING
#define LGI_HIDING_END
#endif
/* (A line may have the number that a form of a block around it has.) */
#define LGI_LINED(form, line, ...) LGI_HIDING form(line, __VA_ARGS__) LGI_HIDING_END

/* Picks a form by the number of its arguments: behind six names stand ~, and the names before it are those for one argument, last, to
 * six, first: LGI_SEVENTH(__VA_ARGS__, OTHER, OTHER, OTHER, OTHER, TWO, OTHER, ~). */
#define LGI_SEVENTH(a, b, c, d, e, f, seventh, ...) seventh
/* By whether anything is given. */
LGI_PUSH
#if defined(__clang__)
LGI_QUIET("-Wpedantic")
#endif
/* A comma if something is given. */
#define LGI_GIVEN(...) __VA_OPT__(, )
LGI_POP
#define LGI_IF_GIVEN(form, other, ...) LGI_PICK(~LGI_GIVEN(__VA_ARGS__) form, other, ~)
/* By whether two are given or more; a comma ends the list. */
#define LGI_IF_SEVERAL(form, other, first, ...) LGI_PICK(~LGI_GIVEN(__VA_ARGS__) form, other, ~)
#define LGI_IF_GIVEN_TOO(form, other, ...) LGI_PICK_TOO(~LGI_GIVEN(__VA_ARGS__) form, other, ~)
#define LGI_PICK_TOO(...) LGI_PICK_(__VA_ARGS__)
#define LGI_PICK(...) LGI_PICK_(__VA_ARGS__)
#define LGI_PICK_(none, picked, ...) picked

/* Outside of a function, where LGI_NEEDS_BRACES has said all, something constant in place of an expression. */
#define LGI_IN_FUNCTION(expression, constant)                                                      \
    __builtin_choose_expr(sizeof(__func__) > 1, expression, constant)

/* Whether the text is that of a name, and not of an address, a string or an expression in parentheses. */
#define LGI_IS_NAME(text)                                                                          \
    (!__builtin_strchr(text, '&') && !__builtin_strchr(text, '"') && !__builtin_strchr(text, '('))

/* Whether the text is that of a block, or of braces alone. */
#define LGI_IS_BLOCK(text) (!__builtin_strncmp(text, "{", 1))

/* LGI_DEMAND(name, condition, text): refuses a use. On clang the refusal ends the compilation, so that no further error follows from
 * it; LGI_DEMANDED(name, text) stands before, at file scope. */
#if defined(__clang__)
#define LGI_DEMANDED(name, text)                                                                   \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wgcc-compat")                                                                      \
    void name(int met) __attribute__((diagnose_if(!met, text, "warning")));                        \
    LGI_POP
#define LGI_DEMAND(name, condition, text)                                                          \
    LGI_PUSH                                                                                       \
    _Pragma("clang diagnostic fatal \"-Wuser-defined-warnings\"")(void) sizeof(                    \
        (name(condition), 0));                                                                     \
    LGI_POP
#else
#define LGI_DEMANDED(name, text)
#define LGI_DEMAND(name, condition, text) _Static_assert(!!(condition), text);
#endif
/* The same in an expression, which has the value `value`. */
#if defined(__clang__)
#define LGI_ASSERTED(name, condition, text, value)                                                 \
    (__extension__({LGI_DEMAND(name, condition, text)}), (value))
#else
#define LGI_ASSERTED(name, condition, text, value)                                                 \
    ((void)sizeof(struct {                                                                         \
         int lgi_member;                                                                           \
         _Static_assert(!!(condition), text);                                                      \
     }),                                                                                           \
     (value))
#endif

#if defined(__clang__)

/* clang refuses jumps past a cleanup variable by itself. */
#define LGI_NO_JUMP(id)

#else

/* gcc runs a cleanup whose registration a jump has skipped, without a word; but it refuses a jump into
 * the scope of a variably modified type, which an array type is whose size is not an integer constant expression. No
 * code comes of it. (Outside of a function the size is 1, since LGI_NEEDS_BRACES has said all.) */
#define LGI_NO_JUMP(id)                                                                            \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wvla")                                                                             \
    typedef char                                                                                   \
        this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it_##id    \
            [__builtin_choose_expr(sizeof(__func__) > 1, ((void)0, 1), 1)] LGI_UNUSED;             \
    LGI_POP

#endif

#if defined(__STDC_DEFER_TS25755__)

/* The compiler's own, which refuses jumps past it. */
#define LGI_AT_EXIT_NUMBERED _Defer

#elif defined(__clang__)

/* Without it, clang has no blocks that run later; the calls of lg_defer need none. */
#define LGI_AT_EXIT_NUMBERED                                                                       \
    _Pragma(                                                                                       \
        "GCC error \"lifoguard: a deferred block needs clang 22 and -fdefer-ts (pkg-config --cflags lifoguard-clang)\"")

#else

#define LGI_AT_EXIT_NUMBERED LGI_AT_EXIT(__COUNTER__)
#define LGI_AT_EXIT(id) LGI_AT_EXIT_(id)
#define LGI_AT_EXIT_(id)                                                                           \
    LGI_NO_JUMP(id)                                                                                \
    __extension__ auto void lgi_block_##id(char *);                                                \
    char lgi_exit_##id __attribute__((cleanup(lgi_block_##id), unused));                           \
    __extension__ void lgi_block_##id(char *lgi_unused_##id LGI_UNUSED)

#endif
#endif
