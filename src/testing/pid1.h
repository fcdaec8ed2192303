/* What the tests of process 1 share: a job in a process namespace of its own. */
#ifndef LGI_TESTING_PID1_H
#define LGI_TESTING_PID1_H

#include "testing/test.h"
#include <fcntl.h>
#include <lifoguard/service.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

/* Runs work(data) as process 1 of a namespace; visibly skipped where that is forbidden. */
__attribute__((unused)) static struct outcome *as_process_1(void (*work)(void *), void *data);

struct job {
    void (*work)(void *);
    void *data;
};

enum { FORBIDDEN = 99 };

__attribute__((unused)) static void in_namespace(void *data)
{
    const struct job *job = data;
    if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0)
        _exit(FORBIDDEN);
    pid_t child = fork();
    if (child == 0) {
        job->work(job->data);
        exit(0);
    }
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        _exit(FORBIDDEN);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

__attribute__((unused)) static struct outcome *as_process_1(void (*work)(void *), void *data)
{
    struct job job = {work, data};
    struct outcome *outcome = in_child(in_namespace, &job);
    if (outcome->status != FORBIDDEN)
        return outcome;
    fprintf(stderr, "skipped: PID namespaces are forbidden here\n");
    return NULL;
}

__attribute__((unused)) static void tell_number(const char *word, long number)
{
    char text[64];
    snprintf(text, sizeof(text), "%s%ld", word, number);
    tell(text);
}

__attribute__((unused)) static void guard_with(lg_pid1_options options)
{
    lg_error *err = lg_pid1_guard(&options);
    if (err)
        _exit(98);
}

__attribute__((unused)) static void sleep_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    while (nanosleep(&time, &time) != 0)
        ;
}

__attribute__((unused)) static volatile sig_atomic_t last;

__attribute__((unused)) static void take_note(int number)
{
    last = number;
}

#endif
