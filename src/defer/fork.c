#include "defer/fork.h"

#include <pthread.h>

#include "defer/call.h"
#include "defer/exit.h"
#include "defer/hooks.h"
#include "defer/pending.h"
#include "defer/thread.h"

/* Told apart by its address from the sites in unwind.c, as those are. */
static const struct lgi_site fork_site = {.text = "", .line = 4, .kind = LGI_HEAD};

static bool is_pending(const struct lgi_record *record)
{
    struct lgi_chain chain;
    const struct lgi_record *r;
    lgi_chain_begin(&chain);
    do
        r = lgi_chain_next(&chain);
    while (r && r != record);
    return r != NULL;
}

void lgi_fork_refuse(const struct lgi_unwinding *u)
{
    const struct lgi_record *mark = &lgi_thread.fork_mark;
    const struct lgi_catcher *catcher = lgi_live_catcher(&lgi_thread);
    /* A call of the child contains the panic: the unwinding ends there, before it comes to what is the parent's. */
    if (catcher && !catcher->of_parent && u->panic && u->leaving == LGI_NOT_LEAVING)
        return;
    if (catcher && catcher->of_parent)
        lgi_fatal(
            u, "in a child after fork, in a goroutine of the parent, or in a call that was to stop "
               "the parent's panics: the child must call exec or _exit");
    if (mark->site && is_pending(mark))
        lgi_fatal(
            u, "in a child after fork, with deferred calls of the parent pending: the child must "
               "call exec or _exit, or fork where nothing is pending");
}

/* ---- mutexes ---- */

uint32_t lgi_forks;
static struct lgi_free_in_child *free_in_child;

/* (By constructors: of the objects of one library, one after the other.) */
void lgi_register_free_in_child(struct lgi_free_in_child *entry)
{
    entry->next = free_in_child;
    free_in_child = entry;
}

static void free_mutexes(void)
{
    for (struct lgi_free_in_child *entry = free_in_child; entry; entry = entry->next)
        pthread_mutex_init(entry->mutex, NULL);
}

/* ---- in a child ---- */

/* What would stop a panic here goes on with the parent's code. */
static void mark_catchers(void)
{
    struct lgi_catcher *catcher = lgi_live_catcher(&lgi_thread);
    for (; catcher && catcher->mark == (uintptr_t)catcher; catcher = catcher->outer)
        catcher->of_parent = true;
}

/* Puts the mark into the chain, as the newest record, after taking out the mark of an earlier fork. */
static void in_child(void)
{
    lgi_forks++;
    free_mutexes();
    lgi_panics_forked();
    lgi_exit_forked();
    lgi_limited_forked();
    mark_catchers();
    struct lgi_record *mark = &lgi_thread.fork_mark;
    if (mark->site) {
        struct lgi_record **link = &lgi_top;
        while (*link && lgi_untag(*link) != mark)
            link = &lgi_untag(*link)->previous;
        if (*link)
            *link = mark->previous;
    }
    if (lgi_top) {
        mark->site = &fork_site;
        mark->previous = lgi_top;
        lgi_top = mark;
    }
}

__attribute__((constructor)) static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, in_child);
}
