#include "type.h"

#include "names.h"

#include <string.h>

static const char *last_word(const struct type *type)
{
    /* NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): the count is never more than the array has */
    return type->count > 0 ? type->words[type->count - 1] : "";
}

bool type_points_to(const struct type *type, const char *name)
{
    return type->stars == 1 && strcmp(last_word(type), name) == 0;
}

bool type_points_alike(const struct type *a, const struct type *b)
{
    return a && b && a->stars == 1 && b->stars == 1 && a->count > 0 && b->count > 0 &&
           !a->is_array && !b->is_array && strcmp(last_word(a), last_word(b)) == 0;
}

bool type_is_error(const struct type *type)
{
    for (int i = 0; i < type->count; i++)
        if (strstr(type->words[i], "rror"))
            return true;
    return false;
}

bool type_gives_error(const struct type *type)
{
    const char *word = last_word(type);
    return type->stars == 1 && (name_ends_with(word, "error") || name_ends_with(word, "error_t"));
}
