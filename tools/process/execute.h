/* Between fork and exec, and what the parent hears of it: by a pipe that exec closes. */
#ifndef LIFOGUARD_PROCESS_EXECUTE_H
#define LIFOGUARD_PROCESS_EXECUTE_H

#include <sys/types.h>

/* Forks. The child calls `become`, which executes a program, or tells by `failure` that it cannot. Returns 0, or the errno value with
 * which there is no child. `*not_executed`: 0, or what the child has told; it has ended then, or is about to. */
int child_start(void (*become)(const void *data, int failure), const void *data, pid_t *pid,
                int *not_executed);

/* In the child: executes; if that fails, tells by `failure` (a descriptor that exec closes), and ends. */
_Noreturn void child_execute(const char *const *arguments, const char *const *environment,
                             int failure);

/* In the child: tells errno by `failure`, and ends. */
_Noreturn void child_fail(int failure);

/* In the parent: 0, or the errno value with which the child could not execute. */
int child_failure(int failure);

#endif
