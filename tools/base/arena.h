/* Memory that is freed as a whole: for what lives as long as the graph of a file does. */
#ifndef LIFOGUARD_BASE_ARENA_H
#define LIFOGUARD_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks;
};

/* Zeroed memory, or a panic. */
void *arena_take(struct arena *arena, size_t size);

/* A copy that ends in NUL. */
char *arena_copy(struct arena *arena, const char *text, size_t length);

char *arena_format(struct arena *arena, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));
/* `otherwise` stands for a text that there is no memory to make. */
char *arena_vformat(struct arena *arena, const char *otherwise, const char *format, va_list values)
    __attribute__((__format__(__printf__, 3, 0)));

/* For lg_defer. */
void arena_free(struct arena *arena);

#endif
