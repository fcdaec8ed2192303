/* The debug form of lg_func: a plain return is noticed when it happens. */
#include <lifoguard/panic.h>

#include "defer/record.h"

void lgi_exit_checked(const struct lgi_exit_check *check)
{
    if (!check->ended && !check->frame->ok && !lgi_unwinding(lgi_top))
        lg_panic("%s was left by a plain return: write lg_return(…) (lg_func at %s:%u)",
                 check->function, check->file, check->line);
}
