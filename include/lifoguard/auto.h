/* Types with a release function: a variable of such a type, or of a class with a constructor, is released when its block is left.
 *
 *     LG_DEFINE_AUTO(file, FILE *, fclose)                        // once, at file scope
 *
 *     lg_error *count_lines(const char *path, size_t *lines)
 *     {
 *         lg_auto(file) FILE *file = fopen(path, "r");            // fclose(file) on every exit
 *         if (!file)
 *             return lg_error_new_errno("open %s", path);
 *         …
 *     }
 *
 * This is the style of systemd (_cleanup_), GLib (g_autoptr) and the kernel (__free, CLASS); from-other-languages.md has the
 * forms side by side.
 *
 *   - A variable that holds NULL or -1 when the block is left is not released. lg_take (take.h) takes the value out of a
 *     variable, so that the value is not released.
 *   - Such variables, guards (guard.h) and deferred calls run in one order, last declared first (D13). They run on panic
 *     and goexit too. As cleanup variables, lg_pending_visit does not list them, and a panic must not leave a
 *     release function that another unwinding runs (panic.h); lg_adopt_as has neither limit.
 *   - A variable of another type than the defined one does not compile, whatever the number of its stars.
 *   - Initialise the variable where you declare it: on an exit before its first value, an uninitialised variable would be
 *     released.
 *   - gcc 12 at -O0 may end with "internal compiler error: in expand_builtin_eh_common" in a function in which nested blocks have
 *     cleanup variables, of this header or of your own. Compile such a file with -Og. Deferred calls, classes and guards
 *     are free of this error.
 */
#ifndef LIFOGUARD_AUTO_H
#define LIFOGUARD_AUTO_H

#include <lifoguard/take.h>

#ifndef __cplusplus

#include <lifoguard/impl/auto.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* LG_DEFINE_AUTO(name, type, release): defines lg_auto(name) for variables of a pointer or integer type. Calls
 * release(variable). */
#define LG_DEFINE_AUTO(name, type, release)                                                        \
    LGI_ONLY_SCALAR(type, "this type is a struct: write LG_DEFINE_AUTO_STRUCT(name, type, clear)") \
    LGI_OWNER_TYPE(name, type)                                                                     \
    LGI_UNUSED static inline void LGI_AUTO_OF(name)(lgi_owner_of_##name lgi_owner)                 \
    {                                                                                              \
        if (LGI_IS_RESOURCE(*LGI_OWNED_AT(lgi_owner)))                                             \
            release(*LGI_OWNED_AT(lgi_owner));                                                     \
    }

/* LG_DEFINE_AUTO_STRUCT(name, type, clear): defines lg_auto(name) for variables of a struct type. Calls clear(&variable). */
#define LG_DEFINE_AUTO_STRUCT(name, type, clear)                                                   \
    LGI_OWNER_TYPE(name, type)                                                                     \
    LGI_UNUSED static inline void LGI_AUTO_OF(name)(lgi_owner_of_##name lgi_owner)                 \
    {                                                                                              \
        clear(LGI_OWNED_AT(lgi_owner));                                                            \
    }

// clang-format off: the compilers show every line of a macro with an error
/* lg_auto(name): stands before the declaration of a variable, or behind the variable's name. */
#define lg_auto(name) __attribute__((__cleanup__(lg_auto_needs_a_variable_of_the_type_that_was_given_to_LG_DEFINE_AUTO_##name)))
// clang-format on

/* LG_DEFINE_CLASS(name, type, release, acquire, parameters…): defines a class: how a value is acquired and released.
 * `acquire` is an expression that uses the parameters (void: none).
 *
 *     LG_DEFINE_CLASS(reader, FILE *, fclose, fopen(path, "r"), const char *path)
 *
 *     lg_class(reader, file)("/etc/hostname");         // declares FILE *file
 *     if (!file)
 *         … */
#define LG_DEFINE_CLASS(name, type, release, acquire, ...)                                         \
    LG_DEFINE_AUTO(name, type, release)                                                            \
    typedef __typeof__(type) lgi_class_of_##name;                                                  \
    LGI_UNUSED static inline lgi_class_of_##name lgi_class_##name(__VA_ARGS__)                     \
    {                                                                                              \
        return acquire;                                                                            \
    }

/* lg_class(name, variable)(arguments…): declares the variable, and initialises the variable with the value that the class
 * acquires. */
#define lg_class(name, variable)                                                                   \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_CLASS_AS, __COUNTER__, name, variable)

#endif /* !__cplusplus */
#endif
