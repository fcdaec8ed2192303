/* What the program was asked to do. */
#ifndef VET_SETTINGS_H
#define VET_SETTINGS_H

#include "base.h"

struct options {
    bool all;                  /* findings of every level */
    VEC(const char *) only;    /* --check: these, and no others unless they are usual */
    VEC(const char *) without; /* --disable */
};

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

typedef VEC(const char *) path_vec;

#endif
