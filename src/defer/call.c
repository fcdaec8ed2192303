/* Making deferred calls. The library makes them itself while unwinding, because a call that panics must not leave a
 * cleanup (clang puts those in a terminate scope): the second unwinding is caught here, and the first one carries
 * on in its name. */
#include <string.h>

#include "defer/call.h"
#include "defer/pending.h"
#include "defer/thread.h"
#include "error/error_internal.h"

LGI_JUMPS_BEGIN

void lgi_null_function(const struct lgi_site *site)
{
    char text[128];
    lgi_call_text(site, text, sizeof(text));
    lgi_panic(site->file, site->line, "deferred call of a NULL function: %s", text);
}

/* Unwindings that a longjmp left behind are over. */
static void forget_unwindings(struct lgi_thread *thread, const struct lgi_unwinding *until)
{
    while (thread->unwinding && thread->unwinding != until) {
        struct lgi_unwinding *dead = thread->unwinding;
        thread->unwinding = dead->outer;
        lgi_panic_free(dead->panic);
        lgi_panic_free(dead->aborted);
        lgi_unwinding_free(dead);
    }
}

#if defined(__clang__)
/* The function's own type is not known here; that it returns an error was checked where it was handed over. */
__attribute__((no_sanitize("function", "cfi")))
#endif
lg_error *lgi_make_call_reporting(lgi_function function, const uintptr_t *w, unsigned count)
{
    typedef uintptr_t word;
    function = lgi_opaque(function);
    switch (count) {
    case 0: return ((lg_error * (*)(void)) function)();
    case 1: return ((lg_error * (*)(word)) function)(w[0]);
    case 2: return ((lg_error * (*)(word, word)) function)(w[0], w[1]);
    case 3: return ((lg_error * (*)(word, word, word)) function)(w[0], w[1], w[2]);
    case 4: return ((lg_error * (*)(word, word, word, word)) function)(w[0], w[1], w[2], w[3]);
    default: /* five: a context goes first */
        return ((lg_error * (*)(word, word, word, word, word)) function)(w[0], w[1], w[2], w[3],
                                                                         w[4]);
    }
}

struct guard {
    struct lgi_catcher *catcher;  /* NULL: the call has ended in one of our ways */
    struct lgi_catcher *calling;  /* of that one, before */
    struct lgi_unwinding *making; /* the unwinding that makes the call, or NULL */
    struct lgi_unwinding *inmost; /* as it was before the call */
    struct lgi_record *top;
};

/* The call was left by an unwinding that is not ours: pthread_exit, a C++ exception. It has overtaken the one
 * that made the call; the cleanups around run normally. */
static void overtaken(struct guard *guard)
{
    struct lgi_thread *thread = &lgi_thread;
    if (!guard->catcher)
        return;
    thread->catcher = guard->catcher->outer;
    forget_unwindings(thread, guard->inmost);
    if (guard->making) {
        forget_unwindings(thread, guard->making->outer);
        lgi_top = lgi_untag(guard->top);
    }
}

__attribute__((noinline)) bool lgi_call_catching(struct lgi_unwinding *u, lgi_function function,
                                                 const uintptr_t *word, unsigned count,
                                                 struct lgi_unwinding **stopped)
{
    struct lgi_catcher catcher = {.outer = lgi_thread.catcher, .mark = (uintptr_t)&catcher};
    struct guard guard __attribute__((cleanup(overtaken))) = {.catcher = &catcher,
                                                              .calling = u ? u->calling : NULL,
                                                              .making = u,
                                                              .inmost = lgi_thread.unwinding,
                                                              .top = lgi_top};
    bool left = lgi_save(catcher.context) != 0;

    if (!left) {
        lgi_thread.catcher = &catcher;
        if (u)
            u->calling = &catcher;
        lgi_make_call(function, word, count);
    }
    if (left) {
        *stopped = lgi_thread.unwinding;
        lgi_thread.unwinding = guard.inmost;
    } else if (lgi_top != guard.top) { /* a longjmp in the call */
        lgi_thread.skipped++;
        forget_unwindings(&lgi_thread, guard.inmost);
    }
    lgi_top = guard.top;
    lgi_thread.catcher = catcher.outer;
    catcher.mark = 0;
    guard.catcher = NULL;
    if (guard.making)
        guard.making->calling = guard.calling;
    return left;
}

/* The innermost catcher around the caller. One that a longjmp left behind is dead: it lies below, or its mark was
 * written over; then only those are known in which an unwinding is making a call. (Not inlined: the caller's own catcher lies
 * above this frame, not in it.) */
