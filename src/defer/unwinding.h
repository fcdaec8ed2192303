/* The state of a goroutine's unwindings, shared by the files of this room. */
#ifndef LGI_DEFER_UNWINDING_H
#define LGI_DEFER_UNWINDING_H

#include <stdbool.h>
#include <stdint.h>
#include <unwind.h>

#include <lifoguard/defer.h>
#include <lifoguard/panic.h>

#include "defer/jump.h"

/* For the functions between these two that a jump may leave: sanitizers would have them note entering and, never
 * coming to it, leaving. (gcc's thread sanitizer is not supported.) */
#if defined(__clang__)
#define LGI_UNINSTRUMENTED __attribute__((disable_sanitizer_instrumentation))
#define LGI_JUMPS_BEGIN _Pragma("clang attribute push(LGI_UNINSTRUMENTED, apply_to = function)")
#define LGI_JUMPS_END _Pragma("clang attribute pop")
#else
#define LGI_JUMPS_BEGIN
#define LGI_JUMPS_END
#endif

enum { LGI_FRAMES = 64, LGI_RAN = 16, LGI_MESSAGE = 256 };

struct lg_panic_info {
    lg_panic_info *previous;
    enum { LGI_OF_MESSAGE, LGI_OF_ERROR, LGI_OF_POINTER } kind;
    bool recovered; /* by lg_recover, in the deferred call now running or one that then panicked */
    const char *file;
    unsigned line;
    lg_error *error;
    void *pointer;
    lg_error *abandoned; /* results that it passed over, linked */
    void *origin;        /* return address of lg_panic: frames below it are the library's */
    unsigned frame_count;
    unsigned ran_count; /* of deferred calls; the last LGI_RAN of them are kept */
    uintptr_t frames[LGI_FRAMES];
    const struct lgi_site *ran[LGI_RAN];
    char message[LGI_MESSAGE];
};

enum lgi_leaving { LGI_NOT_LEAVING, LGI_GOEXIT, LGI_EXIT };

/* A frame of the library that makes a deferred call while unwinding: an unwinding that begins in the
 * call ends here. */
struct lgi_catcher {
    void *context[LGI_CONTEXT];
    struct lgi_catcher *outer;
    uintptr_t mark; /* its own address while it is alive: a longjmp may leave a dead one */
};

/* One run of the platform's unwinder. */
struct lgi_unwinding {
    struct _Unwind_Exception exception;
    struct lgi_unwinding *outer; /* suspended: this one began in a cleanup that it is running */
    struct lgi_catcher *calling; /* the frame in which it is making a deferred call */
    struct lgi_catcher
        *catcher;             /* where this one ends at the latest; NULL: at the end of the stack */
    lg_panic_info *panic;     /* what is panicking, or NULL */
    lg_panic_info *aborted;   /* panics that a goexit replaced: part of a later panic's chain */
    enum lgi_leaving leaving; /* a goexit or exit is under way beneath the panic, if any */
    int status;               /* LGI_EXIT: of the process */
    bool recovered;           /* the panic is stopped; on its way to the head of the function */
    uintptr_t pad;            /* the end of the frame whose cleanups are being run */
    uintptr_t seen;           /* that of the last frame noted for the report */
    bool stays;               /* in cleanups until they call _Unwind_Resume: they are clang's */
    unsigned depth;           /* 1 for the outermost */
    uint64_t epoch;           /* of the tables that have been read */
    uintptr_t platform_until; /* of a frame that the platform's unwinder has to deal with */
};

/* Of a stack that is not the thread's own. */
struct lgi_stack_bounds {
    uintptr_t low, high;
};

struct lgi_thread {
    const struct lgi_stack_bounds *bounds; /* NULL: runs on the thread's own stack */
    struct lgi_unwinding *unwinding;       /* innermost */
    struct lgi_catcher *catcher;           /* innermost */
    struct lgi_record fork_mark; /* in a forked child: below it is what the parent has pending */
    size_t skipped;
};

