/* What is known of descriptors that are or were waited for. */
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

/* One that waits, on its stack. */
struct lgi_fd_wait {
    struct lgi_waiter waiter;
    int fd;
    short events, revents;
    /* Of a goroutine: in the list of those whose descriptor was not armed anew. The worker's own. */
    bool trusting;
    struct lgi_fd_wait *next, **link;
};

static inline struct lgi_fd_wait *lgi_fd_wait_of(struct lgi_waiter *waiter)
{
    return (struct lgi_fd_wait *)waiter; /* its first member */
}

/* Of a wait: it was ended by lg_close. */
enum { LGI_FD_CLOSED = LGI_READY + 1 };

/* What is told whether one waits for it or not. */
enum { LGI_FD_ALWAYS = POLLERR | POLLHUP | POLLNVAL };

/* NULL: nobody has ever waited for it. */
struct lgi_fd *lgi_fd_known(int fd);

/* NULL: out of memory, or the number is beyond all limits. */
struct lgi_fd *lgi_fd_get(int fd);

/* False: it has been closed since it had that generation. */
bool lgi_fd_enter(struct lgi_fd *entry, uint32_t generation, struct lgi_fd_wait *wait);
void lgi_fd_leave(struct lgi_fd *entry, struct lgi_fd_wait *wait);

/* When there is no memory or descriptor to be had for waiting as one should: looks now and then. */
lg_error *lgi_wait_by_polling(int fd, uint32_t generation, short events, lg_until until,
                              short *revents);

lg_error *lgi_wait_fd_on_thread(struct lgi_g *g, int fd, uint32_t generation, short events,
                                lg_until until, short *revents);

lg_error *lgi_fd_not_open(int fd);

/* The result of a wait for a descriptor that was ended as `claim`. Sets *revents, unless the wait has failed. */
lg_error *lgi_fd_wait_result(const struct lgi_fd_wait *wait, uint32_t claim, lg_until until,
                             short *revents);

#endif
