/* constructor HOW is started with LG_TEST_CONSTRUCTOR=HOW: what a constructor does with the main thread, before main.
 *
 *   goexit     a deferred call lets another goroutine end the process with status 7 (Go's test/fixedbugs/issue5963.go)
 *   alone      lg_goexit, and there is nothing else: status 0
 *   deadlock   lg_goexit, and the only goroutine waits for ever: the report
 *   exit       lg_exit with status 5
 *   panic      a panic that is recovered, and one that is not: status 2
 *   nothing    main is reached */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

static lg_chan(int) status;

static void send_status(void)
{
    lg_chan_send(status, 7);
}

static void exit_with_received(void)
{
    int received = 77;
    lg_chan_recv(status, &received);
    exit(received);
}

static void wait_for_ever(void)
{
    lg_chan_recv(status, NULL);
}

static void stop(lg_panic_info *panic)
{
    if (panic)
        lg_recover(panic);
}

static void recovers(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_panic("stopped");
    }
}

__attribute__((constructor)) static void construct(void)
{
    const char *how = getenv("LG_TEST_CONSTRUCTOR");
    if (!how)
        return;
    status = lg_chan_make(int, 1);
    if (strcmp(how, "goexit") == 0) {
        lg_defer(send_status);
        lg_go(exit_with_received);
        lg_goexit();
    } else if (strcmp(how, "alone") == 0) {
        lg_goexit();
    } else if (strcmp(how, "deadlock") == 0) {
        lg_go(wait_for_ever);
        lg_goexit();
    } else if (strcmp(how, "exit") == 0) {
        lg_exit(5);
    } else if (strcmp(how, "panic") == 0) {
        recovers();
        lg_panic("not stopped");
    }
}

int main(void)
{
    const char *how = getenv("LG_TEST_CONSTRUCTOR");
    return how && strcmp(how, "nothing") == 0 ? 0 : 99;
}
