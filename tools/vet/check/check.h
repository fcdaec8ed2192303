/* One file through all checks. */
#ifndef VET_CHECK_H
#define VET_CHECK_H

#include "finding.h"
#include "parse.h"
#include "settings.h"

/* Adds what is wrong in the file. The findings live in the unit's arena. */
void check_unit(struct unit *unit, const struct options *options, finding_vec *findings);

/* The syntactic and typed checks beside the engine; each looks at one function. */
struct ir;
void check_cleanup_attributes(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_close_errors(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_defers(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_exits(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_gotos(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_on_error(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_orders(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_recovers(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_scopes(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_spawns(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_modes(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_release_order(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_after(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_stored_cleanups(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_unchecked(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_syntax(struct ir *ir, struct arena *arena, finding_vec *findings);

struct knowledge;
void check_parameters(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                      finding_vec *findings);
void check_discarded(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                     finding_vec *findings);
void check_dropped(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_each(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_families(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_elements(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_entries(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_unwinds(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_members(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_streams(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                   finding_vec *findings);
void check_mismatches(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_preconditions(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_overwritten(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_helpers(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                   finding_vec *findings);
void check_relocks(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                   finding_vec *findings);
void check_late_changes(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_teardowns(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_lifetimes(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_unflushed(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_forgotten_members(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                             finding_vec *findings);
void check_shells(struct ir *ir, const struct knowledge *knowledge, struct arena *arena,
                  finding_vec *findings);
void check_temporary_names(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_commits(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_armed(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                 finding_vec *findings);
void check_borrowed(struct ir *ir, struct arena *arena, finding_vec *findings);
void check_dangling(struct ir *ir, struct knowledge *knowledge, struct arena *arena,
                    finding_vec *findings);

/* suppress.c: marks findings that a comment allows with their reason. */
void suppress(struct unit *unit, finding_vec *findings);

#endif
