#define _GNU_SOURCE
#include "problem.h"

#include "buffer.h"

#include <lifoguard/defer.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 100 };

static int compare(const struct problem *a, const struct problem *b)
{
    const unsigned left[] = {a->at.order, a->at.line, a->at.column};
    const unsigned right[] = {b->at.order, b->at.line, b->at.column};
    for (int i = 0; i < 3; i++)
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    return strcmp(a->text, b->text);
}

void problem_add(struct problems *problems, struct place_in_file at, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    struct problem *problem = arena_take(problems->arena, sizeof(*problem));
    problem->at = at;
    problem->text = arena_vformat(problems->arena, "out of memory", format, values);
    va_end(values);
    struct problem **place = &problems->first;
    while (*place && compare(*place, problem) < 0)
        place = &(*place)->next;
    if (*place && compare(*place, problem) == 0)
        return;
    problem->next = *place;
    *place = problem;
    problems->count++;
}

void problems_print(const struct problems *problems, FILE *file)
{
    size_t shown = 0;
    for (const struct problem *problem = problems->first; problem && shown < SHOWN;
         problem = problem->next, shown++) {
        struct buffer line = {0};
        buffer_add_visible(&line, problem->at.file);
        if (problem->at.line)
            buffer_format(&line, ":%u:%u", problem->at.line, problem->at.column);
        buffer_add_text(&line, ": ");
        buffer_add_visible(&line, problem->text);
        fprintf(file, "%s\n", line.text);
        buffer_free(&line);
    }
    if (problems->count > shown)
        fprintf(file, "… and %zu more\n", problems->count - shown);
}
