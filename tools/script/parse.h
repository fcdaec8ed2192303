/* Job files: what `lifoguard run` reads. docs/run.md has the grammar. */
#ifndef LIFOGUARD_SCRIPT_PARSE_H
#define LIFOGUARD_SCRIPT_PARSE_H

#include "facts.h"

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum line_kind {
    LINE_JOB,        /* COMMAND */
    LINE_BACKGROUND, /* COMMAND & */
    LINE_ASSIGNMENT, /* NAME=VALUE */
    LINE_DEFER       /* defer COMMAND */
};

struct line {
    enum line_kind kind;
    unsigned number; /* in the file, from 1; of a continued line its first */
    char *
        place; /* FILE:NUMBER, which is also $0 of its shell, so that the shell's messages begin with it */
    char job
        [12]; /* the same as a text: how events call it; of a defer line that of the line it belongs to, or "" */
    char *command;            /* without `defer`, the closing &, and comments */
    char *shown;              /* what messages tell of it: no secrets, and the closing & */
    char *name;               /* of an assignment: NAME, with all of NAME=VALUE in command */
    enum cleanup_when when;   /* of a defer line */
    int64_t retries;          /* likewise: how often it is tried again */
    lg_duration limit, grace; /* of the line's own; -1: not said */
    bool acquires; /* a defer line follows (after NAME=VALUE lines, if it is a background line) */
};

struct job_file {
    const char *path; /* as given; not owned */
    struct line *lines;
    size_t count;
    size_t jobs; /* lines that are not defer lines */
};

/* Reads a file, or a text of `size` bytes as if it were the file. An error holds one for each bad line:
 * "FILE:LINE: what is wrong and what to write". */
lg_error *job_file_read(const char *path, struct job_file *file);
lg_error *job_file_parse(const char *path, const char *text, size_t size, struct job_file *file);

/* A line that is `wait` or `wait PID…` alone: a shell of its own has no children to wait for. */
bool is_wait(const char *command);

/* Takes NULL and what was never filled in but zeroed. */
void job_file_free(struct job_file *file);

#endif