/* What a room above has to say. */
struct lgi_defer_hooks {
    /* A goexit has reached the end of a stack that is not the thread's own, or an exit the end of any. NULL, or if
     * it returns: the thread ends, or the process. */
    void (*stack_ended)(enum lgi_leaving leaving, int status);
    /* Who panicked, for the report: as snprintf. */
    size_t (*describe)(char *buffer, size_t size);
    /* Where its stack goes on: where it was started. 0: nowhere. */
    size_t (*began)(char *buffer, size_t size);
};
extern struct lgi_defer_hooks lgi_defer_hooks;

extern __thread struct lgi_thread lgi_thread __attribute__((tls_model("initial-exec")));

/* Records are aligned to 8. The lowest bit of lgi_top says that an unwinding is under way, the next two how
 * deeply unwindings are nested, modulo 4: so a frame can tell one that began after it from one that has
 * suspended its caller. */
enum { LGI_TAGS = 7 };

static inline uintptr_t lgi_tags(const struct lgi_record *record)
{
    return (uintptr_t)record & LGI_TAGS;
}

static inline struct lgi_record *lgi_untag(const struct lgi_record *record)
{
    return (struct lgi_record *)((uintptr_t)record & ~(uintptr_t)LGI_TAGS);
}

static inline struct lgi_record *lgi_tag(const struct lgi_unwinding *u,
                                         const struct lgi_record *record)
{
    uintptr_t tags = (uintptr_t)(u->depth & 3) << 1 | 1;
    return (struct lgi_record *)((uintptr_t)lgi_untag(record) | tags);
}

/* The words behind a call's record. */
static inline const uintptr_t *lgi_words(const struct lgi_record *record)
{
    return (const uintptr_t *)(record + 1);
}

static inline lgi_function lgi_function_of(const struct lgi_record *record)
{
    const struct lgi_site *site = record->site;
    return site->kept ? (lgi_function)lgi_words(record)[site->count] : site->function;
}

/* ---- panic.c: the objects, which need no memory (P10) ---- */

/* Never NULL: when there is none left, the oldest panic that `in_flight` replaced gives up its place. */
lg_panic_info *lgi_panic_new(struct lgi_unwinding *in_flight);
void lgi_panic_free(lg_panic_info *panic); /* with the chain of previous ones */

/* Some thread is panicking. (If there are more than 64 panics at once, those count.) */
bool lgi_panics_under_way(void);
void lgi_panics_forked(void); /* in the child: none of them goes on */
struct lgi_unwinding *lgi_unwinding_new(void);
void lgi_unwinding_free(struct lgi_unwinding *unwinding);

/* What the environment says, as it was at the first panic. */
enum {
    LGI_CORE = 2,     /* LIFOGUARD_PANIC=core */
    LGI_PLATFORM = 4, /* LIFOGUARD_UNWIND=platform */
};
unsigned lgi_settings(void);

/* ---- unwind.c ---- */

/* Begins to unwind the calling thread. */
void lgi_unwind(struct lgi_unwinding *unwinding) __attribute__((noreturn));

/* ---- call.c ---- */

/* Makes a deferred call from its words. */
#if defined(__clang__)
/* The function's type is not known here; that its parameters are words was checked where it was deferred. */
__attribute__((no_sanitize("function", "cfi")))
#endif
static inline void lgi_make_call(lgi_function function, const uintptr_t *w, unsigned count)
{
    typedef uintptr_t word;
    // NOLINTBEGIN(clang-analyzer-security.ArrayBound): `w` has `count` words, behind the record
    /* Most have one, and a test is cheaper than the switch's jump. */
    if (__builtin_expect(count == 1, 1)) {
        ((void (*)(word))function)(w[0]);
        return;
    }
    switch (count) {
    case 0: ((void (*)(void))function)(); break;
    case 2: ((void (*)(word, word))function)(w[0], w[1]); break;
    case 3: ((void (*)(word, word, word))function)(w[0], w[1], w[2]); break;
    case 4: ((void (*)(word, word, word, word))function)(w[0], w[1], w[2], w[3]); break;
    default: /* five: a panic goes first */
        ((void (*)(word, word, word, word, word))function)(w[0], w[1], w[2], w[3], w[4]);
        break;
    }
    // NOLINTEND(clang-analyzer-security.ArrayBound)
}

