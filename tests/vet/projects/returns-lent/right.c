#include "names.h"

int show_name(struct entry *entry, int copy)
{
    char *name = open_name(entry);
    if (copy) {
        name = strdup(name);
        if (!name)
            return -1;
        puts(name);
        free(name);
        return 0;
    }
    puts(name);
    return 0;
}
