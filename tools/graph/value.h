/* Values of a file, with problems for those that are of the wrong type. Each is for a reader of a map's key. */
#ifndef LIFOGUARD_GRAPH_VALUE_H
#define LIFOGUARD_GRAPH_VALUE_H

#include "graph.h"
#include "node.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct reader {
    struct graph *graph;
    struct arena *arena;
    struct problems *problems;
    struct file_scope *scope; /* of the file that is being read */
    unsigned files;           /* that were opened */
    struct opened *opened;    /* the file that is being read, and those that include it */
};

/* Reads the value of `key` into `target`, which is what the map is read into. */
typedef void read_key(struct reader *reader, const struct node *key, const struct node *value,
                      void *target);

struct map_key {
    const char *name; /* one that ends in - is for all keys that begin so */
    read_key *read;
};

/* Each key by its reader; unknown ones are problems. False: it is no map. */
bool read_map(struct reader *reader, const struct node *node, const char *what,
              const struct map_key *keys, size_t count, void *target);

/* Text that is not empty; NULL, and a problem. */
const char *read_text(struct reader *reader, const char *what, const struct node *node);
/* One text or a list of them. */
struct words read_words(struct reader *reader, const char *what, const struct node *node);
lg_duration read_duration(struct reader *reader, const char *what, const struct node *node);
long read_number(struct reader *reader, const char *what, const struct node *node, long most);
bool read_truth(struct reader *reader, const char *what, const struct node *node);
/* A map of names and values; its assignments are added to *words. */
void read_environment(struct reader *reader, const struct node *node, struct words *words);
/* The assignments of a file. */
void read_environment_file(struct reader *reader, const struct node *node, struct words *words);

/* read_job.c: a cleanup, or a list of them, is added to *defers. */
void read_deferreds(struct reader *reader, const struct node *node, struct deferreds *defers);
/* read_job.c: the keys of a job; `what` names the job. */
void read_job_keys(struct reader *reader, const struct node *node, const char *what,
                   struct graph_job *job);

/* A path as the file that is being read means it. */
const char *read_path(struct reader *reader, const char *path);

/* A whole file; NULL, and a problem at `at`. */
char *read_whole_file(struct reader *reader, struct place_in_file at, const char *path,
                      size_t *length);

#endif
