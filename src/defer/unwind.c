/* Unwinding: from lg_panic, lg_goexit and lg_exit through the frames' cleanups to a head that recovers,
 * a catcher, or the end of the stack.
 *
 * The unwinder is the platform's, in its forced form. It runs each frame's cleanups; those that are
 * records of ours come to lgi_leave. There the library makes the deferred call itself, because a call
 * that panics must not leave a cleanup (clang puts those in a terminate scope): the second unwinding
 * is caught in lgi_call_unwinding, and the first one carries on in its name. */
#define _GNU_SOURCE
#include <string.h>

#include "defer/before_main.h"
#include "defer/call.h"
#include "defer/exit.h"
#include "defer/fork.h"
#include "defer/hooks.h"
#include "defer/layout.h"
#include "defer/lsda.h"
#include "defer/pending.h"
#include "defer/scope.h"
#include "defer/step.h"
#include "defer/thread.h"
#include "error/error_internal.h"

__thread struct lgi_record *lgi_top;
__thread struct lgi_thread lgi_thread;
LGI_LAYOUT_NOTE(LGI_LAYOUT_DEFER, lgi_defer_layout);

/* Told apart by address; the lines keep them from being merged. */
const struct lgi_site lgi_head_site = {.text = "", .line = 1, .kind = LGI_HEAD};
const struct lgi_site lgi_head_site_gcc = {.text = "", .line = 2, .kind = LGI_HEAD};
const struct lgi_site lgi_head_site_gcc_cet = {.text = "", .line = 3, .kind = LGI_HEAD};

/* Tells AddressSanitizer, if the program is built with it, that frames end without returning. */
extern void __asan_handle_no_return(void) __attribute__((weak));

static void leave_frames(void)
{
    if (__asan_handle_no_return)
        __asan_handle_no_return();
}

LGI_JUMPS_BEGIN

static void step_out_of_cleanup(struct lgi_unwinding *u, const struct lgi_record *record,
                                const struct lgi_frame_state *here);

/* A recovery is complete: the function returns its named result. */
static _Noreturn void land(struct lgi_unwinding *u, struct lgi_head *head)
{
    lgi_thread.unwinding = u->outer;
    lgi_unwinding_free(u);
    lgi_top = &head->record; /* the landing leaves the function by its normal way */
    leave_frames();
    if (head->record.site ==
        &lgi_head_site_gcc_cet) { /* the shadow stack's pointer comes third there */
        head->context[2] = head->context[3];
        lgi_jump_gcc(head->context);
    }
    if (head->record.site == &lgi_head_site_gcc)
        lgi_jump_gcc(head->context);
    lgi_jump(head->context);
}

/* ---- leaving a record -------------------------------------------------------------------------- */

/* The record is not the newest, and nothing is unwinding it: a longjmp went past those above it. Or this is a
 * forked child that leaves what was pending at the fork: the mark of that moves outward. */
static void leave_past_others(struct lgi_thread *thread, struct lgi_record *record)
{
    struct lgi_record *mark = &thread->fork_mark;
    if (lgi_top != mark || lgi_untag(mark->previous) != record) {
        thread->skipped++;
    } else if (record->previous) {
        mark->previous = record->previous;
        record->previous = mark;
    }
}

static void run_unwound(struct lgi_unwinding *u, struct lgi_record *record)
{
    switch (record->site->kind) {
    case LGI_SCOPE:
        lgi_top = lgi_tag(u, record); /* while it is run, the rest of it is pending */
        lgi_scope_unwound(u, (struct lg_scope *)record);
        lgi_top = lgi_tag(u, record->previous);
        break;
    case LGI_NAMED: {
        struct lg_deferred *deferred = &((struct lgi_named *)record)->deferred;
        if (deferred->site) {
            deferred->site = NULL;
            lgi_call_unwinding(u, record->site, deferred->function, deferred->word);
        }
        break;
    }
    case LGI_ON_SUCCESS: break;
    case LGI_CONTAINED: lgi_contain_unwinding(u, record); break;
    default: lgi_call_unwinding(u, record->site, lgi_function_of(record), lgi_words(record)); break;
    }
}

/* What a record's cleanup does when it is not simply the newest one. */
int lgi_leave_from(struct lgi_record *record, const struct lgi_frame_state *here)
{
    struct lgi_thread *thread = &lgi_thread;
    struct lgi_unwinding *u = thread->unwinding;

    if (!lgi_unwinding(lgi_top) || !u) {
        leave_past_others(thread, record);
        return true;
    }
    if (lgi_untag(lgi_top) != record)
        thread->skipped++;
    lgi_top = lgi_tag(u, record->previous);
    run_unwound(u, record);
    step_out_of_cleanup(u, record, here);
    return false;
}

