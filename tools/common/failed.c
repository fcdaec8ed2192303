#include "failed.h"

#include "message.h"
#include "status.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void print(const lg_error *panic)
{
    const char *message = lg_error_message(panic);
    if (strstr(message, "out of memory"))
        print_message("%s", message);
    else
        lg_error_print_tree(panic, stderr);
}

/* Where not even that can be said, the exit status does. */
void failed_say(lg_error *panic)
{
    lg_error_free(lg_call_contained(print, panic));
    lg_error_free(panic);
}

void failed_leave(lg_error *panic)
{
    if (!panic)
        return;
    failed_say(panic);
    _exit(EXIT_OURS);
}
