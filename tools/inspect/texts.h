/* Texts and sites of a process, each read once: many goroutines are started at one place. */
#ifndef LIFOGUARD_INSPECT_TEXTS_H
#define LIFOGUARD_INSPECT_TEXTS_H

#include "copies.h"
#include "report.h"

struct texts *texts_new(struct target *target, const struct copy *copy);
void texts_free(struct texts *texts);

/* What these return lives as long as the texts. */

/* NULL: there is no text at that address. */
const char *texts_at(struct texts *texts, uint64_t address);

/* NULL: there is no site at that address. */
const struct site *texts_site(struct texts *texts, uint64_t address);

/* The function of a call: "serve" of "serve(connection)". NULL: the site has no call. */
const char *texts_function(struct texts *texts, const struct site *site);

#endif
