/* The records that the public macros leave at run time. Users must not use anything here: names and layouts change freely.
 *
 * Three facts shape this file (docs/rationale.md has the measurements):
 *
 * - One thread-local word, lgi_top, points to the newest pending record, and the records form a chain. During an
 *   unwinding the lowest bit of lgi_top is set. So leaving a block needs one comparison: if lgi_top points to the
 *   record of the block, the call is made at once; lgi_leave handles every other case (an unwinding, a longjmp that
 *   skipped records).
 * - A deferred block is clang's _Defer, and on gcc a nested function that a cleanup variable runs. The address of the
 *   nested function is never taken, so there is no trampoline.
 * - During an unwinding the library makes a call from its argument words. So only arguments that travel in integer
 *   registers can be passed, and the macros check this.
 */
#ifndef LIFOGUARD_IMPL_RECORD_H
#define LIFOGUARD_IMPL_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <lifoguard/base.h>
#include <lifoguard/error.h>
#include <lifoguard/impl/until.h>

LG_BEGIN_DECLS

typedef struct lg_panic_info lg_panic_info;
typedef struct lg_scope lg_scope;
typedef struct lg_cleanups lg_cleanups;
typedef struct lg_deferred lg_deferred;

/* ---- records ---------------------------------------------------------------------------- */

enum {
    LGI_CALL,       /* lg_defer */
    LGI_NAMED,      /* lg_defer_as */
    LGI_RECOVER,    /* lg_defer_recover: this and the next three stand in an lg_scope too */
    LGI_ON_ERROR,   /* lg_defer_on_error */
    LGI_ON_SUCCESS, /* lg_defer_on_success */
    LGI_CONTAINED,  /* lg_defer_contained */
    LGI_SCOPE,      /* an lg_scope */
    LGI_HEAD,       /* the head of an lg_func_recovers */
    LGI_ENTRY       /* a call in an lg_scope, or handed to a goroutine: not a record of its own */
};

enum { LGI_MAX_ARGS = 4, LGI_SCOPE_FIRST = 8 };

/* Words to save a place to land: the registers that a call preserves. */
#if defined(__aarch64__)
enum { LGI_CONTEXT = 21, LGI_CONTEXT_SP = 12 };
#elif defined(__riscv)
enum { LGI_CONTEXT = 26, LGI_CONTEXT_SP = 13 };
#else
enum { LGI_CONTEXT = 8, LGI_CONTEXT_SP = 6 };
#endif

typedef void (*lgi_function)(void);

/* What is known at compile time of a deferred call; one static object each. */
struct lgi_site {
    lgi_function function; /* of an lg_defer; if it is kept: what finds it there */
    const char *text;      /* "fclose, file": the call as written, function and arguments */
    const char *file;
    const char *caller;
    unsigned line;
    unsigned char kind;
    unsigned char count; /* of arguments */
    unsigned char
        kept; /* the function stands behind the arguments, as it is known only at run time */
};

struct lgi_record {
    struct lgi_record *previous; /* lgi_top as it was: the bit of an unwinding included */
    const struct lgi_site *site;
};

/* Behind the record of a call come words: the arguments; the function, if it is kept; the lgi_frame, if the kind of
 * the call needs it. */
#define LGI_CALL_TYPE(n)                                                                           \
    struct lgi_call_##n {                                                                          \
        struct lgi_record record;                                                                  \
        uintptr_t word[n + 2];                                                                     \
    };
LGI_CALL_TYPE(0)
LGI_CALL_TYPE(1)
LGI_CALL_TYPE(2)
LGI_CALL_TYPE(3)
LGI_CALL_TYPE(4)
#undef LGI_CALL_TYPE

struct lg_deferred {
    const struct lgi_site *site; /* NULL: nothing pending (it has run, or was dismissed) */
    lgi_function function;
    uintptr_t word[LGI_MAX_ARGS];
};

struct lgi_named {
    struct lgi_record record;
    struct lg_deferred deferred;
};

struct lgi_chunk;
struct lgi_frame;
struct lgi_head;

/* Opening one writes as little as can be: what is not needed yet has no value. */
struct lg_scope {
    struct lgi_record record; /* its site is `kept` if no lg_func is around */
    struct lgi_frame *frame;  /* of the lg_func that declares the scope, if there is one */
    struct lgi_head *head;    /* of that function, or NULL: it does not recover */
    struct lgi_chunk *chunks; /* once it has grown: all its chunks, emptied ones too; NULL: none */
    struct lgi_chunk
        *chunk; /* likewise: with the newest calls past the first; NULL: there are none */
    struct lg_deferred *next,
        *end; /* what is free in the chunk, or in `first`; NULL: nothing was ever added */
    unsigned first_used; /* of `first`, once there is a chunk above */
    unsigned
        kinds; /* a bit for each kind that it may hold, but LGI_ENTRY; LGI_SCOPE's: it has grown */
    struct lg_deferred first[LGI_SCOPE_FIRST];
    struct lg_deferred spare; /* takes the call for which there is no memory */
};

/* A scope that stands on no chain: its record has no site. All bytes zero: it holds nothing. */
struct lg_cleanups {
    struct lg_scope lgi_scope;
};

