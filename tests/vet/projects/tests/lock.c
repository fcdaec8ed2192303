#include <pthread.h>

/* The program of the test ends. */
int waits_for_all(pthread_mutex_t *lock)
{
    pthread_mutex_lock(lock);
    if (begin_all() < 0)
        return -1;
    pthread_mutex_unlock(lock);
    return 0;
}
