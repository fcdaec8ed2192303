/* What the tests of reading and writing share: two connected descriptors of each kind, and much to send from one to the
 * other. Must be included first. */
#ifndef LGI_TESTING_PAIR_H
#define LGI_TESTING_PAIR_H

#include "testing/crew.h"

struct pair {
    struct ends ends;
    int kind;
    lg_until until;
    struct lgi_done *done;
    size_t count;
    lg_error *error;
};

static inline void read_hello(void *data)
{
    struct pair *pair = data;
    char buffer[16] = "";
    errno = 77;
    must_not_fail(
        lg_read(pair->ends.from, buffer, sizeof(buffer), lg_until_forever(), &pair->count));
    must(errno == 77);
    must(pair->count == 5 && memcmp(buffer, "hello", 5) == 0);
}

/* For all kinds and places. */
#define FOR_KINDS(pair)                                                                            \
    for (struct pair pair = {.kind = 0}; pair.kind < KINDS; pair.kind++)                           \
        if ((pair.ends = make_ends(pair.kind)).from >= 0)

enum { LARGE = 1 << 20 };

static inline char pattern_at(size_t at)
{
    return (char)(at * 31 + at / 251);
}

static inline char *large(void)
{
    static char *data;
    if (!data) {
        data = malloc(LARGE);
        for (size_t i = 0; i < LARGE; i++)
            data[i] = pattern_at(i);
    }
    return data;
}

#endif
