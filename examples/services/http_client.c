/* http_client: a request handler that asks another service, with what it opens closed in the right order.
 *
 * On return the response's body is closed, then the context is ended, then the span: so the span ends last, and has seen
 * everything (how much was read, how it ended). In the wrong order the span is over before the body tells it.
 *
 * The other service is a small HTTP server in this program. It answers, answers with half of what it announced and then
 * nothing more, or refuses. */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* ---- the span ---- */

struct span {
    const char *name;
    size_t bytes;
    bool body_closed, over;
};

static void span_end(struct span *span)
{
    span->over = true;
    printf("span %s ended: %zu bytes, body %s\n", span->name, span->bytes,
           span->body_closed ? "closed" : "still open");
}

static void context_end(lg_context *ctx)
{
    puts("context ended");
    lg_context_free(ctx);
}

/* ---- a response, read as it comes ---- */

struct response {
    CURLM *multi;
    CURL *easy;
    const lg_context *ctx;
    lg_context_func waker;
    struct span *span;
    size_t read;
};

static size_t take(char *data, size_t size, size_t count, void *argument)
{
    struct response *response = argument;
    (void)data;
    response->read += size * count;
    return size * count;
}

/* What it is told by is no longer in use when it is freed: a wake-up that is under way is waited for (C5). */
static void response_close(struct response *response)
{
    lg_context_func_stop_and_wait(&response->waker);
    curl_multi_remove_handle(response->multi, response->easy);
    curl_easy_cleanup(response->easy);
    curl_multi_cleanup(response->multi);
    response->span->bytes = response->read;
    response->span->body_closed = true;
    puts(response->span->over ? "body closed, too late for the span" : "body closed");
    free(response);
}

static void wake(CURLM *multi)
{
    curl_multi_wakeup(multi);
}

static lg_error *response_open(const lg_context *ctx, const char *url, struct span *span,
                               struct response **opened)
{
    lg_func (lg_error *, err) {
        struct response *response = calloc(1, sizeof(*response));
        if (!response)
            lg_return(&lg_error_out_of_memory);
        lg_defer_on_error(free, response);
        *response = (struct response){.ctx = ctx, .span = span};
        response->multi = curl_multi_init();
        if (!response->multi)
            lg_return(lg_error_new("no memory for HTTP"));
        lg_defer_on_error(curl_multi_cleanup, response->multi);
        response->easy = curl_easy_init();
        if (!response->easy)
            lg_return(lg_error_new("no memory for HTTP"));
        lg_defer_on_error(curl_easy_cleanup, response->easy);
        curl_easy_setopt(response->easy, CURLOPT_URL, url);
        curl_easy_setopt(response->easy, CURLOPT_WRITEFUNCTION, take);
        curl_easy_setopt(response->easy, CURLOPT_WRITEDATA, response);
        curl_easy_setopt(response->easy, CURLOPT_FAILONERROR, 1L);
        curl_easy_setopt(response->easy, CURLOPT_NOSIGNAL, 1L);
        if (curl_multi_add_handle(response->multi, response->easy) != CURLM_OK)
            lg_return(lg_error_new("no memory for HTTP"));
        response->waker = lg_context_on_done(ctx, wake, response->multi);
        *opened = response;
        lg_return(NULL);
    }
}

/* Reads to the end; or until the context is done, which wakes it. */
static lg_error *response_read_all(struct response *response)
{
    int running = 1;
    while (running) {
        if (lg_context_error(response->ctx))
            return lg_error_wrap(lg_context_cause_copy(response->ctx), "after %zu bytes",
                                 response->read);
        if (curl_multi_perform(response->multi, &running) != CURLM_OK ||
            (running && curl_multi_poll(response->multi, NULL, 0, 60000, NULL) != CURLM_OK))
            return lg_error_new("HTTP");
    }
    int left;
    const CURLMsg *message = curl_multi_info_read(response->multi, &left);
    if (message && message->data.result != CURLE_OK)
        return lg_error_new(curl_easy_strerror(message->data.result));
    return NULL;
}

/* ---- the handler ---- */

