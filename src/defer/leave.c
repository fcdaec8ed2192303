/* The cleanup functions of records. All work at the end of a block is done here and not in the macros: a compiler generates the code of
 * a macro twice for each end of a block, for the normal exit and for unwinding, and compiling takes longer with each line of it. */
#include "defer/call.h"
#include "defer/jump.h"
#include "defer/step.h"

LGI_JUMPS_BEGIN

typedef uintptr_t word;
typedef const struct lgi_record *const_record;

/* Each cleanup begins with this test. If the record is not the newest, it ends in lgi_with_frame, which calls its second
 * half. */
static inline bool is_newest(const struct lgi_record *record)
{
    return __builtin_expect(lgi_top == record, 1);
}

/* NULL panics now, not when it was deferred (D9). */
static void make(lgi_function function, const struct lgi_site *site, const uintptr_t *words,
                 unsigned count)
{
    if (!function)
        lgi_null_function(site);
    lgi_make_call(function, words, count);
}

static void make_kept(const struct lgi_record *record)
{
    make(lgi_function_of(record), record->site, lgi_words(record), record->site->count);
}

static void leave_late(void *call, const struct lgi_frame_state *here)
{
    struct lgi_record *record = call;
    if (!lgi_leave_from(record, here))
        return;
    lgi_top = record->previous;
    make_kept(record);
}

/* The usual way, without a frame of its own. The function is given the record too, behind its arguments: those that are
 * kept look there, and no other notices. */
#define LEAVE(type, ...)                                                                           \
    if (__builtin_expect(lgi_top != &call->record, 0)) {                                           \
        lgi_with_frame(call, leave_late);                                                          \
        return;                                                                                    \
    }                                                                                              \
    lgi_top = call->record.previous;                                                               \
    ((__typeof__(type) *)lgi_opaque(call->record.site->function))(__VA_ARGS__);

#if defined(__clang__)
#define UNTYPED __attribute__((no_sanitize("function", "cfi")))
#else
#define UNTYPED
#endif

UNTYPED void lgi_leave_0(struct lgi_call_0 *call){LEAVE(void(const_record), &call -> record)}

UNTYPED void lgi_leave_1(struct lgi_call_1 *call){
    LEAVE(void(word, const_record), call->word[0], &call->record)}

UNTYPED void lgi_leave_2(struct lgi_call_2 *call){
    LEAVE(void(word, word, const_record), call->word[0], call->word[1], &call->record)}

UNTYPED void lgi_leave_3(struct lgi_call_3 *call){LEAVE(void(word, word, word, const_record),
                                                        call->word[0], call->word[1], call->word[2],
                                                        &call->record)}

UNTYPED void lgi_leave_4(struct lgi_call_4 *call)
{
    LEAVE(void(word, word, word, word, const_record), call->word[0], call->word[1], call->word[2],
          call->word[3], &call->record)
}

void lgi_kept_0(const struct lgi_record *record)
{
    make_kept(record);
}

void lgi_kept_1(uintptr_t a, const struct lgi_record *record)
{
    (void)a;
    make_kept(record);
}

void lgi_kept_2(uintptr_t a, uintptr_t b, const struct lgi_record *record)
{
    (void)a, (void)b;
    make_kept(record);
}

void lgi_kept_3(uintptr_t a, uintptr_t b, uintptr_t c, const struct lgi_record *record)
{
    (void)a, (void)b, (void)c;
    make_kept(record);
}

void lgi_kept_4(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, const struct lgi_record *record)
{
    (void)a, (void)b, (void)c, (void)d;
    make_kept(record);
}

static __attribute__((noinline)) void make_named(struct lgi_named *named)
{
    const struct lgi_site *site = named->deferred.site;
    lgi_top = named->record.previous;
    if (!site)
        return;
    named->deferred.site = NULL;
    make(named->deferred.function, site, named->deferred.word, site->count);
}

static void leave_named_late(void *named, const struct lgi_frame_state *here)
{
    if (lgi_leave_from(named, here))
        make_named(named);
}

void lgi_leave_named(struct lgi_named *named)
{
    if (is_newest(&named->record))
        make_named(named);
    else
        lgi_with_frame(named, leave_named_late);
}

/* Nothing is panicking, and the function is told so (P2). */
static void make_recovering(const struct lgi_record *record)
{
    const struct lgi_site *site = record->site;
    uintptr_t words[LGI_MAX_ARGS + 1] = {0};
    for (unsigned i = 0; i < site->count; i++)
        words[i + 1] = lgi_words(record)[i];
    make(lgi_function_of(record), site, words, site->count + 1U);
}

static __attribute__((noinline)) void make_special(struct lgi_record *record)
{
    const struct lgi_site *site = record->site;
    const struct lgi_frame *frame = (const struct lgi_frame *)lgi_words(record)[site->count + 1];

    lgi_top = record->previous;
    switch (site->kind) {
    case LGI_RECOVER: make_recovering(record); break;
    case LGI_CONTAINED: lgi_contain(record); break;
    default:
        if (lgi_succeeded(frame) == (site->kind == LGI_ON_SUCCESS))
            make_kept(record);
        break;
    }
}

static void leave_special_late(void *record, const struct lgi_frame_state *here)
{
    if (lgi_leave_from(record, here))
        make_special(record);
}

void lgi_leave_special(void *record)
{
    if (is_newest(record))
        make_special(record);
    else
        lgi_with_frame(record, leave_special_late);
}

LGI_JUMPS_END
