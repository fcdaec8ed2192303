/* The process of an attempt at a cleanup (attempt.h). */
#ifndef LIFOGUARD_GUARDIAN_ATTEMPT_PROCESS_H
#define LIFOGUARD_GUARDIAN_ATTEMPT_PROCESS_H

#include "attempt.h"

/* In the child: waits until `go` says so, runs the command, and writes what became of it to the descriptors `result` (-1: none) and
 * `report`. Ends the process. It touches nothing of the owner's: no database, no sockets. */
_Noreturn void attempt_be(const struct attempt *attempt, int go, int result, int report);

#endif
