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
 * For guards, the rules of the variables of auto.h hold: the order of release, panics in the release, and that
 * lg_pending_visit does not list guards.
 */
#ifndef LIFOGUARD_GUARD_H
#define LIFOGUARD_GUARD_H

#ifndef __cplusplus

#include <stdbool.h>

#include <lifoguard/impl/auto.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

// clang-format off: the compilers show every line of a macro with an error

/* LG_DEFINE_GUARD(name, type, lock, unlock): defines lg_guard(name). `type` is the type of the lock's address, which `lock` and
 * `unlock` take. The results of `lock` and `unlock` are dropped: for a lock that may fail, define a conditional guard. */
#define LG_DEFINE_GUARD(name, type, lock, unlock)                                                  \
    LGI_ONLY_SCALAR(type, "a guard holds the address of the lock: write the type as lock *")       \
    LGI_UNUSED static inline void lgi_unlock_##name(void *lgi_lock) { unlock((__typeof__(type))(uintptr_t)lgi_lock); }\
    LGI_UNUSED static inline struct lgi_guard name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock(__typeof__(type) lgi_lock)\
    {                                                                                              \
        return lgi_guard_of((lock(lgi_lock), LGI_IS_RESOURCE(lgi_lock)), lgi_unlock_##name, (void *)(uintptr_t)lgi_lock);\
    }

/* LG_DEFINE_TRY_GUARD(name, type, try_lock, unlock): defines a conditional guard. try_lock(lock) returns true if the lock was
 * taken; otherwise the guard holds nothing, and unlocks nothing. */
#define LG_DEFINE_TRY_GUARD(name, type, try_lock, unlock)                                          \
    LGI_ONLY_SCALAR(type, "a guard holds the address of the lock: write the type as lock *")       \
    LGI_UNUSED static inline void lgi_unlock_##name(void *lgi_lock) { unlock((__typeof__(type))(uintptr_t)lgi_lock); }\
    LGI_UNUSED static inline struct lgi_guard name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock(__typeof__(type) lgi_lock)\
    {                                                                                              \
        return lgi_guard_of(try_lock(lgi_lock) && LGI_IS_RESOURCE(lgi_lock), lgi_unlock_##name, (void *)(uintptr_t)lgi_lock);\
    }

/* lg_guard(name)(&lock): takes the lock, which is held until the enclosing block is left. */
#define lg_guard(name)                                                                             \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_GUARD, __COUNTER__, name)

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