int lgi_leave(struct lgi_record *record)
{
    return lgi_leave_from(record, NULL);
}

/* A function that recovers is left by something else than its normal way. */
void lgi_head_unwound(struct lgi_head *head)
{
    struct lgi_thread *thread = &lgi_thread;
    struct lgi_unwinding *u = thread->unwinding;

    if (!lgi_unwinding(lgi_top) || !u) {
        leave_past_others(thread, &head->record);
        lgi_top = head->record.previous;
        return;
    }
    if (lgi_untag(lgi_top) != &head->record)
        thread->skipped++;
    lgi_top = lgi_tag(u, head->record.previous);
    if (u->recovered) {
        lgi_panic_free(u->panic);
        u->panic = NULL;
        u->recovered = false;
        if (u->leaving == LGI_NOT_LEAVING)
            land(u, head);
        /* else the goexit beneath goes on (P6) */
    }
    step_out_of_cleanup(u, &head->record, NULL);
}

void lgi_abandon(struct lgi_frame *frame)
{
    struct lgi_unwinding *u = lgi_thread.unwinding;

    /* A plain return of the result comes here too. The frame is being unwound exactly if an unwinding is under
     * way that was not at entry. */
    if (!u || !lgi_unwinding(lgi_top) || lgi_tags(lgi_top) == lgi_tags(frame->over) ||
        !*frame->error)
        return;
    if (!u->panic || !lgi_error_link(&u->panic->abandoned, *frame->error))
        lg_error_free(*frame->error);
    *frame->error = NULL;
}

/* ---- the unwinder ------------------------------------------------------------------------------- */

/* What `u` carried was stopped in a cleanup that `older` is running: `older` goes on, in the name of `u`. */
static void give_way(struct lgi_unwinding *u, struct lgi_unwinding *older)
{
    lgi_panic_free(u->panic);
    lgi_panic_free(u->aborted);
    u->panic = older->panic;
    u->aborted = older->aborted;
    u->leaving = older->leaving;
    u->status = older->status;
    u->recovered = older->recovered;
    u->seen = 0;
    lgi_unwinding_free(older);
}

/* The unwinding leaves a cleanup that an older one is running, and so takes that one's place. */
static void pass_suspended(struct lgi_unwinding *u)
{
    struct lgi_unwinding *older = u->outer;

    u->outer = older->outer;
    /* Frames tell by the depth, modulo 4, what began after them: it must not run away from the one outside. A
     * step of two keeps it apart from both. */
    if (u->outer && u->depth - u->outer->depth >= 3) {
        u->depth -= 2;
        lgi_top = lgi_tag(u, lgi_top);
    }
    if (u->recovered && u->leaving == LGI_NOT_LEAVING)
        give_way(u, older);
    else
        lgi_succeed(u, u, older);
}

static _Noreturn void end_of_stack(struct lgi_unwinding *u)
{
    if (u->panic)
        lgi_defer_hooks.report_and_exit(u);
    enum lgi_leaving leaving = u->leaving;
    int status = u->status;
    lgi_thread.unwinding = NULL;
    lgi_panic_free(u->aborted);
    lgi_unwinding_free(u);
    lgi_top = NULL;
    if (leaving == LGI_EXIT)
        lgi_exit_unwound();
    else
        lgi_exit_goes_on();
    if (lgi_defer_hooks.stack_ended)
        lgi_defer_hooks.stack_ended(leaving, status);
    if (leaving == LGI_EXIT)
        lgi_exit_now(status);
    lgi_end_thread();
}

/* Everything that concerns a frame which is about to be unwound; it may be called for a frame again. `end` is
 * where the frame ends, or, where that is not known, just above its stack pointer. */
static void pass(struct lgi_unwinding *u, uintptr_t ip, uintptr_t sp, uintptr_t end, bool terminate)
{
    if (u->catcher && sp >= (uintptr_t)u->catcher->context[LGI_CONTEXT_SP]) {
        leave_frames();
        lgi_jump(u->catcher->context);
    }
    if (terminate) /* clang ends the process there with abort(); say why */
        lgi_fatal(u,
                  "a panic left a deferred block or another cleanup that was run by an earlier "
                  "unwinding: put what may panic into lg_defer(function, ...), or recover in it");
    if (end > u->seen) { /* not the frame that has just run its cleanups */
        lg_panic_info *panic = u->panic;
        if (panic && ip && !u->recovered && panic->frame_count < LGI_FRAMES)
            panic->frames[panic->frame_count++] = ip;
        u->seen = end;
    }
    u->pad = end;
    if (u->outer && u->outer->catcher == u->catcher && end >= u->outer->pad)
        pass_suspended(u);
}

