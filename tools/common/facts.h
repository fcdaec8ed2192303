/* The environment variables of a cleanup (R5), for cleanups of `exec`, of lines and of graphs. */
#ifndef LIFOGUARD_COMMON_FACTS_H
#define LIFOGUARD_COMMON_FACTS_H

#include <stdbool.h>
#include <stdint.h>

/* For which outcome a cleanup is meant. */
enum cleanup_when { WHEN_ALWAYS, WHEN_FAILURE, WHEN_SUCCESS };

static inline bool cleanup_is_wanted(enum cleanup_when when, bool success)
{
    return when == WHEN_ALWAYS || (when == WHEN_SUCCESS) == success;
}

struct cleanup_facts {
    const char *status; /* of the run so far: success, failure, cancelled, timeout, unknown */
    const char *cause;  /* "exit status 3", "SIGTERM", "not done within 10s" */
    int exit_code;
    int signal; /* by which the run ends; 0: none */
    const char *run;
    int64_t sequence, attempt,
        epoch; /* of the cleanup; attempt 0: it is not kept, and there are none of these */
};

/* Gives `assign` each variable. */
void cleanup_facts_tell(const struct cleanup_facts *facts,
                        void (*assign)(void *data, const char *name, const char *value),
                        void *data);

#endif
