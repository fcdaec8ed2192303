#include "names.h"

char *open_name(struct entry *entry)
{
    return entry->name;
}
