/* What is still to be cleaned up: the pending deferred calls of the calling goroutine (D12).
 * `lg_defer_block` and other people's cleanup variables have no record, and are not listed. */
#ifndef LIFOGUARD_PENDING_H
#define LIFOGUARD_PENDING_H

#include <stdbool.h>
#include <stdio.h>

#include <lifoguard/defer.h>

LG_BEGIN_DECLS

typedef struct lg_pending_call {
    const char *call; /* as written: "fclose(file)" */
    const char *file; /* where it was deferred */
    const char *function;
    unsigned line;
    unsigned count;         /* of argument words */
    const uintptr_t *words; /* the arguments, each as a uintptr_t */
} lg_pending_call;

/* Calls visit for each pending call, the next one to run first, until it returns false. What is
 * pointed to is valid during the visit. visit may itself defer, but not leave by panic into
 * the caller's own pending calls. Returns the number of calls visited. */
LG_API size_t lg_pending_visit(bool (*visit)(const lg_pending_call *call, void *data), void *data);

/* Writes them to a stream, one a line: "fclose(file)  main.c:12 in read_all  0x5581…". */
LG_API void lg_pending_print(FILE *stream);

/* How many times deferred calls of this goroutine were found to have been skipped by a longjmp (D10). It is
 * noticed when the next record around them is left; they never run. */
LG_API size_t lg_pending_skipped_count(void);

LG_END_DECLS

#endif
