/* Looking up names without blocking a worker. */
#ifndef LIFOGUARD_RESOLVE_H
#define LIFOGUARD_RESOLVE_H

#include <netdb.h>

#include <lifoguard/error.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

struct addrinfo; /* netdb.h shows it only to programs that ask for POSIX */

/* As getaddrinfo(3): on success *result is a list, which the caller frees with freeaddrinfo; NULL on failure.
 *
 *     struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses;
 *     err = lg_resolve("example.org", "https", &hints, lg_within(5 * LG_SECOND), &addresses);
 *
 * The lookup is made on a helper thread (blocking.h), except for addresses in numbers. `host`, `service` and `hints` are
 * copied. If `until` comes first, the lookup is left behind: nobody waits for it, and what it finds is freed; its helper is
 * free again when it ends. On a thread of the program, without an end to the wait, the thread itself looks up.
 *
 * Errors: until's; and of the lookup, for which lg_resolve_code says which. */
LG_API lg_error *lg_resolve(const char *host, const char *service, const struct addrinfo *hints,
                            lg_until until, struct addrinfo **result)
    __attribute__((__warn_unused_result__));

/* EAI_NONAME, EAI_AGAIN …, if the error, or one in its tree, is of a lookup; else 0. */
LG_API int lg_resolve_code(const lg_error *error);

LG_END_DECLS

#endif
