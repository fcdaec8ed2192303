/* What the fragments of docs/pitfalls.md use and do not declare. */
#include <stdlib.h>

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wuse-after-free"
#endif

struct total {
    long bytes;
};
struct cache {
    lg_mutex mutex;
    bool fresh;
};
lg_error *count_one(char *path, struct total *total);
void fetch_slowly(struct cache *cache);
