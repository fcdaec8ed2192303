/* Between fork and exec, and what the parent hears of it: by a pipe that exec closes. */
#ifndef LIFOGUARD_PROCESS_EXECUTE_H
#define LIFOGUARD_PROCESS_EXECUTE_H

/* In the child: executes; if that fails, tells by `failure` (a descriptor that exec closes), and ends. */
_Noreturn void child_execute(const char *const *arguments, const char *const *environment,
                             int failure);

/* In the child: tells errno by `failure`, and ends. */
_Noreturn void child_fail(int failure);

/* In the parent: 0, or the errno value with which the child could not execute. */
int child_failure(int failure);

#endif
