/* What keeps the registered cleanups beyond the life of this process, on disk, and sees to it that each is carried out once. This
 * room knows only that there may be such a keeper; tools/lines has it. */
#ifndef LIFOGUARD_LINES_KEEPER_H
#define LIFOGUARD_LINES_KEEPER_H

#include "job.h"

#include <lifoguard/error.h>
#include <stdbool.h>
#include <sys/types.h>

struct cleanup;

struct keeper {
    /* Registers a cleanup that is in order: its command, with the environment as it is now. It is on disk when this returns. */
    lg_error *(*hold)(struct cleanup *cleanup);
    /* Likewise, before the line is run that acquires what the cleanup releases; and that it has been acquired. */
    lg_error *(*foresee)(struct cleanup *cleanup);
    lg_error *(*confirm)(struct cleanup *cleanup);
    /* A variable of the file has this value from now on; for cleanups that read variables when they run. */
    void (*set)(const char *name, const char *value);
    /* Begins an attempt, with the environment as it is now: a process that is ours to wait for, as a group of its own, and
     * the command that it runs, as another. */
    lg_error *(*begin)(struct cleanup *cleanup, pid_t *attempt, pid_t *command);
    /* Once that process has been waited for: how the command ended becomes the job's end. An error: it was not started. Or that
     * process was killed, and nobody knows: `lost`. */
    lg_error *(*finish)(struct cleanup *cleanup, struct job *job, bool *lost);
    /* What became of it in the end is recorded. */
    void (*settle)(struct cleanup *cleanup, bool good, const char *detail);
    /* It is not to be carried out. */
    void (*drop)(const struct cleanup *cleanup);
    /* Takes what it has put into cleanup->kept. */
    void (*forget)(struct cleanup *cleanup);
    /* Whether the run is another process's by now: then nothing more is to be done here. */
    bool (*is_lost)(void);
};

#endif
