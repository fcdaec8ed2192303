/* Listing what is pending (D12). The chain lies in frames of the stack; after a longjmp it may begin with
 * records that are dead, so each is checked to lie in the stack, above this frame, with a site that lies in a
 * loaded object, before it is believed. */
#define _GNU_SOURCE
#include "defer/pending.h"

#include <lifoguard/move.h>

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "defer/scope.h"
#include "defer/thread.h"
#include "error/escape.h"

/* Of an adopted value, the first argument stands in a line of its own, behind the others. */
size_t lgi_call_text(const struct lgi_site *site, char *buffer, size_t size)
{
    const char *line = strchrnul(site->text, '\n'), *adopted = *line ? line + 1 : line;
    const char *comma = memchr(site->text, ',', (size_t)(line - site->text));
    const char *rest = comma ? comma + 1 : line;
    while (*rest == ' ')
        rest++;
    int length = snprintf(buffer, size, "%.*s(%s%s%.*s)",
                          (int)((comma ? comma : line) - site->text), site->text, adopted,
                          *adopted && rest != line ? ", " : "", (int)(line - rest), rest);
    return length < 0 ? 0 : (size_t)length;
}

static bool stack_bounds(uintptr_t *low, uintptr_t *high)
{
    pthread_attr_t attributes;
    void *address;
    size_t size;
    if (lgi_thread.bounds) {
        *low = lgi_thread.bounds->low;
        *high = lgi_thread.bounds->high;
        return true;
    }
    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return false;
    bool known = pthread_attr_getstack(&attributes, &address, &size) == 0;
    pthread_attr_destroy(&attributes);
    *low = (uintptr_t)address;
    *high = *low + size;
    return known;
}

/* (Code of makecontext runs on a stack that nobody knows.) */
__attribute__((noinline)) size_t lgi_stack_left(void)
{
    uintptr_t low, high, here = (uintptr_t)__builtin_frame_address(0);
    return stack_bounds(&low, &high) && here > low && here < high ? here - low : 0;
}

/* AddressSanitizer may keep a frame's variables elsewhere. */
extern void *__asan_get_current_fake_stack(void) __attribute__((weak));
extern void *__asan_addr_is_in_fake_stack(void *fake_stack, void *address, void **begin, void **end)
    __attribute__((weak));

static bool in_fake_stack(void *fake, uintptr_t at)
{
    return fake && __asan_addr_is_in_fake_stack &&
           __asan_addr_is_in_fake_stack(fake, (void *)at, NULL, NULL);
}

/* Where the thread's own stack ends, which does not change. */
static uintptr_t end_of_stack(void)
{
    static __thread uintptr_t end;
    uintptr_t low;
    if (lgi_thread.bounds)
        return lgi_thread.bounds->high;
    if (!end && !stack_bounds(&low, &end))
        end = UINTPTR_MAX;
    return end;
}

/* Not inlined, as link-time optimisation would: the caller's variables lie above this frame, not in it. */
__attribute__((noinline)) bool lgi_is_on_own_stack(const void *object)
{
    uintptr_t at = (uintptr_t)object;
    void *fake = __asan_get_current_fake_stack ? __asan_get_current_fake_stack() : NULL;
    return (at >= (uintptr_t)__builtin_frame_address(0) && at < end_of_stack()) ||
           in_fake_stack(fake, at);
}

static bool believable(const struct lgi_chain *chain, const struct lgi_record *record)
{
    uintptr_t at = (uintptr_t)record;
    Dl_info info;
    if (at % _Alignof(struct lgi_record) != 0)
        return false;
    if ((at < chain->low || at > chain->high - sizeof(*record)) &&
        !in_fake_stack(chain->fake_stack, at))
        return false;
    return record->site && dladdr(record->site, &info) != 0 && record->site->kind <= LGI_ENTRY &&
           record->site->text && record->site->count <= LGI_MAX_ARGS;
}

void lgi_chain_begin_at(struct lgi_chain *chain, const struct lgi_record *top, uintptr_t low,
                        uintptr_t high, void *fake_stack)
{
    *chain = (struct lgi_chain){
        .low = low, .high = high, .fake_stack = fake_stack, .next = lgi_untag(top), .limit = 1};
}

