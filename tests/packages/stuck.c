/* Goroutine 1 waits for a mutex that nobody unlocks: the program reports it, and ends with status 2. */
#include <lifoguard/lifoguard.h>

static void worker(lg_mutex *mutex)
{
    lg_mutex_lock(mutex);
    lg_defer(lg_mutex_unlock, mutex);
}

int main(void)
{
    static lg_mutex mutex;
    lg_error *err = NULL;
    lg_group_scope(group, &err);
    lg_mutex_lock(&mutex);
    lg_group_go(&group, worker, &mutex);
}
