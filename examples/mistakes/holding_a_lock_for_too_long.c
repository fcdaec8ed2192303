/* Mistake 11: deferring the unlock of a mutex that is needed for two lines only. It stays locked for the slow
 * work behind them, and everybody waits. A block around the two lines ends it where it should, and on
 * every way out of them. */
#include <stdbool.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

struct server {
    lg_mutex mutex;
    int requests;
};

static void try_to_lock(lg_mutex *mutex, bool *locked)
{
    *locked = lg_mutex_try_lock(mutex);
    if (*locked)
        lg_mutex_unlock(mutex);
}

/* Tells whether another goroutine could use the server in the meantime. */
static bool slow_work(struct server *server)
{
    bool usable = false;
    {
        lg_waitgroup other = LG_WAITGROUP_INIT;
        lg_defer(lg_waitgroup_wait, &other);
        lg_waitgroup_go(&other, try_to_lock, &server->mutex, &usable);
    }
    return usable;
}

static bool wrong(struct server *server)
{
    lg_mutex_lock(&server->mutex);
    lg_defer(lg_mutex_unlock, &server->mutex);
    server->requests++;
    return slow_work(server);
}

static bool right(struct server *server)
{
    {
        lg_mutex_lock(&server->mutex);
        lg_defer(lg_mutex_unlock, &server->mutex);
        server->requests++;
    }
    return slow_work(server);
}

static bool show(const char *which, bool usable)
{
    printf("%s: others %s while it works\n", which, usable ? "go on" : "wait");
    return usable;
}

int main(void)
{
    struct server server = {0};
    bool wrong_is_usable = show("wrong", wrong(&server));
    bool right_is_usable = show("right", right(&server));
    return !wrong_is_usable && right_is_usable ? 0 : 1;
}
