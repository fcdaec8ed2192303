/* Making child processes that begin as the user's command would have: signals, descriptors, umask. */
#ifndef LIFOGUARD_PROCESS_CHILD_H
#define LIFOGUARD_PROCESS_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

/* How this program was started, before it changed anything. */
struct birth {
    sigset_t mask;
    bool ignored[65]; /* signals */
    bool closed[3];   /* descriptors 0 to 2 */
    int *inherited;   /* other descriptors, for the command */
    size_t inherited_count;
};

/* Notes it; fills closed descriptors with /dev/null, so that nothing of ours comes to lie there; blocks the
 * signals that this program takes by a descriptor, and ignores those that would end it for a trifle. */
void birth_take(struct birth *birth);

/* Before that, for a program that waits for children of its own first: a parent that ignored SIGCHLD would take their exit statuses
 * away. birth_take then notes what it was. */
void child_keep_ends(void);

/* For lg_defer. */
void birth_free(struct birth *birth);

/* Opens an empty input, with the lowest free number: /dev/null, or, where that is not to be had (a bare chroot), a pipe without a
 * writer. What is written to the latter fails, as to a closed descriptor. -1: errno tells why not. `flags` as of open(2). */
int child_open_empty(int flags);

/* Fills the closed ones of the descriptors 0 to 2, so that nothing of ours comes to lie there; notes which they were. */
void child_fill_descriptors(bool closed[3]);

/* In a child: as it was. */
void birth_give(const struct birth *birth, bool descriptors);

/* The signals that a child has to get the default action of, so that it begins as it was. */
void birth_defaults(const struct birth *birth, sigset_t *set);

/* Once the command has them: closes the descriptors that were meant for it, so that who waits for their end does not wait
 * for us. */
void birth_close_inherited(const struct birth *birth);

/* Closes all others from 3 on: what this program has opened itself. */
void birth_close_others(const struct birth *birth);

/* The signals that are blocked, and read from a descriptor. */
void birth_taken(const struct birth *birth, sigset_t *set);

/* The descriptor by which the blocked signals are read (struct signalfd_siginfo). */
int birth_signals(const struct birth *birth);

/* Closes all descriptors from 3 on, but these (-1: none). */
void child_close_all_but(int one, int other);

#endif
