/* The type of limits for waits (until.h). A deferred call takes it as an argument of two words, so call.h knows the type. */
#ifndef LIFOGUARD_IMPL_UNTIL_H
#define LIFOGUARD_IMPL_UNTIL_H

#include <lifoguard/time.h>

LG_BEGIN_DECLS

struct lgi_done;

typedef struct lg_until {
    lg_time lgi_deadline; /* on the clock of lg_now */
    struct lgi_done *lgi_done;
} lg_until;

LG_END_DECLS

#endif
