/* The compilers' tables of cleanups, as far as this room has to read them. */
#ifndef LGI_DEFER_LSDA_H
#define LGI_DEFER_LSDA_H

#include <stdbool.h>
#include <stdint.h>
#include <unwind.h>

/* What a frame's language-specific data area says of the call before `ip`: the landing of its cleanup, 0 for
 * none, and its action, 0 for a mere cleanup. False for a table that is not understood. */
bool lgi_lsda_find(const unsigned char *lsda, uintptr_t function, uintptr_t ip, uintptr_t *landing,
                   uintptr_t *action);

/* A function's entry in the table of frames. */
struct lgi_fde {
    const unsigned char *initial, *initial_end; /* instructions common to many functions */
    const unsigned char *code, *code_end;       /* this one's */
    uintptr_t function;                         /* where it begins */
    uintptr_t personality;                      /* 0: none */
    uintptr_t lsda;                             /* 0: none */
    uintptr_t code_factor;
    intptr_t data_factor;
    uintptr_t return_column;
    bool signal_frame;
};

/* That of the function which `ip` returns to. */
bool lgi_fde_find(uintptr_t ip, struct lgi_fde *fde);

/* Is it C's personality, libgcc's own? */
bool lgi_personality_is_c(uintptr_t personality);

/* Is the frame executing a cleanup of C code that no second unwinding may leave? clang marks the calls of
 * a cleanup that is run by an unwinding so, and ends the process with abort() there. */
bool lgi_in_terminate_scope(struct _Unwind_Context *context);

#endif
