/* Asking the owner of a run for something: what `defer` and its kin are made of. */
#ifndef LIFOGUARD_COMMON_REQUEST_H
#define LIFOGUARD_COMMON_REQUEST_H

#include "buffer.h"
#include "spec.h"

#include <lifoguard/error.h>
#include <stdint.h>
#include <sys/types.h>

struct answer {
    int64_t status; /* 0: done */
    int64_t value;
    char *text; /* for the caller to free */
    bool
        again; /* the request was sent before, to an owner that may have died after it had done what was asked */
};

/* The status that says: the cleanup is not pending. So it is if an owner before has done with it what was asked. */
enum { ANSWER_GONE = 4 };

/* Takes LIFOGUARD_STATE and LIFOGUARD_RUN, if this process has them not, from the environment of a process above. */
void request_adopt_run(void);

/* The directory of the run that this process belongs to, by its environment, for the caller to free; NULL: none. */
char *request_run_directory(void);

/* Sends fields (of wire.h), the first one a request's name, and waits for the answer. If the owner dies meanwhile, the
 * request is sent again to the one that takes its place. */
lg_error *request_send(const char *run_directory, const struct buffer *fields,
                       struct answer *answer) __attribute__((__warn_unused_result__));

/* The fields of requests by which a command carries its cleanups out itself (guardian/requests.c). */
void request_put_number(struct buffer *fields, const char *request, int64_t number);
void request_put_claim(struct buffer *fields, int64_t sequence, pid_t attempt);
void request_put_settle(struct buffer *fields, int64_t sequence, bool good, const char *detail);

/* "LIFOGUARD_ACQUIRE=RUN.SEQUENCE": what the command of an `acquire` has in its environment. */
#define REQUEST_ACQUIRE "LIFOGUARD_ACQUIRE"
void request_acquire_mark(struct buffer *mark, const char *run, int64_t sequence);

/* In place of the working directory, after request_fill. */
void request_set_directory(struct spec *spec, const char *directory);

/* A specification of what is to be run with the working directory, umask and environment of this process. `kept` names
 * secrets that may be stored. */
lg_error *request_fill(struct spec *spec, const char *const *arguments, const char *const *kept)
    __attribute__((__warn_unused_result__));
/* For lg_defer. */
void request_empty(struct spec *spec);

/* What spec_… has by default. */
#define CLEANUP_TIMEOUT (10 * LG_MINUTE)
#define CLEANUP_GRACE (10 * LG_SECOND)
#define CLEANUP_BACKOFF LG_SECOND

#endif
