/* What the tests of this room share: goroutines to be waited for, the same work on a goroutine and on a thread,
 * and what the process has open. Must be included first. */
#ifndef LGI_TESTING_CREW_H
#define LGI_TESTING_CREW_H

#include "testing/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sched/park.h"

/* As ck_assert, but it costs nothing if it holds. */
#define must(condition)                                                                            \
    do {                                                                                           \
        if (!(condition))                                                                          \
            ck_abort_msg("%s (errno %d)", #condition, errno);                                      \
    } while (0)

#define must_not_fail(call)                                                                        \
    do {                                                                                           \
        lg_error *error_ = (call);                                                                 \
        if (error_)                                                                                \
            ck_abort_msg("%s: %s", #call, lg_error_text(error_));                                  \
    } while (0)

/* The error is the static one, unwrapped. */
#define must_be(call, expected)                                                                    \
    do {                                                                                           \
        const lg_error *error_ = (call);                                                           \
        if (error_ != (expected))                                                                  \
            ck_abort_msg("%s: %s", #call, error_ ? lg_error_text(error_) : "no error");            \
    } while (0)

#define must_be_errno(call, value)                                                                 \
    do {                                                                                           \
        lg_error *error_ = (call);                                                                 \
        if (!lg_error_is_errno(error_, value))                                                     \
            ck_abort_msg("%s: %s", #call, error_ ? lg_error_text(error_) : "no error");            \
        lg_error_free(error_);                                                                     \
    } while (0)

/* ---- goroutines ---- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t none;
    unsigned left;
} crew = {.lock = PTHREAD_MUTEX_INITIALIZER, .none = PTHREAD_COND_INITIALIZER};

static inline void crew_leave(void)
{
    pthread_mutex_lock(&crew.lock);
    if (--crew.left == 0)
        pthread_cond_broadcast(&crew.none);
    pthread_mutex_unlock(&crew.lock);
}

static inline void crew_member(void (*work)(void *), void *data)
{
    lg_defer(crew_leave);
    work(data);
}

static inline void crew_go(void (*work)(void *), void *data)
{
    pthread_mutex_lock(&crew.lock);
    crew.left++;
    pthread_mutex_unlock(&crew.lock);
    lg_go(crew_member, work, data);
}

static inline unsigned crew_left(void)
{
    pthread_mutex_lock(&crew.lock);
    unsigned left = crew.left;
    pthread_mutex_unlock(&crew.lock);
    return left;
}

/* On a thread of the test's own. */
static inline void crew_wait(void)
{
    pthread_mutex_lock(&crew.lock);
    while (crew.left > 0)
        pthread_cond_wait(&crew.none, &crew.lock);
    pthread_mutex_unlock(&crew.lock);
}

enum { ON_GOROUTINE, ON_THREAD, PLACES };

/* Runs work(data) on a goroutine or a thread, and waits for its end. */
static inline void on(int place, void (*work)(void *), void *data)
{
    if (place == ON_THREAD) {
        ck_assert(on_thread(work, data));
    } else {
        crew_go(work, data);
        crew_wait();
    }
}

/* Lets whoever else has something to do come to wait. */
static inline void pause_ms(int ms)
{
    struct timespec time = {0, ms * 1000000L};
    nanosleep(&time, NULL);
}

/* ---- descriptors ---- */

/* Not those by which a process looks at itself: the listing here, or a worker's that looks for a deadlock just now. */
static inline bool is_lasting(int folder, const char *name)
{
    char target[8];
    ssize_t length = readlinkat(folder, name, target, sizeof(target));
    return length >= 0 && (length < 6 || memcmp(target, "/proc/", 6) != 0);
}

static inline int count_open(void)
{
    int count = 0;
    /* (Of what opendir opens, ThreadSanitizer does not know that it is a new descriptor.) */
    int folder = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    must(folder >= 0);
    DIR *listing = fdopendir(folder);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing));)
        count += entry->d_name[0] != '.' && is_lasting(folder, entry->d_name);
    closedir(listing);
    return count;
}

static inline void set_flag(int fd, int flag, bool on_)
{
    int flags = fcntl(fd, F_GETFL);
    must(flags >= 0 && fcntl(fd, F_SETFL, on_ ? flags | flag : flags & ~flag) == 0);
}

/* Valgrind keeps the limit of descriptors to itself. */
static inline bool in_valgrind(void)
{
    const char *preloaded = getenv("LD_PRELOAD");
    return preloaded && strstr(preloaded, "vgpreload");
}

/* The kinds of channels within the process: what is written to `to` is read from `from`. */
struct ends {
    int from, to;
};

enum { PIPE, PIPE_NONBLOCKING, STREAM, STREAM_NONBLOCKING, KINDS };
static const char *const kind_names[] = {"pipe", "non-blocking pipe", "socket",
                                         "non-blocking socket"};

static inline bool is_socket(int kind)
{
    return kind == STREAM || kind == STREAM_NONBLOCKING;
}

static inline struct ends make_ends(int kind)
{
    int fds[2];
    must((is_socket(kind) ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)
                          : pipe2(fds, O_CLOEXEC)) == 0);
    if (kind == PIPE_NONBLOCKING || kind == STREAM_NONBLOCKING) {
        set_flag(fds[0], O_NONBLOCK, true);
        set_flag(fds[1], O_NONBLOCK, true);
    }
    return (struct ends){fds[0], fds[1]};
}

static inline void close_ends(struct ends ends)
{
    close(ends.from);
    close(ends.to);
}

#endif
