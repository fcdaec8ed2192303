/* What was found in a file; and the results of files that have not changed since, nor their headers. */
#ifndef VET_CACHE_H
#define VET_CACHE_H

#include "finding.h"
#include "settings.h"

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