#if LGI_STEPS
/* A frame, what the tables say of it, and its caller, in turn: states[at] and states[1 - at]. */
struct place {
    struct lgi_frame_state states[2];
    struct lgi_frame_info info;
    unsigned at;
};

static inline bool find(struct lgi_unwinding *u, struct place *place)
{
    return lgi_frame_find(&u->epoch, &place->states[place->at], &place->info,
                          &place->states[1 - place->at]);
}

static inline uintptr_t end_of(const struct place *place)
{
    return (uintptr_t)place->states[1 - place->at].register_[LGI_AT_SP];
}

static void note_unreached(const struct lgi_site *site, void *data)
{
    lg_panic_info *panic = data;
    if (panic->unreached_count < LGI_UNREACHED)
        panic->unreached[panic->unreached_count] = site;
    panic->unreached_count++;
}

/* Before a landing in the frame at `sp`, which writes over all that lies below. A record there is of a frame that was passed,
 * though its call was pending: the compiler believed that nothing is thrown there. */
static void lose_unreached(struct lgi_unwinding *u, uintptr_t sp)
{
    const uintptr_t low = (uintptr_t)__builtin_frame_address(0);
    const struct lgi_record *record = lgi_untag(lgi_top);
    struct lgi_chain chain;
    if (__builtin_expect((uintptr_t)record >= sp || (uintptr_t)record < low, 1))
        return;
    lgi_chain_begin_at(&chain, lgi_top, low, sp, NULL);
    while ((record = lgi_chain_next(&chain)) && record != &lgi_thread.fork_mark) {
        if (u->panic)
            lgi_record_sites(record, note_unreached, u->panic);
        else
            lgi_thread.skipped++;
        lgi_top = lgi_tag(u, record->previous);
    }
}

/* From frame to frame until there is a cleanup to land in; the first has been found. Returns if there is a frame that
 * only the platform's unwinder understands. */
static void step(struct lgi_unwinding *u, struct place *place)
{
    do {
        struct lgi_frame_state *state = &place->states[place->at];
        uintptr_t sp = (uintptr_t)state->register_[LGI_AT_SP];
        pass(u, (uintptr_t)state->register_[LGI_AT_IP], sp, end_of(place),
             lgi_terminates(&place->info));
        if (place->info.landing != 0) {
            lose_unreached(u, sp);
            state->register_[LGI_AT_SP] = (void *)(sp + lgi_argument_size(&place->info));
            state->register_[LGI_AT_IP] = (void *)place->info.landing;
            lgi_land(state, &u->exception);
        }
        place->at = 1 - place->at;
    } while (find(u, place));
    u->platform_until = (uintptr_t)place->states[place->at].register_[LGI_AT_SP];
}

static void find_and_step(struct lgi_unwinding *u, struct place *place)
{
    if (find(u, place))
        step(u, place);
    else
        u->platform_until = (uintptr_t)place->states[place->at].register_[LGI_AT_SP];
}

static void step_from_here(struct lgi_unwinding *u, const struct lgi_frame_state *here)
{
    struct place place;
    if ((lgi_settings() & LGI_PLATFORM))
        return;
    u->epoch.value = 0;
    place.at = 0;
    lgi_copy_words(&place.states[0], here, sizeof(*here));
    find_and_step(u, &place);
}

static void step_from(struct lgi_unwinding *u, struct _Unwind_Context *context, uintptr_t sp)
{
    struct place place;
    if (sp <= u->platform_until || (lgi_settings() & LGI_PLATFORM))
        return;
    place.at = 0;
    lgi_frame_of(context, &place.states[0]);
    find_and_step(u, &place);
}

/* `place` is the frame whose cleanup `u` has run. Returns if the cleanup has to go on by itself. */
static void go_on(struct lgi_unwinding *u, struct place *place)
{
    uintptr_t *ip = (uintptr_t *)&place->states[place->at].register_[LGI_AT_IP];
    if (lgi_terminates(&place->info)) {
        uintptr_t distance = lgi_resumes(&place->info);
        if (distance == 0) {
            u->left = *ip;
            return;
        }
        *ip += distance;
        place->info = (struct lgi_frame_info){0};
    }
    step(u, place);
}

/* A cleanup of ours that `u` has run is done. Instead of returning to it, so that it goes to the frame's next
 * cleanup or calls _Unwind_Resume, go on as if it had thrown: what covers its call is that next cleanup. gcc's
 * tables say so; clang's say that nothing may be thrown there. Then this returns, unless it is known that the cleanup
 * would only call _Unwind_Resume: then go on as if it had. */
