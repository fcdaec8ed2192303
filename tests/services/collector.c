#define _GNU_SOURCE
/* collector FILE: a small OTLP/HTTP collector. Prints its port, answers each POST with 200, and appends its body to FILE, a
 * line each; until SIGTERM. */
#include <arpa/inet.h>
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static FILE *file;
static lg_mutex file_lock;

/* Reads up to and with the empty line that ends the headers. Nothing of the body is taken. */
static lg_error *read_headers(int fd, char *headers, size_t size, bool *end)
{
    size_t length = 0;
    *end = false;
    while (length < 4 || memcmp(headers + length - 4, "\r\n\r\n", 4) != 0) {
        size_t count;
        if (length + 1 == size)
            return lg_error_new("headers that are too long");
        lg_error *err = lg_read(fd, headers + length, 1, lg_until_timeout(10 * LG_SECOND), &count);
        if (err)
            return err;
        if (count == 0) {
            *end = length == 0;
            return *end ? NULL : &lg_error_unexpected_end;
        }
        length++;
    }
    headers[length] = '\0';
    return NULL;
}

static size_t content_length(const char *headers)
{
    const char *at = strcasestr(headers, "\ncontent-length:");
    return at ? strtoul(at + strlen("\ncontent-length:"), NULL, 10) : 0;
}

static lg_error *answer(int fd, bool *end)
{
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                             "Content-Length: 2\r\n\r\n{}";
    lg_func (lg_error *, err) {
        char headers[4096];
        err = read_headers(fd, headers, sizeof(headers), end);
        if (err || *end)
            lg_return(err);
        size_t size = content_length(headers);
        char *body = malloc(size + 1);
        if (!body)
            lg_return(&lg_error_out_of_memory);
        lg_defer(free, body);
        err = lg_read_full(fd, body, size, lg_until_timeout(10 * LG_SECOND), NULL);
        if (err)
            lg_return(err);
        body[size] = '\0';
        lg_mutex_lock(&file_lock);
        fprintf(file, "%s\n", body);
        fflush(file);
        lg_mutex_unlock(&file_lock);
        lg_return(lg_write(fd, ok, sizeof(ok) - 1, lg_until_timeout(10 * LG_SECOND), NULL));
    }
}

static void serve(int fd)
{
    lg_defer(lg_close, fd, NULL);
    bool end = false;
    lg_error *err = NULL;
    while (!err && !end)
        err = answer(fd, &end);
    if (err)
        lg_error_print(err, stderr);
    lg_error_free(err);
}

static lg_error *collect(void)
{
    lg_func (lg_error *, err) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t length = sizeof(address);
        lg_context *ctx;
        err = lg_context_with_signals(lg_context_background(), &ctx, SIGTERM);
        if (err)
            lg_return(err);
        lg_defer(lg_context_free, ctx);
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), fd;
        lg_defer(lg_close, listener, &err);
        if (listener < 0 || bind(listener, (struct sockaddr *)&address, length) != 0 ||
            listen(listener, 64) != 0 ||
            getsockname(listener, (struct sockaddr *)&address, &length) != 0)
            lg_return(lg_error_new_errno("listen"));
        printf("%d\n", ntohs(address.sin_port));
        fflush(stdout);
        lg_error *ended;
        while (!(ended = lg_accept(listener, NULL, NULL, lg_until_context(ctx), &fd)))
            lg_go(serve, fd);
        if (!lg_error_is(ended, &lg_error_cancelled))
            lg_return(ended);
        lg_return(NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2 || !(file = fopen(argv[1], "a")))
        return 2;
    lg_error *err = collect();
    if (err)
        lg_error_print(err, stderr);
    int status = err != NULL;
    lg_error_free(err);
    return status;
}
