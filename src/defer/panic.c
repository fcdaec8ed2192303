/* Panics as objects. They come from a pool in static memory and, when that is used up, from malloc; when
 * that fails too, the oldest panic that was replaced gives its place: so panicking never needs memory (P10),
 * and what may be lost is history. */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "defer/hooks.h"
#include "defer/pending.h"
#include "defer/thread.h"
#include "error/error_internal.h"
#include "error/escape.h"
#include "error/ordering.h"

/* ---- the pools ------------------------------------------------------------------------------ */

/* 64 objects, one bit each; a set bit is taken. */
struct pool {
    _Atomic uint64_t taken;
    char *first;
    size_t size;
};

static lg_panic_info panics[64];
static struct lgi_unwinding unwindings[64];
static struct pool panic_pool = {.first = (char *)panics, .size = sizeof(panics[0])};
static struct pool unwinding_pool = {.first = (char *)unwindings, .size = sizeof(unwindings[0])};

static void *pool_take(struct pool *pool)
{
    uint64_t taken = atomic_load_explicit(&pool->taken, memory_order_relaxed);
    while (~taken != 0) {
        unsigned i = (unsigned)__builtin_ctzll(~taken);
        if (atomic_compare_exchange_weak_explicit(&pool->taken, &taken, taken | UINT64_C(1) << i,
                                                  memory_order_acquire, memory_order_relaxed)) {
            void *object = pool->first + i * pool->size;
            lgi_acquired(object);
            return object;
        }
    }
    return malloc(pool->size);
}

static void pool_give(struct pool *pool, void *object)
{
    size_t at = (size_t)((uintptr_t)object - (uintptr_t)pool->first);
    lgi_releases(object);
    if (at < 64 * pool->size)
        atomic_fetch_and_explicit(&pool->taken, ~(UINT64_C(1) << at / pool->size),
                                  memory_order_release);
    else
        free(object);
}

static void release(lg_panic_info *panic)
{
    lg_error *error;
    lg_error_free(panic->error);
    while ((error = lgi_error_unlink(&panic->abandoned)))
        lg_error_free(error);
    pool_give(&panic_pool, panic);
}

/* The last of a chain of at least two, taken off it; NULL otherwise. */
static lg_panic_info *take_oldest(lg_panic_info *panic)
{
    if (!panic || !panic->previous)
        return NULL;
    while (panic->previous->previous)
        panic = panic->previous;
    lg_panic_info *oldest = panic->previous;
    panic->previous = NULL;
    return oldest;
}

lg_panic_info *lgi_panic_new(struct lgi_unwinding *in_flight)
{
    lg_panic_info *panic = pool_take(&panic_pool);
    for (struct lgi_unwinding *u = in_flight; !panic && u; u = u->outer) {
        lg_panic_info *oldest = take_oldest(u->panic);
        if (oldest) {
            release(oldest);
            panic = pool_take(&panic_pool);
        }
    }
    if (!panic)
        lgi_fatal(in_flight, "out of memory, with more than 64 panics under way at once");
    memset(panic, 0, offsetof(lg_panic_info, frames));
    panic->message[0] = '\0';
    return panic;
}

static uint64_t parents; /* of panic_pool.taken: in a forked child, what is the parent's */

bool lgi_panics_under_way(void)
{
    return (atomic_load(&panic_pool.taken) & ~parents) != 0;
}

void lgi_panics_forked(void)
{
    parents = atomic_load(&panic_pool.taken);
}

void lgi_panic_free(lg_panic_info *panic)
{
    while (panic) {
        lg_panic_info *previous = panic->previous;
        release(panic);
        panic = previous;
    }
}

struct lgi_unwinding *lgi_unwinding_new(void)
{
    struct lgi_unwinding *u = pool_take(&unwinding_pool);
    if (!u)
        lgi_fatal(lgi_thread.unwinding,
                  "out of memory, with more than 64 panics under way at once");
    memset(u, 0, sizeof(*u));
    return u;
}

void lgi_unwinding_free(struct lgi_unwinding *unwinding)
{
    pool_give(&unwinding_pool, unwinding);
}

static bool is_set_to(const char *variable, const char *value)
{
    const char *found = getenv(variable);
    return found && strcmp(found, value) == 0;
}

