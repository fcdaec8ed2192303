/* The table of descriptors that goroutines or threads have waited for. */
#ifndef LGI_POLL_DESCRIPTOR_H
#define LGI_POLL_DESCRIPTOR_H

#include <poll.h>

#include "sched/park.h"

struct lgi_fd {
    uint32_t lock;
    uint32_t generation; /* changed by lg_close … */
    uint32_t life;       /* … and by lgi_fd_is_stream: both written atomically, under the lock */
    bool stream;
    struct lgi_waiters waiters;
};

/* A wait for a descriptor, on the stack of the waiting goroutine or thread. */
struct lgi_fd_wait {
    struct lgi_waiter waiter;
    int fd;
    short events, revents;
    /* Of a goroutine: in the worker's list of waits whose descriptors were not armed again. */
    bool trusting;
    struct lgi_fd_wait *next, **link;
};

static inline struct lgi_fd_wait *lgi_fd_wait_of(struct lgi_waiter *waiter)
{
    return (struct lgi_fd_wait *)waiter; /* its first member */
}

/* What lg_close ends a wait as. */
enum { LGI_FD_CLOSED = LGI_READY + 1 };

/* The events that end every wait. */
enum { LGI_FD_ALWAYS = POLLERR | POLLHUP | POLLNVAL };

/* NULL: there was never a wait for the descriptor. */
struct lgi_fd *lgi_fd_known(int fd);

/* NULL: out of memory, or the number is beyond all limits. */
struct lgi_fd *lgi_fd_get(int fd);

/* Adds a wait. False: the descriptor has been closed since it had that generation. */
bool lgi_fd_enter(struct lgi_fd *entry, uint32_t generation, struct lgi_fd_wait *wait);
void lgi_fd_leave(struct lgi_fd *entry, struct lgi_fd_wait *wait);

/* Waits by asking poll(2) from time to time: when there is no memory or no descriptor for an epoll instance. */
lg_error *lgi_wait_by_polling(int fd, uint32_t generation, short events, lg_until until,
                              short *revents);

lg_error *lgi_wait_fd_on_thread(struct lgi_g *g, int fd, uint32_t generation, short events,
                                lg_until until, short *revents);

lg_error *lgi_fd_not_open(int fd);

/* The result of a wait for a descriptor that was ended as `claim`. Sets *revents, unless the wait has failed. */
lg_error *lgi_fd_wait_result(const struct lgi_fd_wait *wait, uint32_t claim, lg_until until,
                             short *revents);

#endif
