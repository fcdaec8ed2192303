/* As the first process of a container: reaping orphans, and passing signals on.
 *
 *     int main(void)
 *     {
 *         lg_error *err = lg_pid1_guard(NULL);   // first of all
 *         …
 *
 * A process that is number 1 of its PID namespace is given all orphans of it, which stay as zombies until it waits for
 * them; and the kernel withholds from it the signals that it does not handle, SIGTERM too. A server should neither be
 * concerned with other people's children nor be deaf. So the guard forks: the child returns, and is the program as it
 * would be anywhere else; the parent stays behind as an init that reaps whatever ends, passes signals on to the child,
 * and ends as the child does. Where the process is not number 1, it does nothing: the same program runs under systemd
 * or in a shell.
 */
#ifndef LIFOGUARD_PID1_H
#define LIFOGUARD_PID1_H

#include <stdbool.h>

#include <lifoguard/base.h>
#include <lifoguard/duration.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

typedef struct lg_pid1_options {
    /* The child gets a process group of its own, in the foreground of the terminal if there is one, and signals go to all
     * of it: also to those that a shell script as the main program has started. */
    bool group;
    /* Guard even if this is not number 1: orphans come here as to a subreaper (prctl(2)). */
    bool always;
    /* What remains when the main child has ended is sent SIGTERM, if this is number 1, and has this long to end; then
     * the kernel kills it. 0: it is killed at once. */
    lg_duration grace;
} lg_pid1_options;

/* To be called before threads are made, and before signals are handled. NULL options: all zero.
 *
 * Returns in the child, or without having done anything: NULL. An error if fork fails: the process is alone, and as it
 * was. The parent does not return: it ends by _exit, with the child's status, or 128 + the number of the signal that
 * ended it. It passes on every signal that it gets, but SIGCHLD, those of faults, those with which job control stops
 * processes, and (without `group`) those that a terminal sends, which the child gets itself. The child has the signal
 * mask and dispositions from before the call. */
LG_API lg_error *lg_pid1_guard(const lg_pid1_options *options)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
