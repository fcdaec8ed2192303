/* The program's work: which files, in how many threads, what to do with the findings. */
#ifndef VET_RUN_H
#define VET_RUN_H

#include "check.h"

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SARIF };

struct settings {
    struct options options;
    enum format format;
    VEC(const char *) inputs; /* files and folders */
    const char *compile_commands;
    const char *baseline, *write_baseline;
    const char *output; /* NULL: stdout */
    const char *cache;  /* NULL: none */
    int jobs;
    bool quiet;
    bool fix;
    bool alone;     /* --alone: nothing is looked up in other files */
    bool beside;    /* functions are looked for in the files beside those that are checked */
    char **wrapped; /* the command of `-- make …` */
};

struct file_result {
    const char *path;
    bool broken;
    const char *problem;
    int lines;
    uint64_t content; /* a hash of the text that was checked */
    finding_vec findings;
    VEC(const char *) headers; /* that the file includes, as far as they were found */
    VEC(const char *) folders; /* whose source files were searched for functions */
    VEC(const char *) asked;   /* functions of other files that the findings depend on */
};

typedef VEC(struct file_result) result_vec;

/* Command line and configuration file; returns false after saying what is wrong. */
bool settings_read(struct arena *arena, int count, char **arguments, struct settings *settings);
bool config_read(struct arena *arena, const char *path, struct settings *settings, bool required);

/* Files of folders and of compile_commands.json. */
typedef VEC(const char *) path_vec;
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

/* cache.c: results of files that have not changed since, nor their headers. */
void cache_depend(
    const char *text); /* a flag or setting that results depend on; before any file is checked */
void cache_end_thread(void); /* frees what the calling thread has kept of headers and folders */
bool cache_get(struct arena *arena, const struct settings *settings, const char *path,
               struct file_result *result);
void cache_put(const struct settings *settings, const char *path, const struct file_result *result);
/* The summary of the file's functions. NULL: it is not there, or is out of date. */
char *cache_get_summary(struct arena *arena, const struct settings *settings, const char *path,
                        path_vec *headers);
void cache_put_summary(const struct settings *settings, const char *path, const path_vec *headers,
                       const char *text);

#endif
