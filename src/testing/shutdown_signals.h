/* What the tests of the signals of a shutdown share. */
#ifndef LGI_TESTING_SHUTDOWN_SIGNALS_H
#define LGI_TESTING_SHUTDOWN_SIGNALS_H

#include "testing/shutdown.h"
#include <fcntl.h>
#include <lifoguard/go.h>

__attribute__((unused)) static void sleep_forever(void)
{
    for (;;)
        pause();
}

__attribute__((unused)) static lg_error *telling_stop(void *argument, const lg_context *context)
{
    (void)context;
    tell(argument);
    return NULL;
}

__attribute__((unused)) static char a[] = "a", b[] = "b";

__attribute__((unused)) static void add_telling(lg_shutdown *s, char *name)
{
    ok(lg_shutdown_add(s, &(lg_stage){.name = name, .stop = telling_stop, .argument = name}));
}

#endif
