#define _GNU_SOURCE
#include <lifoguard/io.h>

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "error/keep_errno.h"
#include "io/helper.h"
#include "sched/goroutine.h"

static const lg_error_kind lookup_kind = {.name = "lookup"};

int lg_resolve_code(const lg_error *error)
{
    return (int)(intptr_t)lg_error_as(error, &lookup_kind);
}

static lg_error *failure(const char *host, const char *service, int code, int errno_value)
{
    const char *name = host ? host : service ? service : "nothing";
    void *payload = (void *)(intptr_t)code;
    if (code == EAI_MEMORY)
        return lg_error_wrap_kind(&lg_error_out_of_memory, &lookup_kind, payload, "look up %s",
                                  name);
    if (code == EAI_SYSTEM)
        return lg_error_wrap_kind(lg_error_new_code(errno_value, "getaddrinfo"), &lookup_kind,
                                  payload, "look up %s", name);
    return lg_error_new_kind(&lookup_kind, payload, "look up %s: %s", name, gai_strerror(code));
}

/* ---- one lookup ---- */

struct lookup {
    struct lgi_errand errand;
    bool has_hints;
    int code, errno_value;
    struct addrinfo *result;
    struct addrinfo hints;
    const char *host, *service;
    char text[];
};

static void work(struct lgi_errand *errand)
{
    struct lookup *lookup = (struct lookup *)errand; /* its first member */
    lookup->code = getaddrinfo(lookup->host, lookup->service,
                               lookup->has_hints ? &lookup->hints : NULL, &lookup->result);
    lookup->errno_value = errno;
    if (lookup->code != 0)
        lookup->result = NULL;
}

static void drop(struct lgi_errand *errand)
{
    struct lookup *lookup = (struct lookup *)errand;
    if (lookup->result)
        freeaddrinfo(lookup->result);
    free(lookup);
}

static struct lookup *new_lookup(const char *host, const char *service,
                                 const struct addrinfo *hints)
{
    size_t host_size = host ? strlen(host) + 1 : 0,
           service_size = service ? strlen(service) + 1 : 0;
    struct lookup *lookup = malloc(sizeof(*lookup) + host_size + service_size);
    if (!lookup)
        return NULL;
    *lookup = (struct lookup){.errand = {.work = work, .drop = drop}};
    if (hints) {
        lookup->has_hints = true;
        lookup->hints = *hints;
    }
    if (host)
        lookup->host = memcpy(lookup->text, host, host_size);
    if (service)
        lookup->service = memcpy(lookup->text + host_size, service, service_size);
    return lookup;
}

/* ---- what needs no helper ---- */

static bool is_number(const char *service)
{
    return !service || service[strspn(service, "0123456789")] == '\0';
}

/* An address in numbers is looked up at once. */
static bool lookup_numeric(const char *host, const char *service, const struct addrinfo *hints,
                           struct addrinfo **result)
{
    struct addrinfo numeric = {.ai_flags = AI_V4MAPPED | AI_ADDRCONFIG}; /* as without hints */
    if (!host || !is_number(service))
        return false;
    if (hints)
        numeric = *hints;
    numeric.ai_flags |= AI_NUMERICHOST;
    if (getaddrinfo(host, service, &numeric, result) == 0)
        return true;
    *result = NULL;
    return false;
}

lg_error *lg_resolve(const char *host, const char *service, const struct addrinfo *hints,
                     lg_until until, struct addrinfo **result)
{
    LGI_KEEP_ERRNO;
    *result = NULL;
    if (lookup_numeric(host, service, hints, result))
        return NULL;
    const struct lgi_g *g = lgi_self();
    if (!lgi_on_fiber(g) && !g->start && until.lgi_deadline == LG_DURATION_MAX && !until.lgi_done) {
        int code = getaddrinfo(host, service, hints, result);
        if (code == 0)
            return NULL;
        *result = NULL;
        return failure(host, service, code, errno);
    }
    struct lookup *lookup = new_lookup(host, service, hints);
    if (!lookup)
        return failure(host, service, EAI_MEMORY, ENOMEM);
    lg_error *error = lgi_errand(&lookup->errand, "name lookup", until);
    if (error)
        return error; /* lifoguard-vet: allow leak: its thread frees what is still in use */
    if (lookup->code != 0)
        error = failure(host, service, lookup->code, lookup->errno_value);
    *result = lookup->result;
    free(lookup);
    return error;
}
