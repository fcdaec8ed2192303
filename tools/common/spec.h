/* The description of a cleanup, as the client sends it and as the state stores it. */
#ifndef LIFOGUARD_COMMON_SPEC_H
#define LIFOGUARD_COMMON_SPEC_H

#include "buffer.h"
#include "identity.h"

#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum spec_flag {
    SPEC_ON_FAILURE = 1 << 0,    /* only if the run did not succeed */
    SPEC_ON_SUCCESS = 1 << 1,    /* only if it did */
    SPEC_ALLOW_FAILURE = 1 << 2, /* may fail */
    SPEC_LATE = 1 << 3,          /* has the run's variables as they are when it runs */
    SPEC_NESTED = 1 << 4         /* stands for a nested run: waits for its end, or recovers it */
};

struct spec {
    int64_t flags;
    lg_duration timeout, grace, backoff;
    int64_t retries;
    int64_t nonce;    /* of the request: sent again, it is not registered again */
    const char *name; /* "": none */
    const char *directory;
    struct identity identity; /* of this directory */
    int64_t umask;
    const char **arguments;
    /* Sent: all of it. Stored: what differs from the run's; a name without "=" is to be unset. */
    const char **environment;
    /* Sent: assignments that are to be kept in memory only. Stored: their names. */
    const char **secrets;
};

void spec_put(struct buffer *buffer, const struct spec *spec);

/* Its texts point into `data`; its lists are freed by spec_free. False: malformed. */
bool spec_take(const char *data, size_t size, struct spec *spec);

/* For lg_defer: frees the lists. */
void spec_free(struct spec *spec);

/* The assignments that are no secrets, but for those that are named in `kept`; or the others. A list for the caller to free,
 * whose texts are those given. */
const char **spec_select(const char *const *assignments, bool secrets, const char *const *kept);

/* The command as people read it: "rm -r /tmp/x", quoted where a shell would need it. Of a long word, the beginning and "…". */
void spec_describe(struct buffer *buffer, const char *const *arguments);

#endif
