/* HOST:PORT and http://…, as `wait-for` and `ready` take them. */
#ifndef LIFOGUARD_HELPERS_ADDRESS_H
#define LIFOGUARD_HELPERS_ADDRESS_H

#include <lifoguard/error.h>

struct address {
    char *text; /* the memory of host and port */
    const char *host, *port;
    char *authority; /* "HOST[:PORT]" as it was given, for the header Host */
    char *path;      /* of a URL, with its query */
};

/* "HOST:PORT" or "[::1]:PORT". What is wrong with it is an error for the user's eyes. */
lg_error *address_of_tcp(struct address *address, const char *text)
    __attribute__((__warn_unused_result__));

/* "http://HOST[:PORT][/PATH][?QUERY]" */
lg_error *address_of_http(struct address *address, const char *url)
    __attribute__((__warn_unused_result__));

/* For lg_defer. */
void address_free(struct address *address);

#endif