static void step_out(struct lgi_unwinding *u, const struct lgi_record *record, struct place *place)
{
    enum { OWN_FRAMES = 5 };

    /* Through the library's own frames, which have nothing more to clean up, to the one that holds the record. */
    for (int own = 0; own <= OWN_FRAMES; own++) {
        if (!find(u, place))
            return;
        if (end_of(place) > (uintptr_t)record) {
            go_on(u, place);
            return;
        }
        if (place->info.landing != 0) /* an instrumented program may have something there */
            return;
        place->at = 1 - place->at;
    }
}

static void step_out_of_cleanup(struct lgi_unwinding *u, const struct lgi_record *record,
                                const struct lgi_frame_state *here)
{
    struct place place;
    u->left = 0;
    /* Not under AddressSanitizer: it keeps records elsewhere, and the pad has frames to clear. */
    if (__asan_handle_no_return || (lgi_settings() & LGI_PLATFORM))
        return;
    place.at = 0;
    if (here)
        lgi_copy_words(&place.states[0], here, sizeof(*here));
    if (here || lgi_save(place.states[0].register_) == 0)
        step_out(u, record, &place);
}

/* The first frame after a cleanup that went on by itself is that cleanup's, if this is its call of _Unwind_Resume. */
static void note_resume(struct lgi_unwinding *u, uintptr_t ip)
{
    if (u->left != 0)
        lgi_learn_resume(&u->epoch, u->left, ip);
    u->left = 0;
}
#else
static void step_from_here(struct lgi_unwinding *u, const struct lgi_frame_state *here)
{
    (void)u;
    (void)here;
}

static void step_from(struct lgi_unwinding *u, struct _Unwind_Context *context, uintptr_t sp)
{
    (void)u;
    (void)context;
    (void)sp;
}

static void step_out_of_cleanup(struct lgi_unwinding *u, const struct lgi_record *record,
                                const struct lgi_frame_state *here)
{
    (void)u;
    (void)record;
    (void)here;
}

static void note_resume(struct lgi_unwinding *u, uintptr_t ip)
{
    (void)u;
    (void)ip;
}
#endif

/* The platform's unwinder calls it for every frame; also, when a cleanup has run and calls _Unwind_Resume, for
 * that frame. */
static _Unwind_Reason_Code stop(int version, _Unwind_Action actions,
                                _Unwind_Exception_Class exception_class,
                                struct _Unwind_Exception *exception,
                                struct _Unwind_Context *context, void *data)
{
    struct lgi_unwinding *u = data;
    uintptr_t sp = _Unwind_GetCFA(context);
    (void)version;
    (void)exception_class;
    (void)exception;

    if (actions & _UA_END_OF_STACK) {
        pass(u, _Unwind_GetIP(context), sp, sp + 1, false);
        end_of_stack(u);
    }
    note_resume(u, _Unwind_GetIP(context));
    step_from(u, context, sp);
    pass(u, _Unwind_GetIP(context), sp, sp + 1, lgi_in_terminate_scope(context));
    return _URC_NO_REASON;
}

/* C++ code took the unwinding for an exception and ended it (P11). */
static void swallowed(_Unwind_Reason_Code reason, struct _Unwind_Exception *exception)
{
    struct lgi_unwinding *u = (struct lgi_unwinding *)exception; /* its first member */
    (void)reason;
    lgi_fatal(u, u->panic ? "a C++ catch (...) swallowed a panic: it must rethrow"
                          : "a C++ catch (...) swallowed a goexit: it must rethrow");
}

void lgi_unwind_from(void *unwinding, const struct lgi_frame_state *here)
{
    struct lgi_unwinding *u = unwinding;
    struct lgi_thread *thread = &lgi_thread;

    lgi_fork_refuse(u);
    u->outer = thread->unwinding;
    u->catcher = thread->catcher = lgi_live_catcher(thread);
    thread->unwinding = u;
    u->depth = u->outer ? u->outer->depth + 1 : 1;
    lgi_top = lgi_tag(u, lgi_top);
    /* "LIFOGRD\0": a class of its own, so that C++ sees a foreign exception. */
    memcpy(&u->exception.exception_class, "LIFOGRD", 8);
    u->exception.exception_cleanup = swallowed;
    /* As _Unwind_ForcedUnwind sets them: _Unwind_Resume takes up the unwinding from here. */
    u->exception.private_1 = (uintptr_t)stop;
    u->exception.private_2 = (uintptr_t)u;
    step_from_here(u, here);
    _Unwind_ForcedUnwind(&u->exception, stop, u);
    lgi_fatal(u, "the stack cannot be unwound");
}

void lgi_resume_leaving(struct lgi_unwinding *stopped)
{
    stopped->pad = stopped->seen = stopped->platform_until = 0;
    memset(&stopped->exception, 0, sizeof(stopped->exception));
    lgi_unwind(stopped);
}

LGI_JUMPS_END
