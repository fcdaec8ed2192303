/* The macros that define the types of auto.h. */
#ifndef LIFOGUARD_IMPL_AUTO_H
#define LIFOGUARD_IMPL_AUTO_H

#include <stdbool.h>
#include <stdint.h>

#include <lifoguard/impl/adopt.h>
#include <lifoguard/impl/type_names.h>

#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

// clang-format off: it takes the parts of these macros for statements, and moves them at each run

/* The cleanup function's name, which the compilers show if a variable has another type. */
#define LGI_AUTO_OF(name) lg_auto_needs_a_variable_of_the_type_that_was_given_to_LG_DEFINE_AUTO_##name

/* The parameter of a cleanup function. If the variable has another type, gcc only warns when the parameter is a pointer, and
 * reports an error when the parameter is a union of one pointer. */
#if defined(__clang__)
#define LGI_OWNER_TYPE(name, type) typedef __typeof__(type) *lgi_owner_of_##name;
#define LGI_OWNED_AT(owner) (owner)
#else
#define LGI_OWNER_TYPE(name, type)                                                                 \
    typedef union {                                                                                \
        __typeof__(type) *lgi_at;                                                                  \
    } lgi_owner_of_##name __attribute__((__transparent_union__));
#define LGI_OWNED_AT(owner) ((owner).lgi_at)
#endif

#define LGI_IS_SCALAR(type) (!((LGI_CLASS(*(__typeof__(type) *)sizeof(int)) | 1) == LGI_STRUCT_OR_UNION))
#define LGI_ONLY_SCALAR(type, message) _Static_assert(LGI_IS_SCALAR(type), message);

/* What the forms that define an lg_auto(name) make of it. A type in the place of the name or the function is known if its name is
 * that of a usual type. */
#define LGI_AUTO_TEXT "write LG_DEFINE_AUTO(name, type, release), with a new name, the type of the variables, and a function"
#define LGI_AUTO_SCALAR_TEXT "this type is a struct: write LG_DEFINE_AUTO_STRUCT(name, type, clear)"
#if defined(__clang__)
LGI_DEMANDED(lgi_demand_order_of_auto, LGI_AUTO_TEXT)
LGI_DEMANDED(lgi_demand_scalar, LGI_AUTO_SCALAR_TEXT)
#define LGI_AUTO_DEMAND(name, release)                                                             \
    LGI_DEMAND_AT_FILE(lgi_demand_order_of_auto(LGI_IF_TYPE(name, 0, LGI_IF_TYPE(release, 0, LGI_IF_GIVEN(1, 0, release)))))
#define LGI_DEMAND_AT_FILE(demand)                                                                 \
    LGI_PUSH                                                                                       \
    _Pragma("clang diagnostic fatal \"-Wuser-defined-warnings\"") _Static_assert(sizeof((demand, 0)) > 0, ""); \
    LGI_POP
#define LGI_AUTO_SCALAR(type) LGI_DEMAND_AT_FILE(lgi_demand_scalar(LGI_IS_SCALAR(type)))
#else
#define LGI_AUTO_ORDERED(name, type, release)                                                      \
    LGI_IF_TYPE(name, LGI_AUTO_WRONG, LGI_IF_TYPE(release, LGI_AUTO_WRONG, LGI_AUTO_DEFINED))(name, type, release)
#define LGI_AUTO_STRUCT_ORDERED(name, type, clear)                                                 \
    LGI_IF_TYPE(name, LGI_AUTO_WRONG, LGI_IF_TYPE(clear, LGI_AUTO_WRONG, LGI_AUTO_STRUCT_DEFINED))(name, type, clear)
