/* A service whose parts are started again when they fail, that ends by itself when one of them does not recover, and in order when
 * it is told to (U1 to U6). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

/* Loses its connection twice, by an error and by a panic. */
static lg_error *follow_feed(const lg_context *ctx, int *connections)
{
    switch (++*connections) {
    case 1: return lg_error_new("connection reset");
    case 2: lg_panic("a message without an end");
    default: lg_context_wait(ctx); return NULL; /* connected for good */
    }
}

static lg_error *serve(const lg_context *ctx, const char *address)
{
    printf("listening on %s\n", address);
    lg_member_ready();
    lg_context_wait(ctx);
    return NULL;
}

/* The parts end when the program is told to end. */
static lg_error *run(lg_shutdown *down, int *connections)
{
    lg_func (lg_error *, err) {
        lg_supervisor *parts;
        lg_supervisor_options options = {
            .name = "service", .restarts = 3, .backoff = LG_MILLISECOND};
        lg_try(lg_supervisor_new(&parts, lg_shutdown_context(down), &options));
        lg_defer(lg_supervisor_close, parts, &err);
        lg_try(lg_supervisor_start(parts, lg_until_timeout(LG_MINUTE), serve, "[::1]:8080"));
        lg_try(lg_supervisor_go(parts, follow_feed, connections));
        lg_member_report feed;
        while (lg_supervisor_member(parts, 1, &feed) && feed.starts < 3)
            lg_sleep(LG_MILLISECOND);
        lg_restart_report restart;
        for (size_t i = 0; lg_supervisor_restart(parts, i, &restart); i++)
            printf("%s %s: %s\n", restart.member, lg_restart_cause_name(restart.cause),
                   restart.error);
        printf("%s: %s\n", feed.name, lg_member_state_name(feed.state));
        lg_shutdown_request(down, "all has been shown");
        lg_return(lg_supervisor_wait(parts));
    }
}

static lg_error *start(void)
{
    lg_func (lg_error *, err) {
        int connections = 0;
        lg_shutdown *down;
        lg_try(lg_shutdown_new(&down, NULL));
        lg_defer(lg_shutdown_close, down, &err);
        lg_return(run(down, &connections));
    }
}

int main(void)
{
    lg_error *err = start();
    lg_error_print(err, stdout);
    lg_error_free(err);
    return err ? 1 : 0;
}
