#define _GNU_SOURCE
#include "graph.h"

#include <string.h>

enum { LONGEST = 64 };

/* How many letters must be changed, added, left out or swapped with the next one. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1];
    size_t length = strlen(b);
    if (strlen(a) > LONGEST || length > LONGEST)
        return LONGEST;
    for (size_t k = 0; k <= length; k++)
        rows[0][k] = k;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (size_t k = 1; k <= length; k++) {
            size_t best = above[k - 1] + (a[i - 1] != b[k - 1]);
            if (above[k] + 1 < best)
                best = above[k] + 1;
            if (row[k - 1] + 1 < best)
                best = row[k - 1] + 1;
            if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
                rows[(i + 1) % 3][k - 2] + 1 < best)
                best = rows[(i + 1) % 3][k - 2] + 1;
            row[k] = best;
        }
    }
    return rows[strlen(a) % 3][length];
}

/* Whether both are one word with two endings, as retry and retries: all letters of `name` but the last begin `other`. */
static bool differs_in_ending(const char *name, const char *other)
{
    size_t length = strlen(name);
    return length >= 4 && strncmp(name, other, length - 1) == 0;
}

const char *nearest(const char *name, const char *const *names, size_t count)
{
    const char *found = NULL;
    size_t best = strlen(name) / 3 + 2;
    for (size_t i = 0; i < count; i++) {
        size_t far = differs_in_ending(name, names[i]) ? 1 : distance(name, names[i]);
        if (far < best && far < strlen(names[i]) && far * 2 <= strlen(name)) {
            best = far;
            found = names[i];
        }
    }
    return found;
}
