#define _GNU_SOURCE
#include "mask.h"

#include "secrecy.h"

#include <stdlib.h>
#include <string.h>

enum { SHORTEST = 4 };

struct mask_value {
    struct mask_value *next;
    size_t length;
    char text[];
};

/* The longest first: one value may be the beginning of another. */
static void add_value(struct mask *mask, const char *text, size_t length)
{
    if (length < SHORTEST)
        return;
    struct mask_value **place = &mask->first;
    while (*place && (*place)->length > length)
        place = &(*place)->next;
    for (const struct mask_value *value = *place; value && value->length == length;
         value = value->next)
        if (memcmp(value->text, text, length) == 0)
            return;
    struct mask_value *value = need_memory(NULL, sizeof(*value) + length);
    value->length = length;
    memcpy(value->text, text, length);
    value->next = *place;
    *place = value;
}

void mask_add(struct mask *mask, const char *assignment)
{
    const char *value = strchr(assignment, '=');
    if (!value || !secrecy_covers(assignment))
        return;
    size_t length;
    const char *password = secrecy_password(++value, &length);
    if (password)
        add_value(mask, password, length);
    for (; *value; value += strspn(value, "\n")) {
        length = strcspn(value, "\n");
        add_value(mask, value, length);
        value += length;
    }
}

static const struct mask_value *value_at(const struct mask *mask, const char *text, size_t left)
{
    for (const struct mask_value *value = mask->first; value; value = value->next)
        if (value->length <= left && memcmp(value->text, text, value->length) == 0)
            return value;
    return NULL;
}

static bool has_any(const struct mask *mask, const char *text, size_t length)
{
    for (const struct mask_value *value = mask->first; value; value = value->next)
        if (memmem(text, length, value->text, value->length))
            return true;
    return false;
}

bool mask_apply(const struct mask *mask, const char *text, size_t length, struct buffer *masked)
{
    if (!has_any(mask, text, length))
        return false;
    for (size_t i = 0; i < length;) {
        const struct mask_value *value = value_at(mask, text + i, length - i);
        if (value)
            buffer_add_text(masked, "***");
        else
            buffer_add_char(masked, text[i]);
        i += value ? value->length : 1;
    }
    return true;
}

void mask_free(struct mask *mask)
{
    while (mask->first) {
        struct mask_value *value = mask->first;
        mask->first = value->next;
        explicit_bzero(value->text, value->length);
        free(value);
    }
}
