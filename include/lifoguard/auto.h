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
 *   - A variable that holds NULL or -1 when the block is left is not released. lg_take takes the value out of a
 *     variable, so that the value is not released.
 *   - Such variables, guards and deferred calls run in one order, last declared first (D13). They run on panic
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

#include <stdbool.h>

#ifndef __cplusplus

#include <lifoguard/impl/auto.h>

/* ---- giving a variable's value away ----------------------------------------------------------------- */

/* Giving a pointer or a descriptor away: the variable keeps nothing, so a cleanup of the variable has nothing to do.
 *
 *     lg_error *open_log(const char *path, FILE **result)
 *     {
 *         lg_auto(file) FILE *file = fopen(path, "a");     // closed on every exit …
 *         …
 *         *result = lg_take(file);                         // … but this one
 *         return NULL;
 *     }
 *
 * lg_take works on variables. A value that lg_adopt or lg_defer has registered is not in a variable any more: for such a
 * value dismiss the call (lg_deferred_dismiss), or move the scope (move.h).
 */

/* lg_take(variable): returns the pointer that the variable holds, and leaves NULL in the variable. */
#define lg_take(variable)                                                                          \
    __extension__({                                                                                \
        _Static_assert(__builtin_classify_type(((void)0, (variable))) == 5,                        \
                       "lg_take takes a variable that holds a pointer: for a descriptor write "    \
                       "lg_take_fd(variable)");                                                    \
        __typeof__(variable) *const lgi_taken_from = &(variable);                                  \
        __typeof__(variable) const lgi_taken = *lgi_taken_from;                                    \
        *lgi_taken_from = (__typeof__(variable))0;                                                 \
        lgi_taken;                                                                                 \
    })

/* lg_take_fd(variable): returns the descriptor that the int variable holds, and leaves -1 in the variable. */
#define lg_take_fd(variable) lgi_take_fd(&(variable))

__attribute__((__warn_unused_result__)) static inline int lgi_take_fd(int *variable)
{
    int fd = *variable;
    *variable = -1;
    return fd;
}

/* ---- types with a release function ------------------------------------------------------------------- */

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* LG_DEFINE_AUTO(name, type, release): defines lg_auto(name) for variables of a pointer or integer type. Calls
 * release(variable). */
#if defined(__clang__) /* shows each macro between the use and an error */
#define LG_DEFINE_AUTO(name, type, ...)                                                            \
    LGI_AUTO_DEMAND(name, __VA_ARGS__) LGI_AUTO_DEFINED(name, type, __VA_ARGS__)
#else
#define LG_DEFINE_AUTO(...)                                                                        \
    LGI_SEVENTH(__VA_ARGS__, LGI_AUTO_WRONG, LGI_AUTO_WRONG, LGI_AUTO_WRONG, LGI_AUTO_ORDERED,     \
                LGI_AUTO_WRONG, LGI_AUTO_WRONG, ~)(__VA_ARGS__)
#endif

/* LG_DEFINE_AUTO_STRUCT(name, type, clear): defines lg_auto(name) for variables of a struct type. Calls clear(&variable). */
#if defined(__clang__)
#define LG_DEFINE_AUTO_STRUCT(name, type, ...)                                                     \
    LGI_AUTO_DEMAND(name, __VA_ARGS__) LGI_AUTO_STRUCT_DEFINED(name, type, __VA_ARGS__)
#else
#define LG_DEFINE_AUTO_STRUCT(...)                                                                 \
    LGI_SEVENTH(__VA_ARGS__, LGI_AUTO_WRONG, LGI_AUTO_WRONG, LGI_AUTO_WRONG,                       \
                LGI_AUTO_STRUCT_ORDERED, LGI_AUTO_WRONG, LGI_AUTO_WRONG, ~)(__VA_ARGS__)
#endif

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

/* ---- guards ----------------------------------------------------------------------------------------- */

/* Guards: locks that are held until a block is left.
 *
 *     LG_DEFINE_GUARD(pthread_mutex, pthread_mutex_t *, pthread_mutex_lock, pthread_mutex_unlock)     // once, at file scope
 *
 *     int next(struct counter *counter)
 *     {
 *         lg_guard(pthread_mutex)(&counter->mutex);           // held until the function is left, by any exit
 *         return ++counter->value;
 *     }
 *
 * The library defines the guards of its own locks: lg_guard(lg_mutex), lg_guard(lg_rwmutex), lg_guard(lg_rwmutex_read), and the
 * conditional guards lg_mutex_try, lg_rwmutex_try and lg_rwmutex_read_try (mutex.h, rwmutex.h).
 *
 * For guards, the rules of lg_auto variables hold: the order of release, panics in the release, and that
 * lg_pending_visit does not list guards.
 */

