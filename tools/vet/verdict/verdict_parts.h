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
    bool unreached; /* a release stands behind a label that nothing leads to */
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

/* Adds a finding about what is still held at the event's exit; `lost`: overwritten there. */
void judge_report_leak(struct judge *judge, const struct event *event, enum level level, bool lost);

/* cause.c: says why a cleanup that the function has does not run at this exit, if that can be told. */
void judge_name_cause(const struct judge *judge, struct finding *finding,
                      const struct state *state);

/* passes.c: do the functions that it was passed to on this path leave it to this function? */
bool judge_passes_innocent(const struct judge *judge, const struct state *state);
/* … whatever this function does with it? */
bool judge_passes_harmless(const struct judge *judge, const struct state *state);
/* … as far as their names tell? */
bool judge_passes_only_use(const struct judge *judge, const struct state *state);
/* Has it been given to a function that, as far as can be seen, keeps it? */
bool judge_was_kept(const struct judge *judge, const struct state *state);

/* pairs.c */
/* In how many places is what this call acquired released? */
int judge_releases(const struct judge *judge, const struct state *state);
/* The first statement of the innermost loop around the statement, or -1. */
int judge_loop_around(const struct judge *judge, int instr);
bool judge_owes_partner(const struct judge *judge, const struct state *state,
                        enum exit_class class);

/* found.c */
/* if (!set->cached) set_free(set): does a branch before the release go round it, to what comes behind it? */
bool judge_is_conditional(const struct judge *judge, const struct event *release);
bool judge_releases_on_condition(const struct judge *judge, const struct state *state);
bool judge_frees_what_it_found(const struct judge *judge, const struct event *exit);
bool judge_never_touched(const struct judge *judge, const struct state *state);
/* Is it a char *? */
bool judge_is_text(const struct judge *judge);
bool judge_returned_elsewhere(const struct judge *judge, const struct event *exit);
/* text = slurp(name); … free(text): whatever its name, the function has made what free can take. */
bool judge_freed_as_memory(const struct judge *judge, const struct state *state);

/* leaks.c */
/* foo(&x) rather than x = foo(): a getter would return it. */
bool judge_by_address(const struct judge *judge, const struct state *state);
/* Acquired by a function of the model, passed to no unknown function and kept nowhere: nobody else can release it. */
bool judge_owned_here(const struct judge *judge, const struct state *state);
/* match_new(parent, …) may enter what it makes in its argument, which owns it then. */
bool judge_made_in_another(const struct judge *judge, const struct state *state);
/* Does a loop have both statements? */
bool judge_loop_has_both(const struct judge *judge, int a, int b);
void judge_leak(struct judge *judge, const struct event *event);

/* lost.c */
void judge_lost(struct judge *judge, const struct event *event);

/* elsewhere.c: has somebody else what is still held at this exit? */
bool judge_is_elsewhere(const struct judge *judge, const struct event *exit, enum exit_class class);
/* if (last) last->next = p; last = p; Whether there is a last one, the rounds before have decided. */
bool judge_is_linked(const struct judge *judge, const struct state *state);

/* locks.c */
void judge_relock(struct judge *judge, const struct event *event);
void judge_unheld(struct judge *judge, const struct event *event);
/* Does the lock, by its name, keep other threads out, and not a file or a message in a state? */
bool judge_is_mutex(const struct judge *judge, const struct instr *lock);
/* Has what is returned perhaps unlocked, or does the lock stay on purpose at the end of the function? */
bool judge_passes_locked(const struct judge *judge, const struct event *exit);
bool judge_may_stay_locked(const struct judge *judge, const struct event *exit);
bool judge_hands_lock_out(const struct judge *judge, const struct event *exit);
/* Is the lock perhaps taken by a function that is not known to take one: bit_lock_and_get(&lock)? */
bool judge_locked_otherwise(const struct judge *judge);

/* ---- reasons why what is still held is no leak (excuses.c) ---- */

bool judge_ends_process(const struct judge *judge, const struct event *event);
bool judge_is_standard(const struct judge *judge);
bool judge_returns_its_argument(const struct judge *judge, const struct state *state);
bool judge_released_as_element(const struct judge *judge);
bool judge_need_not_pair(const struct judge *judge, const struct state *state,
                         enum exit_class class);
bool judge_has_new_owner(const struct judge *judge, const struct event *event);
bool judge_in_main(const struct judge *judge);
bool judge_name_is_copied(const struct judge *judge);
bool judge_kept_by_macro(const struct judge *judge, const struct state *state);
bool judge_gave_nothing(const struct judge *judge, const struct state *state);
bool judge_in_child(const struct judge *judge, const struct state *state);
bool judge_has_local_name(const struct judge *judge);
/* g_auto(Console) console; console_lock(&console): its cleanup unlocks. */
/* if (options.keep) print_message(name); else unlink(name); */
bool judge_is_kept(const struct judge *judge, const struct state *state);
bool judge_cleaned_by_macro(const struct judge *judge);
bool judge_cleaned_lock(const struct judge *judge);
/* _cleanup_(unlink_and_freep) char *name; g_auto(TmpDir) folder: its cleanup removes the file. */
bool judge_cleaned_file(const struct judge *judge);
bool judge_is_callers_lock(const struct judge *judge, const struct state *state);

#endif
