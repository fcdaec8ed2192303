/* A service whose parts are started again when they fail, that ends by itself when one of them does not recover, and in order when
 * it is told to (U1 to U6). In a server the context is that of the shutdown: lg_shutdown_context. */
#include <stdatomic.h>
#include <stdio.h>

#include <lifoguard/lifoguard.h>

/* Loses its connection twice, by an error and by a panic. */
static lg_error *follow_feed(const lg_context *ctx, atomic_int *connections)
{
    switch (atomic_fetch_add(connections, 1)) {
    case 0: return lg_error_new("connection reset");
    case 1: lg_panic("a message without an end");
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

/* Tells how the feed is once it has been connected for good, or has given up. */
static void describe_feed(lg_supervisor *parts, atomic_int *connections, char *text, size_t size)
{
    lg_member_report feed;
    while (lg_supervisor_member(parts, 1, &feed) && feed.state != LG_MEMBER_GAVE_UP &&
           atomic_load(connections) < 3)
        lg_sleep(LG_MILLISECOND);
    bool gave_up = feed.state == LG_MEMBER_GAVE_UP;
    snprintf(text, size, "%s: %s%s", feed.name, gave_up ? "gave up: " : "connected again",
             gave_up ? feed.error : "");
}

static lg_error *run(atomic_int *connections, char *text, size_t size)
{
    lg_func (lg_error *, err) {
        lg_auto_context lg_context *told_to_end = lg_context_with_cancel(lg_context_background());
        const lg_supervisor_options options = {.name = "service", .backoff = LG_MILLISECOND};
        lg_supervisor *parts;
        lg_try(lg_supervisor_new(&parts, told_to_end, &options));
        lg_defer(lg_supervisor_close, parts, &err);
        lg_try(lg_supervisor_start(parts, lg_until_timeout(LG_MINUTE), serve, "[::1]:8080"));
        lg_try(lg_supervisor_go(parts, follow_feed, connections));
        describe_feed(parts, connections, text, size);
        lg_context_cancel(told_to_end);
        lg_return(lg_supervisor_wait(parts));
    }
}

int main(void)
{
    char text[256] = "";
    atomic_int connections = 0;
    lg_error *err = run(&connections, text, sizeof(text));
    lg_defer(lg_error_free, err);
    if (*text)
        puts(text);
    lg_error_print(err, stdout);
    return err ? 1 : 0;
}
