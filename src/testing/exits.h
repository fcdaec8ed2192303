/* What the tests of exits from blocks share. */
#ifndef LGI_TESTING_EXITS_H
#define LGI_TESTING_EXITS_H

#include "testing/test.h"

enum leaving { FALL_THROUGH, RETURN, BREAK, CONTINUE, GOTO, PANIC, GOEXIT, LEAVINGS };

/* A function that registers something in a loop of two passes, and leaves the body in any way. */
#define LOOP(returning, ...)                                                                       \
    for (int pass = 0; pass < 2; pass++) {                                                         \
        __VA_ARGS__                                                                                \
        if (how == RETURN)                                                                         \
            returning;                                                                             \
        if (how == BREAK)                                                                          \
            break;                                                                                 \
        if (how == CONTINUE)                                                                       \
            continue;                                                                              \
        if (how == GOTO)                                                                           \
            goto out;                                                                              \
        if (how == PANIC)                                                                          \
            lg_panic("out");                                                                       \
        if (how == GOEXIT)                                                                         \
            lg_goexit();                                                                           \
        note("body");                                                                              \
    }                                                                                              \
    note("after");                                                                                 \
    returning;                                                                                     \
    out:                                                                                           \
    note("out");

#define FORM(name, ...)                                                                            \
    __attribute__((unused)) static void leave_##name(enum leaving how)                             \
    {                                                                                              \
        LOOP(return, __VA_ARGS__)                                                                  \
    }

#define FORM_IN_FUNC(name, ...)                                                                    \
    static lg_error *func_##name(enum leaving how)                                                 \
    {                                                                                              \
        lg_func (lg_error *, err) {                                                                \
            LOOP(lg_return(NULL), __VA_ARGS__)                                                     \
            lg_return(NULL);                                                                       \
        }                                                                                          \
    }                                                                                              \
    __attribute__((unused)) static void leave_##name(enum leaving how)                             \
    {                                                                                              \
        ck_assert_ptr_null(func_##name(how));                                                      \
    }

FORM(call, lg_defer(note, "x");)
FORM(as, lg_defer_as(x, note, "x");)
FORM(scope, lg_scope(s); lg_defer_in(&s, note, "x");)

FORM_IN_FUNC(call_in_func, lg_defer(note, "x");)
FORM_IN_FUNC(contained, lg_defer_contained(note, "x");)

struct drive {
    void (*leave)(enum leaving);
    enum leaving how;
};

__attribute__((unused)) static void drive(void *data)
{
    const struct drive *drive = data;
    lg_func_recovers_void {
        lg_defer_recover(stop);
        drive->leave(drive->how);
    }
}

#endif
