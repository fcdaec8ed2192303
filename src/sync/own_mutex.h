/* The mutexes of the library's own objects. (ThreadSanitizer sees the atomic operations of mutex.h's inline functions where they are
 * part of a program that is built with it, and not where they are part of the library.) */
#ifndef LGI_SYNC_OWN_MUTEX_H
#define LGI_SYNC_OWN_MUTEX_H

#include <lifoguard/mutex.h>

#include "error/ordering.h"

static inline void lgi_own_mutex_lock(lg_mutex *mutex)
{
    lg_mutex_lock(mutex);
    lgi_acquired(&mutex->lgi_word);
}

static inline void lgi_own_mutex_unlock(lg_mutex *mutex)
{
    lgi_releases(&mutex->lgi_word);
    lg_mutex_unlock(mutex);
}

#endif
