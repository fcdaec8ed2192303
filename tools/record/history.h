/* PLACE/history/ID: the events of a run of a graph, and the output of its jobs. The newest fifty are kept. */
#ifndef LIFOGUARD_RECORD_HISTORY_H
#define LIFOGUARD_RECORD_HISTORY_H

#include "sinks.h"

/* Makes the directory of a run. NULL: it cannot be had; that was said. For the caller to free. */
char *history_begin(const char *place, const char *id);

/* At the end, when nobody waits for a first job any more: removes all runs but the newest fifty. */
void history_forget_oldest(const char *place);

/* A sink for its events. */
struct sink *history_sink(const char *directory);

#endif
