/* Between fork and exec, and what the parent hears of it: by a pipe that exec closes. */
#ifndef LIFOGUARD_PROCESS_EXECUTE_H
#define LIFOGUARD_PROCESS_EXECUTE_H

#include <stdbool.h>
#include <sys/types.h>

/* Forks. The child calls `become`, which executes a program, or tells by `failure` that it cannot. Returns 0, or the errno value with
 * which there is no child. `*not_executed`: 0, or what the child has told; it has ended then, or is about to. */
int child_start(void (*become)(const void *data, int failure), const void *data, pid_t *pid,
                int *not_executed);

/* Does a shell itself do what there is no program for? Minimal systems (Debian's minbase, containers) have no program `kill`. `failed`
 * is the errno value of the attempt to execute the program. */
bool execute_is_for_shell(const char *word, int failed);

/* In the child: executes the program that the PATH of `environment` finds; where execute_is_for_shell, /bin/sh does it. Returns if that
 * fails, with errno; the child has that environment from then on. */
void child_try_execute(const char *const *arguments, const char *const *environment);

/* In the child: executes in the same way; if that fails, tells by `failure` (a descriptor that exec closes), and ends. */
_Noreturn void child_execute(const char *const *arguments, const char *const *environment,
                             int failure);

/* In the child: tells errno by `failure`, and ends. */
_Noreturn void child_fail(int failure);

/* In the parent: 0, or the errno value with which the child could not execute. */
int child_failure(int failure);

#endif