static lg_error *handle(const char *name, const char *url)
{
    lg_func (lg_error *, err) {
        struct span span = {.name = name};
        lg_defer(span_end, &span);

        lg_context *ctx = lg_context_with_timeout(lg_context_background(), 300 * LG_MILLISECOND,
                                                  .name = "fetch");
        lg_defer(context_end, ctx);

        struct response *response;
        err = response_open(ctx, url, &span, &response);
        if (err)
            lg_return(err);
        lg_defer(response_close, response);

        lg_return(response_read_all(response));
    }
}

/* WRONG: the span was begun last, since only now its attributes are known; so it ends first. */
static lg_error *handle_in_the_wrong_order(const char *name, const char *url)
{
    lg_func (lg_error *, err) {
        struct span span = {.name = name};
        lg_context *ctx = lg_context_with_timeout(lg_context_background(), 300 * LG_MILLISECOND,
                                                  .name = "fetch");
        lg_defer(context_end, ctx);
        struct response *response;
        err = response_open(ctx, url, &span, &response);
        if (err)
            lg_return(err);
        lg_defer(response_close, response);
        lg_defer(span_end, &span);
        lg_return(response_read_all(response));
    }
}

/* ---- the other service ---- */

static const char whole[] = "HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
static const char half[] = "HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n01234";
static const char no[] = "HTTP/1.0 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

static void answer(int fd, const lg_context *ctx)
{
    char request[1024];
    size_t count;
    lg_defer(lg_close, fd, NULL);
    /* Who sends nothing, or reads nothing, must not keep a place for ever. */
    const lg_until until = lg_until_within(lg_until_context(ctx), 5 * LG_SECOND);
    lg_error *err = lg_read(fd, request, sizeof(request) - 1, until, &count);
    if (!err) {
        request[count] = '\0';
        bool stalls = strstr(request, "/half") != NULL;
        const char *reply = strstr(request, "/whole") ? whole : stalls ? half : no;
        err = lg_write(fd, reply, strlen(reply), until, NULL);
        if (!err && stalls)
            err = lg_sleep_until(LG_HOUR, lg_until_context(ctx));
    }
    lg_error_free(err);
}

static void serve(int listener, const lg_context *ctx)
{
    lg_group_scope(group, NULL);
    lg_error *err;
    int fd;
    lg_group_set_limit(&group, 64);
    while (!lg_context_error(ctx)) {
        err = lg_accept(listener, NULL, NULL, lg_until_context(ctx), &fd);
        if (!err)
            lg_group_go(&group, answer, fd, ctx);
        else if (!lg_context_error(ctx))
            lg_sleep(20 * LG_MILLISECOND); /* no descriptors are left: others will close some */
        lg_error_free(err);
    }
}

static lg_error *listen_on(int *listener, int *port)
{
    lg_func (lg_error *, err) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0)
            lg_return(lg_error_new_errno("socket"));
        lg_defer_on_error(lg_close, fd, NULL);
        if (bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 16) != 0 ||
            getsockname(fd, (struct sockaddr *)&address, &length) != 0)
            lg_return(lg_error_new_errno("listen"));
        *listener = fd;
        *port = ntohs(address.sin_port);
        lg_return(NULL);
    }
}

/* ---- all together ---- */

static void try(lg_error *(*handler)(const char *, const char *), const char *name, int port)
{
    char url[64];
    snprintf(url, sizeof(url), "http://127.0.0.1:%d/%s", port, name);
    lg_error *err = handler(name, url);
    char text[256];
    lg_error_format(err, text, sizeof(text));
    printf("%s\n\n", text);
    lg_error_free(err);
}

static lg_error *run(void)
{
    lg_func (lg_error *, err) {
        int listener = -1, port = 0;
        err = listen_on(&listener, &port);
        if (err)
            lg_return(err);
        lg_defer(lg_close, listener, &err);
        lg_context *ctx = lg_context_with_cancel(lg_context_background());
        lg_defer(lg_context_free, ctx);
        lg_group_scope(server, &err);
        lg_group_go(&server, serve, listener, ctx);
        lg_defer(lg_context_cancel, ctx); /* before the server is waited for */

        try(handle, "whole", port);
        try(handle, "half", port);
        try(handle, "none", port);
        try(handle_in_the_wrong_order, "whole", port);
        lg_return(NULL);
    }
}

int main(void)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    lg_defer(curl_global_cleanup);
    lg_error *err = run();
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