__attribute__((noinline)) struct lgi_catcher *lgi_live_catcher(const struct lgi_thread *thread)
{
    struct lgi_catcher *catcher = thread->catcher;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    if (!catcher ||
        ((uintptr_t)catcher->context[LGI_CONTEXT_SP] > here && catcher->mark == (uintptr_t)catcher))
        return catcher;
    return thread->unwinding ? thread->unwinding->calling : NULL;
}

/* `newer` has replaced `older` (P4); `to`, one of the two, is the one that the unwinder carries on with. A
 * panic joins the chain of the one that replaced it; a goexit leaves it aborted, until the next panic. */
void lgi_succeed(struct lgi_unwinding *to, struct lgi_unwinding *newer, struct lgi_unwinding *older)
{
    if (older->recovered) { /* that panic was over and done with when the new one began */
        lgi_panic_free(older->panic);
        older->panic = NULL;
    }
    lg_panic_info *before = older->panic ? older->panic : older->aborted;
    lg_panic_info *panic = newer->panic, *aborted = newer->aborted;
    lg_panic_info **end = panic ? &panic : &aborted;
    while (*end)
        end = &(*end)->previous;
    *end = before;

    to->panic = panic;
    to->aborted = aborted;
    to->recovered = false;
    if (newer->leaving != LGI_NOT_LEAVING) {
        to->leaving = newer->leaving;
        to->status = newer->status;
    } else {
        to->leaving = older->leaving;
        to->status = older->status;
    }
    to->seen = 0;
    lgi_unwinding_free(to == newer ? older : newer);
}

static void replace(struct lgi_unwinding *u, struct lgi_unwinding *newer)
{
    lgi_succeed(u, newer, u);
}

void lgi_call_unwinding(struct lgi_unwinding *u, const struct lgi_site *site, lgi_function function,
                        const uintptr_t *word)
{
    lg_panic_info *panic = u->panic && !u->recovered ? u->panic : NULL;
    struct lgi_unwinding *newer;

    if (panic)
        panic->ran[panic->ran_count++ % LGI_RAN] = site;
    if (!function) {
        const uintptr_t argument = (uintptr_t)site;
        lgi_call_catching(u, (lgi_function)lgi_null_function, &argument, 1, &newer);
        replace(u, newer);
        return;
    }
    if (site->kind == LGI_RECOVER) {
        uintptr_t words[LGI_MAX_ARGS + 1] = {(uintptr_t)panic};
        memcpy(words + 1, word, site->count * sizeof(*word));
        if (lgi_call_catching(u, function, words, site->count + 1U, &newer)) {
            replace(u, newer);
            return;
        }
        if (panic && panic->recovered)
            u->recovered = true;
        return;
    }
    if (lgi_call_catching(u, function, word, site->count, &newer))
        replace(u, newer);
}

/* ---- contained calls ------------------------------------------------------------------------ */

static void join_panic(lg_error **result, lg_panic_info *panic)
{
    lg_error *error = lg_panic_take_error(panic);
    *result = lg_error_join(*result, error);
}

/* In `u`, the unwinding that goes through the frame, or NULL. */
void lgi_contain_call(struct lgi_unwinding *u, struct lgi_frame *frame, const struct lgi_site *site,
                      lgi_function function, const uintptr_t *word)
{
    const uintptr_t null_site = (uintptr_t)site;
    struct lgi_unwinding *stopped;

    bool left = function ? lgi_call_catching(u, function, word, site->count, &stopped)
                         : lgi_call_catching(u, (lgi_function)lgi_null_function, &null_site, 1,
                                             &stopped);
    if (!left)
        return;
    if (stopped->panic && frame->error) {
        join_panic(frame->error, stopped->panic);
        lgi_panic_free(stopped->panic);
        stopped->panic = NULL;
    }
    if (!stopped->panic && stopped->leaving == LGI_NOT_LEAVING) {
        lgi_unwinding_free(stopped);
        return;
    }
    if (u)
        replace(u, stopped);
    else
        lgi_resume_leaving(stopped);
}

void lgi_contain_unwinding(struct lgi_unwinding *u, const struct lgi_record *record)
{
    const uintptr_t *word = lgi_words(record);
    struct lgi_frame *frame = (struct lgi_frame *)word[record->site->count + 1];
    lgi_contain_call(u, frame, record->site, lgi_function_of(record), word);
}

void lgi_contain(struct lgi_record *record)
{
    lgi_contain_unwinding(NULL, record);
}

LGI_JUMPS_END
