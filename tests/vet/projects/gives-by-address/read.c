#include "read.h"

int read_text(const char *name, char **text)
{
    char *copy = malloc(4096);
    if (!copy)
        return -1;
    if (read_into(name, copy) < 0) {
        free(copy);
        return -1;
    }
    *text = copy;
    return 0;
}

int next_text(struct source *source, char **text)
{
    free(*text);
    *text = strdup(source->name);
    return *text ? 0 : -1;
}