#define LGI_AUTO_WRONG(...) _Static_assert(0, LGI_AUTO_TEXT);
#define LGI_AUTO_SCALAR(type) LGI_ONLY_SCALAR(type, LGI_AUTO_SCALAR_TEXT)
#endif
#define LGI_AUTO_DEFINED(name, type, release)                                                      \
    LGI_AUTO_SCALAR(type)                                                                          \
    LGI_OWNER_TYPE(name, type)                                                                     \
    LGI_UNUSED static inline void LGI_AUTO_OF(name)(lgi_owner_of_##name lgi_owner)                 \
    {                                                                                              \
        if (LGI_IS_RESOURCE(*LGI_OWNED_AT(lgi_owner)))                                             \
            release(*LGI_OWNED_AT(lgi_owner));                                                     \
    }
#define LGI_AUTO_STRUCT_DEFINED(name, type, clear)                                                 \
    LGI_OWNER_TYPE(name, type)                                                                     \
    LGI_UNUSED static inline void LGI_AUTO_OF(name)(lgi_owner_of_##name lgi_owner)                 \
    {                                                                                              \
        clear(LGI_OWNED_AT(lgi_owner));                                                            \
    }

/* gcc -O0 ends with an internal error (of gcc 12: in expand_builtin_eh_common) where cleanup variables are in nested blocks, if what
 * a block calls turns out, after the block was lowered, to throw nothing. A cleanup variable before each keeps gcc from it. */
#if !defined(__clang__) && !defined(__OPTIMIZE__)
LGI_UNUSED static inline void lgi_no_cleanup(void *lgi_variable)
{
    (void)lgi_variable;
}
#define LGI_BEFORE_CLEANUP(id) char LGI_CAT(lgi_before_, id) __attribute__((__cleanup__(lgi_no_cleanup)));
#define LGI_BEFORE_SCOPED lgi_before __attribute__((__cleanup__(lgi_no_cleanup))),
#else
#define LGI_BEFORE_CLEANUP(id)
#define LGI_BEFORE_SCOPED
#endif

#define LGI_CLASS_AS(id, name, variable)                                                          \
    LGI_NO_JUMP(id)                                                                                \
    LGI_BEFORE_CLEANUP(id)                                                                           \
    lgi_class_of_##name variable __attribute__((__cleanup__(LGI_AUTO_OF(name)))) = lgi_class_##name

/* All guards are of one type, so that a name which is no guard's is one error. (The compilers see through the pointer.) */
struct lgi_guard {
    void (*lgi_unlock)(void *lock); /* NULL: the guard does not hold the lock */
    void *lgi_lock;
};
static inline struct lgi_guard lgi_guard_of(bool taken, void (*unlock)(void *lock), void *lock)
{
    struct lgi_guard guard = {taken ? unlock : (void (*)(void *))0, lock};
    return guard;
}
/* (Were -1 asked for too, clang's analyzer would follow a path on which the lock has that address, and report all that reads what
 * the lock protects.) */
#define LGI_IS_LOCK(value)                                                                         \
    (LGI_CLASS(value) == LGI_POINTER ? (value) != (__typeof__(value))0                             \
                                     : (value) != (__typeof__(value))-1)
static inline void lgi_guard_leave(const struct lgi_guard *guard)
{
    if (guard->lgi_unlock)
        guard->lgi_unlock(guard->lgi_lock);
}

/* <name>_guard__write_… takes the lock of a guard. The compilers show this name if no guard has the name, and if the lock has another
 * type. (Joined with what stands before, it is one word, also where that is an address in the wrong place.) */
#define LGI_GUARD_AS(id, name, variable)                                                           \
    LGI_NO_JUMP(id)                                                                                \
    LGI_BEFORE_CLEANUP(id)                                                                         \
    struct lgi_guard variable LGI_UNUSED __attribute__((__cleanup__(lgi_guard_leave))) = (name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock)
#define LGI_GUARD(id, name)                                                                        \
    LGI_NO_JUMP(id)                                                                                \
    LGI_BEFORE_CLEANUP(id)                                                                         \
    struct lgi_guard lgi_guard_##id LGI_UNUSED __attribute__((__cleanup__(lgi_guard_leave))) = (name##_guard__write_the_name_of_a_guard_and_then_the_address_of_its_lock)
/* (For gcc: clang shows the definition of lg_guard, and each macro between.) */
#define LGI_GUARD_WRONG(id, ...) _Static_assert(0, "write lg_guard(name)(&lock), as lg_guard(lg_mutex)(&mutex)")

// clang-format on

#endif
