/* Mistake 3: a context that is not ended stays until the process ends, with its timer and with what it holds; its
 * parent has to keep it in its list all that time. Here each request has a session, which its context owns. */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

enum { REQUESTS = 100 };

static int open_sessions;

static void close_session(void *session)
{
    (void)session;
    open_sessions--;
}

static const lg_context_key session_key = {"session", close_session};

static lg_context *new_request(const lg_context *server)
{
    open_sessions++;
    return lg_context_with_value(server, &session_key, &open_sessions);
}

static lg_context *wrong(const lg_context *server)
{
    lg_context *ctx = new_request(server);
    lg_context_cancel(ctx); // says that the work is over, and frees nothing
    return ctx;             // (only so that this program can end it after all)
}

static void right(const lg_context *server)
{
    lg_auto_context lg_context *ctx = new_request(server);
    lg_context_cancel(ctx);
}

int main(void)
{
    lg_auto_context lg_context *server = lg_context_with_cancel(lg_context_background());
    lg_context *left[REQUESTS];

    for (int i = 0; i < REQUESTS; i++)
        left[i] = wrong(server);
    int wrong_sessions = open_sessions;
    printf("wrong: after %d requests %d sessions are open\n", REQUESTS, wrong_sessions);
    for (int i = 0; i < REQUESTS; i++)
        lg_context_free(left[i]);

    for (int i = 0; i < REQUESTS; i++)
        right(server);
    printf("right: after %d requests %d sessions are open\n", REQUESTS, open_sessions);
    return wrong_sessions == REQUESTS && open_sessions == 0 ? 0 : 1;
}