unsigned lgi_settings(void)
{
    enum { KNOWN = 1 };
    static _Atomic unsigned settings;
    unsigned value = atomic_load_explicit(&settings, memory_order_relaxed);
    if (value == 0) {
        value = KNOWN | (is_set_to("LIFOGUARD_PANIC", "core") ? LGI_CORE : 0) |
                (is_set_to("LIFOGUARD_UNWIND", "platform") ? LGI_PLATFORM : 0);
        atomic_store_explicit(&settings, value, memory_order_relaxed);
    }
    return value;
}

/* ---- beginning one ------------------------------------------------------------------------------ */

LGI_JUMPS_BEGIN

/* Could a deferred call of this goroutine stop a panic? */
static bool might_be_stopped(void)
{
    if (lgi_thread.catcher)
        return true;
    struct lgi_chain chain;
    const struct lgi_record *record;
    lgi_chain_begin(&chain);
    while ((record = lgi_chain_next(&chain))) {
        unsigned kinds = 1U << record->site->kind;
        if (record->site->kind == LGI_SCOPE)
            kinds = ((const struct lg_scope *)record)->kinds;
        if (kinds & (1U << LGI_RECOVER | 1U << LGI_CONTAINED))
            return true;
    }
    return false;
}

static inline __attribute__((always_inline)) _Noreturn void begin(lg_panic_info *panic,
                                                                  void *origin)
{
    struct lgi_unwinding *u = lgi_unwinding_new();
    panic->origin = origin;
    u->panic = panic;
    if ((lgi_settings() & LGI_CORE) && !might_be_stopped())
        lgi_defer_hooks.report_and_abort(u);
    lgi_unwind(u);
}

static lg_panic_info *panic_at(const char *file, unsigned line)
{
    lg_panic_info *panic = lgi_panic_new(lgi_thread.unwinding);
    panic->file = file;
    panic->line = line;
    return panic;
}

void lgi_panic(const char *file, unsigned line, const char *format, ...)
{
    lg_panic_info *panic = panic_at(file, line);
    va_list values;
    va_start(values, format);
    if (!format)
        format = "no message"; /* as for an error */
    if (strchr(format, '%'))
        vsnprintf(panic->message, sizeof(panic->message), format, values);
    else
        strncat(panic->message, format, sizeof(panic->message) - 1);
    va_end(values);
    begin(panic, __builtin_return_address(0));
}

void lgi_panic_error(const char *file, unsigned line, lg_error *error)
{
    lg_panic_info *panic = panic_at(file, line);
    if (error) {
        panic->kind = LGI_OF_ERROR;
        panic->error = error;
        lg_error_format(error, panic->message, sizeof(panic->message));
    } else {
        strcpy(panic->message, "panic with a NULL error");
    }
    begin(panic, __builtin_return_address(0));
}

void lgi_panic_pointer(const char *file, unsigned line, void *pointer)
{
    lg_panic_info *panic = panic_at(file, line);
    panic->kind = LGI_OF_POINTER;
    panic->pointer = pointer;
    snprintf(panic->message, sizeof(panic->message), "pointer %p", pointer);
    begin(panic, __builtin_return_address(0));
}

LGI_JUMPS_END

/* ---- asking it ----------------------------------------------------------------------------------- */

bool lg_recover(lg_panic_info *panic)
{
    if (!panic)
        return false;
    panic->recovered = true;
    return true;
}

const char *lg_panic_message(const lg_panic_info *panic)
{
    return panic ? panic->message : "no panic";
}

const lg_error *lg_panic_error(const lg_panic_info *panic)
{
    return panic ? panic->error : NULL;
}

void *lg_panic_pointer(const lg_panic_info *panic)
{
    return panic ? panic->pointer : NULL;
}

lg_error *lg_panic_take_error(lg_panic_info *panic)
{
    if (!panic)
        return NULL;
    lg_error *error = panic->error;
    panic->error = NULL;
    return error ? error : lgi_error_new(panic->file, (int)panic->line, panic->message);
}

const lg_panic_info *lg_panic_previous(const lg_panic_info *panic)
{
    return panic ? panic->previous : NULL;
}

const char *lg_panic_file(const lg_panic_info *panic)
{
    if (!panic)
        return "";
    return lgi_is_own_source(panic->file) ? LGI_OWN_SOURCE : panic->file;
}

unsigned lg_panic_line(const lg_panic_info *panic)
{
    return panic && !lgi_is_own_source(panic->file) ? panic->line : 0;
}
