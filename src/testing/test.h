/* What the tests of this room share: a trace of what ran, threads to be left in any way, and children whose
 * end is looked at. Must be included first. */
#ifndef LGI_TESTING_TEST_H
#define LGI_TESTING_TEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lifoguard/lifoguard.h>

#include "testing/suite.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define HAS_TSAN 1
#endif
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define HAS_TSAN 1
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER 1
#endif

/* Here the forms stand in arguments of macros too, where the _Pragma in them comes too late, and which make a text of all that the
 * forms expand to. */
#if defined(__clang__)
#pragma clang diagnostic ignored "-Wc2y-extensions"
#pragma clang diagnostic ignored "-Woverlength-strings"
#endif

/* A function that ends only by a panic is meant so. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Winfinite-recursion"
#endif

/* ---- the trace ---- */

static char trace_text[16384];

static inline void note(const char *word)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&one_at_a_time);
    size_t used = strlen(trace_text);
    snprintf(trace_text + used, sizeof(trace_text) - used, "%s%s", used ? " " : "", word);
    pthread_mutex_unlock(&one_at_a_time);
}

static inline void note_number(int number)
{
    char word[16];
    snprintf(word, sizeof(word), "%d", number);
    note(word);
}

static inline void note_pair(const char *word, int number)
{
    char text[64];
    snprintf(text, sizeof(text), "%s%d", word, number);
    note(text);
}

/* The trace since the last time. */
#define expect_trace(expected)                                                                     \
    do {                                                                                           \
        ck_assert_str_eq(trace_text, expected);                                                    \
        trace_text[0] = '\0';                                                                      \
    } while (0)

/* For lg_defer_recover: stops a panic, noting its message. */
static inline void stop(lg_panic_info *panic)
{
    if (lg_recover(panic)) {
        note("stopped:");
        note(lg_panic_message(panic));
    }
}

/* This one lets it go on. */
static inline void note_only(lg_panic_info *panic, const char *word)
{
    (void)panic;
    note(word);
}

/* For cleanup variables, as other people have them. */
static inline void foreign_cleanup(const char **word)
{
    note(*word);
}
#define FOREIGN(name, word)                                                                        \
    const char *name __attribute__((cleanup(foreign_cleanup), unused)) = word

static inline void panic_with(const char *message)
{
    lg_panic("%s", message);
}

/* ---- threads ---- */

struct thread_work {
    void (*work)(void *);
    void *data;
};

static inline void *thread_main(void *data)
{
    const struct thread_work *thread = data;
    thread->work(thread->data);
    return data; /* not NULL */
}

/* Runs work(data) in a thread of its own. True if it returned, false if the thread ended before. */
static inline bool on_thread(void (*work)(void *), void *data)
{
    struct thread_work thread_work = {work, data};
    pthread_t thread;
    void *result;
    ck_assert_int_eq(pthread_create(&thread, NULL, thread_main, &thread_work), 0);
    ck_assert_int_eq(pthread_join(thread, &result), 0);
    return result == &thread_work;
}

/* ---- children ---- */

/* What a child's main stack pointed to is no longer found when that has been unwound. */
#if defined(HAS_ASAN)
static bool leaks_do_not_matter;
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
    return leaks_do_not_matter;
}
#endif

struct outcome {
    int status; /* of its exit, or minus the signal that ended it */
    size_t out_length, err_length;
    char out[16384], err[65536];
};

static inline bool drain(int fd, char *text, size_t size, size_t *length)
{
    char rest[4096];
    ssize_t got = *length < size - 1 ? read(fd, text + *length, size - 1 - *length)
                                     : read(fd, rest, sizeof(rest));
    if (got > 0 && *length < size - 1) {
        *length += (size_t)got;
        text[*length] = '\0';
    }
    return got > 0 || (got < 0 && errno == EINTR);
}

/* Runs work(data) in a child, which ends by exit(0) if that returns. The outcome lasts until the next
 * call. */
static inline struct outcome *in_child(void (*work)(void *), void *data)
{
    static struct outcome outcome;
    int out[2], err[2], status;
    memset(&outcome, 0, sizeof(outcome));
    ck_assert_int_eq(pipe(out), 0);
    ck_assert_int_eq(pipe(err), 0);
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGALRM, SIG_DFL);
        alarm(500);
        dup2(out[1], STDOUT_FILENO);
        dup2(err[1], STDERR_FILENO);
        close(out[0]);
        close(out[1]);
        close(err[0]);
        close(err[1]);
        trace_text[0] = '\0';
#if defined(HAS_ASAN)
        leaks_do_not_matter = true;
#endif
        work(data);
        exit(0);
    }
    close(out[1]);
    close(err[1]);
    struct pollfd fds[2] = {{.fd = out[0], .events = POLLIN}, {.fd = err[0], .events = POLLIN}};
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[0].revents && !drain(out[0], outcome.out, sizeof(outcome.out), &outcome.out_length))
            fds[0].fd = -1;
        if (fds[1].revents && !drain(err[0], outcome.err, sizeof(outcome.err), &outcome.err_length))
            fds[1].fd = -1;
    }
    close(out[0]);
    close(err[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return &outcome;
}

/* What runs in a child tells what happened by writing at once: nothing buffered is lost. */
static inline void tell(const char *word)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "%s ", word);
    if (length >= (int)sizeof(text) || write(STDOUT_FILENO, text, (size_t)length) < 0)
        _exit(99);
}

static inline void tell_stop(lg_panic_info *panic)
{
    tell(lg_recover(panic) ? lg_panic_message(panic) : "nothing-to-stop");
}

#define expect_status(outcome, expected)                                                           \
    ck_assert_msg((outcome)->status == (expected), "status %d, not %d; stdout: %s; stderr: %s",    \
                  (outcome)->status, (expected), (outcome)->out, (outcome)->err)
#define expect_out(outcome, expected) ck_assert_str_eq((outcome)->out, expected)
#define expect_in_err(outcome, part)                                                               \
    ck_assert_msg(strstr((outcome)->err, part) != NULL, "not in stderr: %s\n%s", part,             \
                  (outcome)->err)
#define expect_not_in_err(outcome, part)                                                           \
    ck_assert_msg(strstr((outcome)->err, part) == NULL, "in stderr: %s\n%s", part, (outcome)->err)

/* How often `part` occurs. */
static inline int occurrences(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        count++;
    return count;
}

/* ---- main ---- */

#endif
