/* Summaries as text, for the cache. */
#define _GNU_SOURCE
#include "summary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void write_parameter(FILE *file, const struct parameter_summary *parameter)
{
    fprintf(file, " %d %d %d %d %d %d %d %d", (int)parameter->effect, parameter->final,
            parameter->always, parameter->members, parameter->shares, parameter->leaves_alone,
            parameter->acquires, parameter->forwards.count);
    EACH (forward, &parameter->forwards)
        fprintf(file, " %s %d", forward->callee, forward->argument);
}

char *file_summary_write(struct arena *arena, const struct file_summary *summary)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (!file)
        return arena_copy(arena, "", 0);
    EACH (function, &summary->functions) {
        fprintf(file, "f %s %d %d %d %d %s %d", function->name, function->never_returns,
                function->unlocks, (int)function->result, function->resource,
                function->forward ? function->forward : "-", function->parameters.count);
        EACH (parameter, &function->parameters)
            write_parameter(file, parameter);
        fputc('\n', file);
    }
    EACH (pair, &summary->pairs)
        fprintf(file, "r %s %s %d\n", pair->acquire, pair->release, pair->functions);
    EACH (pass, &summary->passes)
        fprintf(file, "p %s %d %d\n", pass->function, pass->released, pass->kept);
    EACH (made, &summary->made)
        fprintf(file, "m %s %d %d\n", made->function, made->released, made->dropped);
    char *copy = fclose(file) == 0 ? arena_copy(arena, text, length) : arena_copy(arena, "", 0);
    free(text);
    return copy;
}

static const char *next_name(char **line)
{
    char *word = strsep(line, " ");
    return word ? intern_string(word) : "";
}

static int next_number(char **line)
{
    char *word = strsep(line, " ");
    return word ? (int)strtol(word, NULL, 10) : 0;
}

static void read_parameter(struct arena *arena, char **line, struct parameter_summary *parameter)
{
    parameter->effect = (enum effect)next_number(line);
    parameter->final = next_number(line);
    parameter->always = next_number(line);
    parameter->members = next_number(line);
    parameter->shares = next_number(line);
    parameter->leaves_alone = next_number(line);
    parameter->acquires = (signed char)next_number(line);
    for (int left = next_number(line); left > 0 && *line; left--) {
        struct forward *forward = ADD(arena, &parameter->forwards);
        forward->callee = next_name(line);
        forward->argument = next_number(line);
    }
}

static void read_function(struct arena *arena, char *line, struct summary *function)
{
    function->name = next_name(&line);
    function->never_returns = next_number(&line);
    function->unlocks = next_number(&line);
    function->result = (enum result_kind)next_number(&line);
    function->resource = next_number(&line);
    const char *forward = next_name(&line);
    function->forward = function->result == RESULT_FORWARD ? forward : NULL;
    for (int left = next_number(&line); left > 0 && line; left--)
        read_parameter(arena, &line, ADD(arena, &function->parameters));
}

static bool read_line(struct arena *arena, char *line, struct file_summary *file)
{
    switch (next_name(&line)[0]) {
    case 'f': read_function(arena, line, ADD(arena, &file->functions)); return true;
    case 'r': {
        struct pair_use *pair = ADD(arena, &file->pairs);
        pair->acquire = next_name(&line);
        pair->release = next_name(&line);
        pair->functions = next_number(&line);
        return true;
    }
    case 'p': {
        struct pass_use *pass = ADD(arena, &file->passes);
        pass->function = next_name(&line);
        pass->released = next_number(&line);
        pass->kept = next_number(&line);
        return true;
    }
    case 'm': {
        struct made_use *made = ADD(arena, &file->made);
        made->function = next_name(&line);
        made->released = next_number(&line);
        made->dropped = next_number(&line);
        return true;
    }
    default: return false;
    }
}

bool file_summary_read(struct arena *arena, char *text, struct file_summary *file)
{
    for (char *line; (line = strsep(&text, "\n"));)
        if (*line && !read_line(arena, line, file))
            return false;
    return true;
}
