/* The result of an inspection: the threads and goroutines, and the pending deferred calls of each. */
#ifndef LIFOGUARD_INSPECT_REPORT_H
#define LIFOGUARD_INSPECT_REPORT_H

#include "buffer.h"
#include "copies.h"
#include "target.h"

/* A place in the source where a call was deferred, or a goroutine started. */
struct site {
    uint64_t address; /* in the process */
    char *call;       /* "fclose(file, &err)", as it was written */
    char *file, *caller;
    unsigned line;
    unsigned char kind, count;
    bool is_own; /* the library's own: its users did not write the call */
    bool is_known;
};

enum entry_kind { ENTRY_THREAD, ENTRY_GOROUTINE };
enum entry_state { STATE_RUNNING, STATE_READY, STATE_WAITING, STATE_NOT_STARTED };

/* Whoever may hold a lock: each thread and goroutine that has used the library, also those without an entry. */
struct owner {
    uint64_t identity;
    enum entry_kind kind;
    bool is_main;
    pid_t thread;
    uint64_t id;
    const char *name; /* the report's */
};

/* A thread or a goroutine. */
struct entry {
    enum entry_kind kind;
    enum entry_state state;
    bool is_main, has_deadline;
    pid_t thread; /* on which it runs; 0: it does not run */
    uint64_t id, starter;
    const char *name;           /* the report's, like all texts here */
    const char *waits_for;      /* NULL: it does not wait */
    uint64_t waits_for_owner;   /* the identity of whoever holds that; 0: nobody, or not known */
    const struct site *started; /* NULL: not by lg_go */
    size_t first_call, call_count;
};

/* A stage of a shutdown that has not been stopped yet, or is being stopped. */
struct stage {
    const char *name; /* the report's */
    size_t shutdown;  /* of the how-manieth, from 1 */
    bool stopping;
};

struct report {
    const struct target *target;
    const char *path; /* of the file that has the copy of the library */
    struct entry *entries;
    size_t count;
    struct owner *owners; /* in the order of their identities */
    size_t owner_count;
    const struct site **calls; /* of all entries; of each the next to run first */
    size_t call_count;
    struct stage *stages; /* of each shutdown, added last first */
    size_t stage_count;
    size_t cut;    /* chains that could not be read to their end */
    size_t unseen; /* threads that could not be stopped */
    struct texts *texts;
};

/* Reads all that one copy of the library knows. */
void report_read(struct report *report, struct target *target, const struct copy *copy);
/* The shutdowns' part of it: adds to the report. */
void report_read_shutdowns(struct report *report, struct target *target, const struct copy *copy);
void report_free(struct report *report);

/* Whoever holds what the entry waits for; NULL: that one has ended, or could not be read. */
const struct owner *report_holder(const struct report *report, const struct entry *entry);

/* Writes the report, for people and for programs. Entries that are alike are written once, unless `each`. */
void report_put_text(const struct report *report, bool each, struct buffer *text);
void report_put_json(const struct report *report, struct buffer *text);

#endif
