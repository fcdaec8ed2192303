#define _GNU_SOURCE
#include "assignments.h"

#include "buffer.h"

#include <lifoguard/defer.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void assignments_free(char **list)
{
    for (size_t i = 0; list && list[i]; i++)
        free(list[i]);
    free(list);
}

static size_t count_of(char **list)
{
    size_t count = 0;
    while (list && list[count])
        count++;
    return count;
}

char **assignments_copy(const char *const *from)
{
    size_t count = 0;
    while (from && from[count])
        count++;
    char **list = need_memory(NULL, (count + 1) * sizeof(*list));
    for (size_t i = 0; i < count; i++)
        list[i] = need_copy(from[i], strlen(from[i]));
    list[count] = NULL;
    return list;
}

static size_t name_length(const char *assignment)
{
    return strcspn(assignment, "=");
}

static bool same_name(const char *a, const char *b)
{
    size_t length = name_length(a);
    return length == name_length(b) && strncmp(a, b, length) == 0;
}

void assignments_set(char ***list, const char *assignment)
{
    size_t count = count_of(*list);
    size_t i = 0;
    while (i < count && !same_name((*list)[i], assignment))
        i++;
    bool unset = !strchr(assignment, '=');
    if (i < count) {
        free((*list)[i]);
        (*list)[i] = unset ? (*list)[count - 1] : need_copy(assignment, strlen(assignment));
        if (unset)
            (*list)[count - 1] = NULL;
    } else if (!unset) {
        *list = need_memory(*list, (count + 2) * sizeof(**list));
        (*list)[count] = need_copy(assignment, strlen(assignment));
        (*list)[count + 1] = NULL;
    }
}

void assignments_set_value(char ***list, const char *name, const char *value)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    buffer_format(&text, "%s=%s", name, value);
    assignments_set(list, text.text);
}

const char *assignments_find(const char *const *list, const char *name)
{
    for (; list && *list; list++)
        if (same_name(*list, name))
            return *list;
    return NULL;
}

/* What `wanted` has and `base` has not, and the names that only `base` has. The lists are mostly the same, in the same
 * order. */
static const char **difference(const char *const *base, const char *const *wanted)
{
    size_t most = 0;
    for (size_t i = 0; wanted[i]; i++)
        most++;
    for (size_t i = 0; base && base[i]; i++)
        most++;
    const char **differ = need_memory(NULL, (most + 1) * sizeof(*differ));
    size_t count = 0;
    for (size_t i = 0; wanted[i]; i++) {
        const char *found = assignments_find(base, wanted[i]);
        if (!same_name(wanted[i], "_") && (!found || strcmp(found, wanted[i]) != 0))
            differ[count++] = wanted[i];
    }
    for (size_t i = 0; base && base[i]; i++)
        if (!assignments_find(wanted, base[i]))
            differ[count++] = base[i];
    differ[count] = NULL;
    return differ;
}

char **assignments_changes(const char *const *base, const char *const *wanted)
{
    const char **differ = difference(base, wanted);
    lg_defer(free, differ);
    char **list = assignments_copy(differ);
    for (size_t i = 0; list[i]; i++)
        if (!assignments_find(wanted, list[i]))
            list[i][name_length(list[i])] = '\0';
    return list;
}

char **assignments_names(const char *const *assignments)
{
    char **list = assignments_copy(assignments);
    for (size_t i = 0; list[i]; i++)
        list[i][name_length(list[i])] = '\0';
    return list;
}
