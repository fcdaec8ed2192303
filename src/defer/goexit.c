#include <lifoguard/panic.h>

#include "defer/exit.h"
#include "defer/unwinding.h"

LGI_JUMPS_BEGIN

static _Noreturn void leave(enum lgi_leaving leaving, int status)
{
    struct lgi_unwinding *u = lgi_unwinding_new();
    u->leaving = leaving;
    u->status = status;
    lgi_unwind(u);
}

void lg_goexit(void)
{
    leave(LGI_GOEXIT, 0);
}

void lg_exit(int status)
{
    lgi_exit_begin();
    leave(LGI_EXIT, status);
}

LGI_JUMPS_END
