/* A block of code that runs when the enclosing block is left: clang's _Defer, and on gcc a nested
 * function run by a cleanup variable. The address of the nested function is never taken, so there is
 * no trampoline and no executable stack. */
#ifndef LIFOGUARD_IMPL_BLOCK_H
#define LIFOGUARD_IMPL_BLOCK_H

#ifndef __EXCEPTIONS
#error "lifoguard: compile with -fexceptions, see pkg-config --cflags lifoguard"
#endif
#if defined(__clang__) && !defined(__STDC_DEFER_TS25755__)
#error "lifoguard: compile with -fdefer-ts, clang 22 (pkg-config --cflags lifoguard-clang)"
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

/* A number for the names of each expansion. clang 22 calls __COUNTER__ an extension under -Wpedantic. */
#if defined(__clang__)
#define LGI_NUMBER(macro, ...)                                                                     \
    _Pragma("clang diagnostic push") _Pragma("clang diagnostic ignored \"-Wc2y-extensions\"")      \
        LGI_NUMBERED(macro, __COUNTER__, __VA_ARGS__)
#define LGI_NUMBERED(macro, id, ...) _Pragma("clang diagnostic pop") macro(id, __VA_ARGS__)
#else
#define LGI_NUMBER(macro, ...) macro(__COUNTER__, __VA_ARGS__)
#endif

/* For an expression, whose names nobody else sees: its line will do. */
#define LGI_LINED(macro, ...) macro(__LINE__, __VA_ARGS__)

#if defined(__clang__)

/* clang refuses jumps past a _Defer or a cleanup variable by itself. */
#define LGI_NO_JUMP(id)
#define LGI_AT_EXIT(id) _Defer
#define LGI_AT_EXIT_NUMBERED _Defer

#else

/* gcc runs a cleanup whose registration a jump has skipped, without a word; but it refuses a jump into
 * the scope of a variably modified type. The pointer is never used, and no code comes of it. */
#define LGI_NO_JUMP(id)                                                                            \
    unsigned LGI_CAT(lgi_one_, id) LGI_UNUSED = 1;                                                 \
    LGI_PUSH                                                                                       \
    LGI_QUIET("-Wvla")                                                                             \
    char (*LGI_CAT(                                                                                \
        this_jump_would_skip_the_defer__let_one_block_hold_the_defer_and_all_that_needs_it_,       \
        id))[LGI_CAT(lgi_one_, id)] LGI_UNUSED;                                                    \
    LGI_POP
#define LGI_AT_EXIT_NUMBERED LGI_AT_EXIT(__COUNTER__)
#define LGI_AT_EXIT(id) LGI_AT_EXIT_(id)
#define LGI_AT_EXIT_(id)                                                                           \
    LGI_NO_JUMP(id)                                                                                \
    __extension__ auto void lgi_block_##id(char *);                                                \
    char lgi_exit_##id __attribute__((cleanup(lgi_block_##id), unused));                           \
    __extension__ void lgi_block_##id(char *lgi_unused_##id LGI_UNUSED)

#endif
#endif
