/* What the functions of other files do: the summaries of all files of a run, or of the files beside the one that is checked,
 * put together by name. */
#ifndef VET_PROJECT_H
#define VET_PROJECT_H

#include "summary.h"

struct unit;
struct scope; /* what can be seen from one file */

/* Adds the summary of a file of this run. Before any scope is made. */
void project_add(const char *path, char *text);

/* `unit`: NULL, or the file beside which functions are looked for that no file of the run defines. */
struct scope *scope_new(struct unit *unit);
void scope_free(struct scope *scope);

/* A function with external linkage of another file. NULL: none, or functions that differ in everything. */
const struct summary *scope_function(struct scope *scope, const char *name);
/* What is passed on is resolved. */
struct parameter_summary scope_parameter(struct scope *scope,
                                         const struct parameter_summary *parameter);
/* Who owns what the function returns; RESULT_FORWARD is resolved. */
enum result_kind scope_result(struct scope *scope, const struct summary *function, int *resource);
/* The function that most functions of other files release what `acquire` makes with; NULL: none. `functions`: how many. */
const char *scope_release(struct scope *scope, const char *acquire, int *functions);
/* How many functions of other files release what they passed to `function`, and how many do not? */
struct pass_use scope_passes(struct scope *scope, const char *function);

/* What happens in all files to what `function` makes. */
struct made_use scope_made(struct scope *scope, const char *function);

/* The names that were asked for: what a result depends on. */
typedef VEC(const char *) scope_names;
const scope_names *scope_used(const struct scope *scope);
/* A hash of all that the files of this run say of these names. */
uint64_t project_hash(const char *const *names, int count);

#endif
