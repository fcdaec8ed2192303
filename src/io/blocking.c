/* Calls on helper threads. */
#include <lifoguard/go.h>

#include <errno.h>

#include "defer/call.h"
#include "defer/hooks.h"
#include "io/helper.h"
#include "sched/runtime.h"

struct call {
    struct lgi_job job;
    struct lgi_g *g;
    lgi_function function;
    const uintptr_t *words;
    unsigned count;
    int errno_value;
    uintptr_t result;
    struct lgi_unwinding *left; /* how it was left, if it did not return */
};

LGI_JUMPS_BEGIN

#if defined(__clang__)
/* The function's type is not known here; that its parameters are words was checked where the call stands. */
__attribute__((no_sanitize("function", "cfi")))
#endif
static uintptr_t make(lgi_function f, const uintptr_t *w, unsigned count)
{
    typedef uintptr_t word;
    f = lgi_opaque(f);
    switch (count) {
    case 0: return ((word (*)(void))f)();
    case 1: return ((word (*)(word))f)(w[0]);
    case 2: return ((word (*)(word, word))f)(w[0], w[1]);
    case 3: return ((word (*)(word, word, word))f)(w[0], w[1], w[2]);
    default: return ((word (*)(word, word, word, word))f)(w[0], w[1], w[2], w[3]);
    }
}

static void make_for(struct call *call)
{
    errno = call->errno_value;
    call->result = make(call->function, call->words, call->count);
    call->errno_value = errno;
}

LGI_JUMPS_END

static void refuse_thread_exit(struct call **call)
{
    if (*call)
        lgi_fatal(NULL, "pthread_exit in a call made by lg_blocking: call lg_goexit");
}

static void run(struct lgi_job *job)
{
    struct call *call = (struct call *)job; /* its first member */
    struct call *guard __attribute__((cleanup(refuse_thread_exit), unused)) = call;
    const uintptr_t argument = (uintptr_t)call;
    struct lgi_unwinding *left = NULL;
    if (lgi_call_catching(NULL, (lgi_function)make_for, &argument, 1, &left))
        call->left = left;
    lgi_refuse_end_in_child();
    guard = NULL;
    struct lgi_g *g = call->g;
    (void)lgi_claim(g, LGI_READY); /* nobody else may */
    lgi_unpark(g);
}

static uintptr_t low_bytes(uintptr_t value, size_t size)
{
    return size < sizeof(value) ? value & (((uintptr_t)1 << size * 8) - 1) : value;
}

uintptr_t lgi_blocking(const struct lgi_site *site, lgi_function function, const uintptr_t *words,
                       size_t size)
{
    if (!function)
        lgi_panic(site->file, site->line, "lg_blocking of a NULL function");
    struct lgi_g *g = lgi_self();
    if (!lgi_on_fiber(g))
        return low_bytes(make(function, words, site->count), size);

    struct call call = {.job.run = run,
                        .g = g,
                        .function = function,
                        .words = words,
                        .count = site->count,
                        .errno_value = errno};
    lgi_wait_begin(g, "blocking call");
    __atomic_fetch_add(&lgi_outside, 1, __ATOMIC_SEQ_CST);
    bool helped = lgi_help(&call.job);
    if (helped) {
        lgi_wait_outside(g);
        lgi_park_through(g);
    } else {
        (void)lgi_claim(g, LGI_READY);
    }
    __atomic_fetch_sub(&lgi_outside, 1, __ATOMIC_SEQ_CST);
    g->waits_for = NULL;
    if (!helped)
        return low_bytes(make(function, words, site->count), size);
    errno = call.errno_value;
    if (call.left)
        lgi_resume_leaving(call.left);
    return low_bytes(call.result, size);
}
