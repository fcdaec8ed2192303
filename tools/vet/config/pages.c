/* The pages are docs/vet/CHECK.md, made into an array by embed.awk. */
#include "pages.h"

#include <string.h>

const struct check_page *check_page_find(const char *name)
{
    for (int i = 0; i < check_page_count; i++)
        if (strcmp(check_pages[i].name, name) == 0)
            return &check_pages[i];
    return NULL;
}
