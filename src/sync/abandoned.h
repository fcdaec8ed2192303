/* Locks whose holder, a goroutine or thread, has ended without unlocking them. */
#ifndef LGI_SYNC_ABANDONED_H
#define LGI_SYNC_ABANDONED_H

#include <lifoguard/mutex.h>

bool lgi_mutex_is_abandoned(const lg_mutex *mutex);

/* What to say of a mutex that is: a wait that has an end returns lg_error_abandoned; one without an end panics. */
lg_error *lgi_abandoned(lg_until until);

#endif