/* An lg_func's state. */
struct lgi_frame {
    lg_error **error;        /* its named result if that is an error, until it is returned */
    struct lgi_record *over; /* lgi_top at entry */
    int ok;                  /* lg_return or lg_mark_success was reached */
};

/* The pointers' types are checked elsewhere: where there is no lg_func, they point to something else, and the compiler has
 * complained of that already. */
static inline void lgi_frame_succeeded(void *frame)
{
    ((struct lgi_frame *)frame)->ok = 1;
}

static inline void lgi_set_result(void *result, lg_error *error)
{
    *(lg_error **)result = error;
}

/* With LG_DEBUG, notices that an lg_func is left by another exit than its end. */
struct lgi_exit_check {
    const struct lgi_frame *frame;
    const char *file;
    const char *function;
    unsigned line;
    int ended;
};

/* The head of a function that recovers: where a recovered panic lands. */
struct lgi_head {
    struct lgi_record record;
    void *context[LGI_CONTEXT];
    void *result; /* the named result's address: keeps it in memory, where the landing finds it */
};

/* One for each way of saving: how to land depends on it. */
extern LG_API const struct lgi_site lgi_head_site;     /* lgi_save */
extern LG_API const struct lgi_site lgi_head_site_gcc; /* __builtin_setjmp */
extern LG_API const struct lgi_site
    lgi_head_site_gcc_cet; /* the same under -fcf-protection=return */

extern LG_API __thread struct lgi_record *lgi_top __attribute__((tls_model("initial-exec")));

/* Of the usual calls gcc makes no detour through the table of a shared library. */
#if defined(__has_attribute) && !defined(__clang__)
#if __has_attribute(noplt)
#define LGI_DIRECT __attribute__((noplt))
#endif
#endif
#ifndef LGI_DIRECT
#define LGI_DIRECT
#endif

/* The cleanups of records: of an lg_defer with that many arguments, of an lg_defer_as, of the other kinds. */
LG_API LGI_DIRECT void lgi_leave_0(struct lgi_call_0 *call);
LG_API LGI_DIRECT void lgi_leave_1(struct lgi_call_1 *call);
LG_API LGI_DIRECT void lgi_leave_2(struct lgi_call_2 *call);
LG_API LGI_DIRECT void lgi_leave_3(struct lgi_call_3 *call);
LG_API LGI_DIRECT void lgi_leave_4(struct lgi_call_4 *call);
LG_API void lgi_leave_named(struct lgi_named *named);
LG_API void lgi_leave_special(void *call);

/* What lgi_leave_… calls if the function is kept: it gets the record behind its arguments. */
LG_API void lgi_kept_0(const struct lgi_record *record);
LG_API void lgi_kept_1(uintptr_t a, const struct lgi_record *record);
LG_API void lgi_kept_2(uintptr_t a, uintptr_t b, const struct lgi_record *record);
LG_API void lgi_kept_3(uintptr_t a, uintptr_t b, uintptr_t c, const struct lgi_record *record);
LG_API void lgi_kept_4(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
                       const struct lgi_record *record);

/* True if the record is being left normally, and the caller should make the call. Otherwise the
 * library has made it. */
LG_API int lgi_leave(struct lgi_record *record);
LG_API void lgi_null_function(const struct lgi_site *site) __attribute__((noreturn));
LG_API struct lg_deferred *lgi_scope_grow(struct lg_scope *scope);
LG_API struct lg_deferred *lgi_scope_add_special(struct lg_scope *scope,
                                                 const struct lgi_site *site);
LG_API void lgi_scope_full(struct lg_scope *scope) __attribute__((noreturn));
LG_API LGI_DIRECT void lgi_scope_leave(struct lg_scope *scope);
LG_API void lgi_move(struct lg_scope *from, struct lg_scope *to);
LG_API void lgi_head_unwound(struct lgi_head *head);
LG_API void lgi_abandon(struct lgi_frame *frame);
LG_API void lgi_exit_checked(const struct lgi_exit_check *check);
LG_API void lgi_contain(struct lgi_record *record);
LG_API int lgi_save(void **context) __attribute__((returns_twice));

LG_END_DECLS

/* The address of a record, as gcc does not know it: it would keep what it knows in a register from the call's registration
 * to the block's end, and save that register at the function's entry. To compute it again is one instruction. (The record as an
 * operand in memory would be the same, but for gcc's analyzer, which takes that for a read of it.) */
#if defined(__x86_64__) && !defined(__clang__)
#define LGI_ADDRESS(record_)                                                                       \
    __extension__({                                                                                \
        struct lgi_record *lgi_address;                                                            \
        __asm__("lea{q} {%a1, %0|%0, %a1}" : "=r"(lgi_address) : "p"(&(record_)));                 \
        lgi_address;                                                                               \
    })
#else
#define LGI_ADDRESS(record_) (&(record_))
#endif

LG_BEGIN_DECLS

/* Links a record into the chain. `address` is the record's. */
__attribute__((__always_inline__)) static inline void
lgi_enter(struct lgi_record *record, struct lgi_record *address, const struct lgi_site *site)
{
    record->previous = lgi_top;
    record->site = site;
    lgi_top = address;
}

/* The lowest bit of lgi_top: an unwinding is under way. The next two are the library's. */
static inline int lgi_unwinding(const struct lgi_record *top)
{
    return ((uintptr_t)top & 1) != 0;
}

LG_END_DECLS

#endif
