/* The program's work: which files, in how many threads, what to do with the findings. */
#ifndef VET_RUN_H
#define VET_RUN_H

#include "cache.h"

/* Command line and configuration file; returns false after saying what is wrong. */
bool settings_read(struct arena *arena, int count, char **arguments, struct settings *settings);

/* Files of folders and of compile_commands.json. */
bool inputs_expand(struct arena *arena, struct settings *settings, path_vec *paths);

/* Checks all files, after a look at what their functions do for each other; the findings are copied to the arena, in the order of the paths. */
void check_all(struct arena *arena, const struct settings *settings, const path_vec *paths,
               result_vec *results);

bool baseline_apply(struct arena *arena, const struct settings *settings, result_vec *results);
bool baseline_write(const struct settings *settings, const result_vec *results);

/* Applies the edits of what is sure; the findings that are mended leave the results. */
bool fix_all(struct arena *arena, result_vec *results);

bool report(const struct settings *settings, const result_vec *results);
/* Runs the build command and notes what it compiles. False, after saying why: it failed, or compiled nothing that was seen. */
bool run_wrapped(struct arena *arena, struct settings *settings, path_vec *paths);

#endif
