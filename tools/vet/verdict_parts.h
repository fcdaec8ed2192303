/* What the files of the verdict share. */
#ifndef VET_VERDICT_PARTS_H
#define VET_VERDICT_PARTS_H

#include "verdict.h"

struct judge {
    struct simulation *simulation;
    const struct site *site;
    const struct ir *ir;
    struct arena *arena;
    finding_vec *findings;
    bool released, escaped, success_release, unknown_release, failure_release;
    int releases;
};

static inline const struct instr *instr_at(const struct judge *judge, int index)
{
    return &judge->ir->code.at[index];
}

/* What the site is about, as the source has it. */
const char *judge_site_text(const struct judge *judge);

/* Adds a finding about the event's instruction, unless the check has one on that line. `other`: an instruction for a note; or
 * negative. */
void judge_report(struct judge *judge, const struct event *event, const char *check,
                  enum level level, const char *format, int other, const char *other_text);

/* verdict_locks.c */
void judge_relock(struct judge *judge, const struct event *event);
void judge_unheld(struct judge *judge, const struct event *event);

#endif