/* Makes the call of a function that returns an error, at most four arguments. */
lg_error *lgi_make_call_reporting(lgi_function function, const uintptr_t *w, unsigned count);

/* Makes it while `unwinding` goes through the caller's frame, and lets no panic out: a new one takes the
 * place of the one in flight (P4). `panic` goes first, if the site is a recovering one. */
void lgi_call_unwinding(struct lgi_unwinding *unwinding, const struct lgi_site *site,
                        lgi_function function, const uintptr_t *word);

/* Makes it, for `unwinding` or, if that is NULL, while nothing unwinds the caller. True if it was left by an
 * unwinding, which is then returned, stopped, in *stopped. */
bool lgi_call_catching(struct lgi_unwinding *unwinding, lgi_function function,
                       const uintptr_t *word, unsigned count, struct lgi_unwinding **stopped);

/* The innermost catcher around the caller: where an unwinding that begins now ends at the latest. */
struct lgi_catcher *lgi_live_catcher(const struct lgi_thread *thread);

/* `newer` has replaced `older` (P4); `to`, one of the two, is the one that the unwinder carries on with. */
void lgi_succeed(struct lgi_unwinding *to, struct lgi_unwinding *newer,
                 struct lgi_unwinding *older);

/* Makes a contained call, for the unwinding that goes through its frame, or NULL. */
void lgi_contain_unwinding(struct lgi_unwinding *unwinding, const struct lgi_record *record);
void lgi_contain_call(struct lgi_unwinding *unwinding, struct lgi_frame *frame,
                      const struct lgi_site *site, lgi_function function, const uintptr_t *word);

/* A goexit or exit that has been stopped goes on. */
void lgi_resume_leaving(struct lgi_unwinding *stopped) __attribute__((noreturn));

/* ---- scope.c ---- */
void lgi_scope_unwound(struct lgi_unwinding *unwinding, struct lg_scope *scope);

/* The next one to run first, until `visit` returns false; then false. */
bool lgi_scope_visit(const struct lg_scope *scope,
                     bool (*visit)(const struct lg_deferred *call, void *data), void *data);

/* ---- pending.c ---- */

/* The records of the calling goroutine, newest first, as far as they can be believed: after a longjmp the chain
 * may begin with dead ones. */
struct lgi_chain {
    uintptr_t low, high;
    void *fake_stack; /* AddressSanitizer's */
    const struct lgi_record *next, *slow;
    size_t steps, limit;
};
void lgi_chain_begin(struct lgi_chain *chain);
/* The same for one that does not run. */
void lgi_chain_begin_at(struct lgi_chain *chain, const struct lgi_record *top, uintptr_t low,
                        uintptr_t high, void *fake_stack);
const struct lgi_record *lgi_chain_next(struct lgi_chain *chain); /* NULL at the end */

/* As lg_pending_visit. */
size_t lgi_chain_visit(struct lgi_chain *chain,
                       bool (*visit)(const lg_pending_call *call, void *data), void *data);

/* Writes "fclose(file)" for a site's "fclose, file"; returns as snprintf does. */
size_t lgi_call_text(const struct lgi_site *site, char *buffer, size_t size);

/* Whether an object lies in the part of the calling goroutine's or thread's stack that is in use. */
bool lgi_is_on_own_stack(const void *object);

/* ---- report.c ---- */

/* Reports a panic that nothing stopped, and ends the process with status 2 (P5). */
void lgi_report_and_exit(const struct lgi_unwinding *unwinding) __attribute__((noreturn));

/* A report has begun: the process will end with it. */
bool lgi_report_has_begun(void);

/* Reports that the library cannot go on, with what to do; ends the process with status 2. */
void lgi_fatal(const struct lgi_unwinding *unwinding, const char *why) __attribute__((noreturn));

/* LIFOGUARD_PANIC=core: reports before anything is unwound, and aborts (P12). */
void lgi_report_and_abort(const struct lgi_unwinding *unwinding) __attribute__((noreturn));

#endif