/* Not inlined, for the same reason. */
__attribute__((noinline)) void lgi_chain_begin(struct lgi_chain *chain)
{
    uintptr_t low = 0, high = UINTPTR_MAX;
    if (stack_bounds(&low, &high))
        low = (uintptr_t)__builtin_frame_address(0);
    lgi_chain_begin_at(chain, lgi_top, low, high,
                       __asan_get_current_fake_stack ? __asan_get_current_fake_stack() : NULL);
}

const struct lgi_record *lgi_chain_next(struct lgi_chain *chain)
{
    const struct lgi_record *record = chain->next;
    if (!record || record == chain->slow)
        return NULL;
    if (record != &lgi_thread.fork_mark && !believable(chain, record))
        return NULL;
    if (++chain->steps ==
        chain->limit) { /* a dead record may close a circle (Brent's way to find one) */
        chain->slow = record;
        chain->steps = 0;
        chain->limit *= 2;
    }
    chain->next = lgi_untag(record->previous);
    return record;
}

struct visitor {
    bool (*show)(struct visitor *visitor, const struct lgi_site *site, const uintptr_t *words);
    bool (*visit)(const lg_pending_call *call, void *data);
    void (*note)(const struct lgi_site *site, void *data); /* or this one */
    void *data;
    size_t count;
};

static bool show_call(struct visitor *visitor, const struct lgi_site *site, const uintptr_t *words)
{
    char text[256];
    lgi_call_text(site, text, sizeof(text));
    const lg_pending_call call = {.call = text,
                                  .file = site->file,
                                  .caller = site->caller,
                                  .line = site->line,
                                  .count = site->count,
                                  .words = words};
    visitor->count++;
    return visitor->visit(&call, visitor->data);
}

static bool show_site(struct visitor *visitor, const struct lgi_site *site, const uintptr_t *words)
{
    (void)words;
    visitor->note(site, visitor->data);
    return true;
}

static bool show(struct visitor *visitor, const struct lgi_site *site, const uintptr_t *words)
{
    return lgi_is_own_source(site->file) || visitor->show(visitor, site, words);
}

static bool show_scope(const struct lg_deferred *deferred, void *data)
{
    return show(data, deferred->site, deferred->word);
}

static bool show_record(struct visitor *visitor, const struct lgi_record *record)
{
    switch (record->site->kind) {
    case LGI_HEAD: return true;
    case LGI_SCOPE: return lgi_scope_visit((const struct lg_scope *)record, show_scope, visitor);
    case LGI_NAMED: {
        const struct lg_deferred *deferred = &((const struct lgi_named *)record)->deferred;
        return !deferred->site || show(visitor, deferred->site, deferred->word);
    }
    default: return show(visitor, record->site, lgi_words(record));
    }
}

void lgi_record_sites(const struct lgi_record *record,
                      void (*note)(const struct lgi_site *site, void *data), void *data)
{
    struct visitor visitor = {.show = show_site, .note = note, .data = data};
    show_record(&visitor, record);
}

size_t lgi_chain_visit(struct lgi_chain *chain,
                       bool (*visit)(const lg_pending_call *call, void *data), void *data)
{
    struct visitor visitor = {.show = show_call, .visit = visit, .data = data};
    const struct lgi_record *record;
    while ((record = lgi_chain_next(chain)) && show_record(&visitor, record))
        ;
    return visitor.count;
}

size_t lg_pending_visit(bool (*visit)(const lg_pending_call *call, void *data), void *data)
{
    struct lgi_chain chain;
    lgi_chain_begin(&chain);
    return lgi_chain_visit(&chain, visit, data);
}

size_t lg_cleanups_visit(const lg_cleanups *cleanups,
                         bool (*visit)(const lg_pending_call *call, void *data), void *data)
{
    struct visitor visitor = {.show = show_call, .visit = visit, .data = data};
    lgi_scope_visit(&cleanups->lgi_scope, show_scope, &visitor);
    return visitor.count;
}

size_t lg_pending_skipped_count(void)
{
    return lgi_thread.skipped;
}