#ifndef __cplusplus

// clang-format off: the compilers show every line of a macro with an error

/* LG_DEFINE_GUARD(name, type, lock, unlock): defines lg_guard(name). `type` is the type of the lock's address, which `lock` and
 * `unlock` take. The results of `lock` and `unlock` are dropped: for a lock that may fail, define a conditional guard. */
#define LG_DEFINE_GUARD(name, type, lock, unlock)                                                  \
    LGI_ONLY_SCALAR(type, "a guard holds the address of the lock: write the type as lock *")       \
    LGI_UNUSED static inline void lgi_unlock_##name(void *lgi_lock) { unlock((__typeof__(type))(uintptr_t)lgi_lock); }\
    LGI_UNUSED static inline struct lgi_guard name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock(__typeof__(type) lgi_lock)\
    {                                                                                              \
        return lgi_guard_of((lock(lgi_lock), LGI_IS_LOCK(lgi_lock)), lgi_unlock_##name, (void *)(uintptr_t)lgi_lock);\
    }

/* LG_DEFINE_TRY_GUARD(name, type, try_lock, unlock): defines a conditional guard. try_lock(lock) returns true if the lock was
 * taken; otherwise the guard holds nothing, and unlocks nothing. */
#define LG_DEFINE_TRY_GUARD(name, type, try_lock, unlock)                                          \
    LGI_ONLY_SCALAR(type, "a guard holds the address of the lock: write the type as lock *")       \
    LGI_UNUSED static inline void lgi_unlock_##name(void *lgi_lock) { unlock((__typeof__(type))(uintptr_t)lgi_lock); }\
    LGI_UNUSED static inline struct lgi_guard name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock(__typeof__(type) lgi_lock)\
    {                                                                                              \
        return lgi_guard_of(try_lock(lgi_lock) && LGI_IS_LOCK(lgi_lock), lgi_unlock_##name, (void *)(uintptr_t)lgi_lock);\
    }

/* lg_guard(name)(&lock): takes the lock, which is held until the enclosing block is left. */
#if defined(__clang__)
#define lg_guard(name)                                                                             \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_GUARD, __COUNTER__, name)
#else
#define lg_guard(...)                                                                              \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_IF_SEVERAL(LGI_GUARD_WRONG, LGI_GUARD, __VA_ARGS__, ), __COUNTER__, __VA_ARGS__)
#endif

/* lg_guard_as(name, variable)(&lock): like lg_guard, and declares a variable for lg_guard_held.
 *
 *     lg_guard_as(lg_mutex_try, guard)(&cache->mutex);
 *     if (!lg_guard_held(guard))
 *         return false; */
#define lg_guard_as(name, variable)                                                                \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_GUARD_AS, __COUNTER__, name, variable)

/* Whether the guard holds the lock. */
#define lg_guard_held(variable) ((variable).lgi_unlock != (void (*)(void *))0)

/* lg_scoped_guard(name, &lock) { … }: the lock is held during the block that follows. If a conditional guard could not take the
 * lock, the block is skipped. A `break` or `continue` leaves the block. */
#define lg_scoped_guard(name, ...)                                                                 \
    LGI_HIDING for (struct lgi_guard LGI_BEFORE_SCOPED lgi_guard __attribute__((__cleanup__(lgi_guard_leave))) = (name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock)(__VA_ARGS__), *lgi_once = &lgi_guard; LGI_HIDING_END lgi_once; lgi_once = (struct lgi_guard *)0)\
        if (!lg_guard_held(lgi_guard)) {}                                                          \
        else

/* lg_scoped_guard_or(name, otherwise, &lock) { … }: the same; if the lock could not be taken, the statement `otherwise` runs.
 *
 *     lg_scoped_guard_or(lg_mutex_try, return false, &cache->mutex) { … } */
#define lg_scoped_guard_or(name, otherwise, ...)                                                   \
    LGI_HIDING for (struct lgi_guard LGI_BEFORE_SCOPED lgi_guard __attribute__((__cleanup__(lgi_guard_leave))) = (name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock)(__VA_ARGS__), *lgi_once = &lgi_guard; LGI_HIDING_END lgi_once; lgi_once = (struct lgi_guard *)0)\
        if (!lg_guard_held(lgi_guard)) { otherwise; }                                              \
        else

// clang-format on

#endif /* !__cplusplus */

#endif
