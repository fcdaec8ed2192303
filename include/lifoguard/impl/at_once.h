/* What a scope whose calls run at once consists of. Nothing here is for users: names and layouts change freely. */
#ifndef LIFOGUARD_IMPL_AT_ONCE_H
#define LIFOGUARD_IMPL_AT_ONCE_H

#include <stdbool.h>

#include <lifoguard/impl/record.h>
#include <lifoguard/limit.h>

LG_BEGIN_DECLS

struct lgi_at_once_call {
    struct lgi_limited call;
    struct lgi_at_once_call *previous;
    lg_error *error;
    bool called;
};

typedef struct lg_at_once {
    lg_error **lgi_result;
    struct lgi_at_once_call *lgi_last;
    unsigned lgi_used; /* of the first ones */
    struct lgi_at_once_call lgi_first[LGI_SCOPE_FIRST];
    struct lgi_at_once_call lgi_spare; /* takes the call for which there is no memory */
} lg_at_once;

LG_END_DECLS

#endif
