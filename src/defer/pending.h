/* Reading the records of a goroutine: the deferred calls that are pending. */
#ifndef LGI_DEFER_PENDING_H
#define LGI_DEFER_PENDING_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/defer.h>
#include <lifoguard/panic.h>

#include "defer/record.h"

/* The records of a goroutine, newest first. After a longjmp the chain may begin with dead records, so the walk ends at the
 * first record that cannot be believed. */
struct lgi_chain {
    uintptr_t low, high;
    void *fake_stack; /* AddressSanitizer's */
    const struct lgi_record *next, *slow;
    size_t steps, limit;
};

void lgi_chain_begin(struct lgi_chain *chain);
/* The same for a goroutine that does not run. */
void lgi_chain_begin_at(struct lgi_chain *chain, const struct lgi_record *top, uintptr_t low,
                        uintptr_t high, void *fake_stack);
const struct lgi_record *lgi_chain_next(struct lgi_chain *chain); /* NULL: the end */

/* As lg_pending_visit. */
size_t lgi_chain_visit(struct lgi_chain *chain,
                       bool (*visit)(const lg_pending_call *call, void *data), void *data);

/* Calls note(site, data) for each call that the record stands for. */
void lgi_record_sites(const struct lgi_record *record,
                      void (*note)(const struct lgi_site *site, void *data), void *data);

/* Writes "fclose(file)" for a site's "fclose, file"; returns as snprintf does. */
size_t lgi_call_text(const struct lgi_site *site, char *buffer, size_t size);

/* How much is free of the stack that the caller runs on, in bytes; 0 if that is not known. */
size_t lgi_stack_left(void);

/* Whether an object lies in the part of the calling goroutine's or thread's stack that is in use. */
bool lgi_is_on_own_stack(const void *object);

#endif
