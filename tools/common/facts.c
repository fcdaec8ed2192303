#define _GNU_SOURCE
#include "facts.h"

#include <stdio.h>
#include <string.h>

/* The attempt: the same key for each; which one it is; and the epoch, for what refuses an older one (R7). */
static void tell_attempt(const struct cleanup_facts *facts,
                         void (*assign)(void *data, const char *name, const char *value),
                         void *data)
{
    char text[64];
    snprintf(text, sizeof(text), "%s/%lld", facts->run, (long long)facts->sequence);
    assign(data, "LIFOGUARD_KEY", text);
    snprintf(text, sizeof(text), "%lld", (long long)facts->attempt);
    assign(data, "LIFOGUARD_ATTEMPT", text);
    snprintf(text, sizeof(text), "%lld", (long long)facts->epoch);
    assign(data, "LIFOGUARD_FENCE", text);
}

void cleanup_facts_tell(const struct cleanup_facts *facts,
                        void (*assign)(void *data, const char *name, const char *value), void *data)
{
    char text[64];
    const char *name = facts->signal ? sigabbrev_np(facts->signal) : NULL;
    assign(data, "LIFOGUARD_STATUS", facts->status);
    snprintf(text, sizeof(text), "%d", facts->exit_code);
    assign(data, "LIFOGUARD_EXIT_CODE", text);
    assign(data, "LIFOGUARD_SIGNAL", name ? name : "");
    assign(data, "LIFOGUARD_CAUSE", facts->cause);
    if (facts->attempt)
        tell_attempt(facts, assign, data);
}
