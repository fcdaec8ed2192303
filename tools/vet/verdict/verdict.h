/* From what happened on the paths to findings: the questions that keep reports true.
 *
 * The main one is Hector's (Saha, Lozi, Thomas, Lawall, Muller 2013): does the same function release the resource on
 * another exit? */
#ifndef VET_VERDICT_H
#define VET_VERDICT_H

#include "engine.h"
#include "finding.h"

/* sequence.c: what is released in `event->state->released` is released or used again: does it surely happen? `place`: the
 * variable. */
bool sequence_is_certain(const struct ir *ir, const struct event *event, int place);

void judge_site(struct simulation *simulation, struct arena *arena, finding_vec *findings);

#endif
