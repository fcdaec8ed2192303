/* Blocked signals, read from a descriptor, also where sandboxes refuse signalfd(2). */
#ifndef LIFOGUARD_PROCESS_SIGNAL_FD_H
#define LIFOGUARD_PROCESS_SIGNAL_FD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/signalfd.h>

/* As signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK), for signals that all threads block. What a forked child is sent is not
 * read by it from its parent's descriptor: it makes one of its own. */
int signal_fd_open(const sigset_t *set);

/* Whether the terminal has sent a signal that was read, to our whole process group. (Of a terminal that goes away, the kernel tells only the
 * leader of the session: if that is this process, nobody else has got the SIGHUP.) */
bool signal_is_of_terminal(const struct signalfd_siginfo *info);

#endif
