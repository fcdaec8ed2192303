/* What the files that find sites share. */
#ifndef VET_SITE_PARTS_H
#define VET_SITE_PARTS_H

#include "site.h"

struct knowledge;

/* site.c */
bool tracked(const struct ir *ir, int place);
/* An error object exists only after a failure, which is not the failure of the resource. */
bool is_error_object(const struct ir *ir, int place);
struct site *site_at(struct ir *ir, site_vec *sites, int place);
bool is_number(const struct ir *ir, int place);

/* release.c */
bool closes_number(const char *name);
bool shapes_text(const char *callee);
void mark_released(struct ir *ir, site_vec *sites);
void mark_siblings(struct ir *ir, site_vec *sites);

/* inferred.c */
bool borrows(const char *callee);
void add_inferred(struct ir *ir, site_vec *sites, int index, bool lends);

/* owned.c */
void add_mined(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge);
void add_typed(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge);
const struct acquirer *descriptor_wrapper(struct ir *ir, int index);
void add_owned(struct ir *ir, site_vec *sites, int index, struct knowledge *knowledge);

/* temporary.c */
void find_temporaries(struct ir *ir, site_vec *sites);

/* failing.c */
enum leaving { GOES_ON, LEAVES_ROUND, LEAVES };
enum leaving leaves_early(const struct ir *ir, int at, int place, bool *touches);
const struct instr *first_test(const struct ir *ir, int at, int *place, bool *mirrored);
struct failing failing_status(const struct ir *ir, int instr, int status, int held);
struct failing failing_value(const struct ir *ir, int instr, int place, enum failure kind);

/* pairs.c */
void find_pairs(struct ir *ir, site_vec *sites, const struct knowledge *knowledge);
const char *operand_text(struct ir *ir, const struct operand *operand);
int key_argument(const struct instr *instr);

/* others.c */
void find_cleaned(struct ir *ir, site_vec *sites);
void find_tasks(struct ir *ir, site_vec *sites);

#endif
