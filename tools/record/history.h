/* PLACE/history/ID: the events of a run, and the output of its jobs. The newest fifty are kept. */
#ifndef LIFOGUARD_RECORD_HISTORY_H
#define LIFOGUARD_RECORD_HISTORY_H

#include "sinks.h"

#include <stddef.h>
#include <time.h>

struct timeline;

/* The file of events, in the directory of a run. */
#define HISTORY_EVENTS "events.jsonl"

/* ---- writing ---- */

/* Makes the directory of a run. NULL: it cannot be had; that was said. For the caller to free. */
char *history_begin(const char *place, const char *id);

/* At the end, when nobody waits for a first job any more: removes all runs but the newest fifty. */
void history_forget_oldest(const char *place);

/* A sink for its events. */
struct sink *history_sink(const char *directory);

/* ---- reading ---- */

/* The folder of all runs, for the caller to free. */
char *history_folder(const char *place);

struct history_entry {
    char *name;
    struct timespec when;
};

struct history {
    struct history_entry *items; /* the newest first */
    size_t count;
};

/* In the order in which they were changed. */
void history_list(const char *folder, struct history *history);
/* For qsort. */
int history_newest_first(const void *a, const void *b);
/* For lg_defer. */
void history_free(struct history *history);

/* Puts the runs in the order in which they began, which the directories do not show: each file of output that a job begins changes them. */
void history_sort(const char *folder, struct history *history);

/* Puts the events of a run into a timeline. False: there are none. */
bool history_replay(const char *folder, const char *id, struct timeline *timeline);

#endif
