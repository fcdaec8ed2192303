/* Panics as objects. */
#ifndef LGI_DEFER_PANIC_H
#define LGI_DEFER_PANIC_H

#include <stdbool.h>
#include <stdint.h>

#include <lifoguard/panic.h>

#include <lifoguard/defer.h>
#include <lifoguard/time.h>

enum { LGI_FRAMES = 64, LGI_RAN = 16, LGI_UNREACHED = 8, LGI_MESSAGE = 256, LGI_OVERRAN = 4 };

/* A call that overran its limit (limited.c). */
struct lgi_overrun {
    const struct lgi_site *site;
    lg_duration took, limit;
};

struct lg_panic_info {
    lg_panic_info *previous;
    enum { LGI_OF_MESSAGE, LGI_OF_ERROR, LGI_OF_POINTER } kind;
    bool recovered; /* by lg_recover, in the deferred call now running or one that then panicked */
    const char *file;
    unsigned line;
    lg_error *error;
    void *pointer;
    lg_error *abandoned; /* error results of the functions that the panic left, linked */
    void *origin;        /* return address of lg_panic: the frames further in are the library's */
    unsigned frame_count;
    unsigned ran_count; /* of deferred calls, of which the last LGI_RAN are kept */
    uintptr_t frames[LGI_FRAMES];
    const struct lgi_site *ran[LGI_RAN];
    unsigned unreached_count; /* of calls that the panic passed, of which the first are kept */
    const struct lgi_site *unreached[LGI_UNREACHED];
    unsigned
        overran_count; /* of calls that overran their limits, of which the last LGI_OVERRAN are kept */
    struct lgi_overrun overran[LGI_OVERRAN];
    char message[LGI_MESSAGE];
};

/* ---- the objects, which need no memory (P10) ---- */

struct lgi_unwinding;

/* A panic, all zero; never NULL. When no memory is left, the oldest panic that `in_flight` replaced gives up its place. */
lg_panic_info *lgi_panic_new(struct lgi_unwinding *in_flight);
void lgi_panic_free(lg_panic_info *panic); /* with the chain of previous panics */

/* Is some thread panicking? (Of more than 64 panics at once, 64 count.) */
bool lgi_panics_under_way(void);
void lgi_panics_forked(void); /* in the child: none of them goes on */

/* The settings of the environment, as they were at the first panic. */
enum {
    LGI_CORE = 2,     /* LIFOGUARD_PANIC=core */
    LGI_PLATFORM = 4, /* LIFOGUARD_UNWIND=platform */
};
unsigned lgi_settings(void);

#endif
