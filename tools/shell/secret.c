#define _GNU_SOURCE
#include "secret.h"

#include "buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mark {
    struct mark *next;
    char name[];
};

struct secret_value {
    struct secret_value *next;
    char name[40];
    char value[];
};

static struct mark *marks;

void secret_mark(const char *name, size_t length)
{
    struct mark *mark = need_memory(NULL, sizeof(*mark) + length + 1);
    memcpy(mark->name, name, length);
    mark->name[length] = '\0';
    mark->next = marks;
    marks = mark;
}

void secret_forget(void)
{
    while (marks) {
        struct mark *next = marks->next;
        free(marks);
        marks = next;
    }
}

static bool holds(const char *name, size_t length, const char *word)
{
    size_t size = strlen(word);
    for (size_t i = 0; i + size <= length; i++)
        if (strncasecmp(name + i, word, size) == 0)
            return true;
    return false;
}

bool secret_is(const char *name, size_t length)
{
    static const char *const telling[] = {"TOKEN", "SECRET", "PASSWORD", "KEY"};
    for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++)
        if (holds(name, length, telling[i]))
            return true;
    for (const struct mark *mark = marks; mark; mark = mark->next)
        if (strlen(mark->name) == length && strncmp(mark->name, name, length) == 0)
            return true;
    return false;
}

bool secret_is_written(const char *line, size_t name)
{
    if (name == 0 || !secret_is(line, name))
        return false;
    const char *value = line + name;
    value += *value == '+';
    if (*value++ != '=')
        return false;
    value += *value == '"';
    return *value != '$' && *value != '`' && *value != '\0';
}

const char *secret_keep(struct secret_values *values, const char *value)
{
    static unsigned long count;
    size_t size = strlen(value) + 1;
    struct secret_value *kept = need_memory(NULL, sizeof(*kept) + size);
    snprintf(kept->name, sizeof(kept->name), "LIFOGUARD_SECRET_%lu", ++count);
    memcpy(kept->value, value, size);
    kept->next = values->first;
    values->first = kept;
    return kept->name;
}

void secret_values_set(const struct secret_values *values)
{
    /* Without memory for it the command sees that the variable is not set, and fails. */
    for (const struct secret_value *kept = values->first; kept; kept = kept->next)
        setenv(kept->name, kept->value, 1);
}

void secret_values_unset(const struct secret_values *values)
{
    for (const struct secret_value *kept = values->first; kept; kept = kept->next)
        unsetenv(kept->name);
}

void secret_values_free(struct secret_values *values)
{
    while (values->first) {
        struct secret_value *kept = values->first;
        values->first = kept->next;
        explicit_bzero(kept->value, strlen(kept->value));
        free(kept);
    }
}
