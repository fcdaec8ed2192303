/* The records of deferred calls, which lie in the frames of the stack, newest first. */
#ifndef LGI_DEFER_RECORD_H
#define LGI_DEFER_RECORD_H

#include <stdint.h>

#include <lifoguard/defer.h>

/* Records are aligned to 8. The lowest bit of lgi_top says that an unwinding is under way, the next two how deeply
 * unwindings are nested, modulo 4. So a frame can tell an unwinding that began after the frame's entry from an older one
 * that is suspended. */
enum { LGI_TAGS = 7 };

static inline uintptr_t lgi_tags(const struct lgi_record *record)
{
    return (uintptr_t)record & LGI_TAGS;
}

static inline struct lgi_record *lgi_untag(const struct lgi_record *record)
{
    return (struct lgi_record *)((uintptr_t)record & ~(uintptr_t)LGI_TAGS);
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

#endif
