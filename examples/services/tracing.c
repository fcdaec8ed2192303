/* tracing COLLECTOR-URL [wrong-order]: a service whose work, and whose end, is traced.
 *
 * Each request, and each step of the shutdown, is a span; spans are sent to an OTLP/HTTP collector, some at a time. The
 * tracer was started first, so it is stopped last, and brings out the spans of every other cleanup too. In the wrong
 * order it is stopped first, and what the others have to tell is lost.
 *
 * Runs until SIGTERM or SIGINT; then prints how many spans there were, and how many were lost. */
#include <curl/curl.h>
#include <errno.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

/* ---- spans ---- */

struct span {
    char name[64];
    unsigned char trace[16], id[8];
    uint64_t begin, end; /* ns since 1970 */
};

struct tracer {
    const char *url;
    lg_chan(struct span) spans;
    lg_waitgroup exporter;
    /* The exporter's, until it has ended. */
    size_t not_exported;
    lg_error *failures;

    lg_mutex lock; /* of what follows */
    bool closed;
    size_t ended, lost;
};

static uint64_t wall_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct span span_begin(const char *name)
{
    struct span span = {.begin = wall_clock()};
    snprintf(span.name, sizeof(span.name), "%s", name);
    if (getrandom(span.trace, sizeof(span.trace), 0) < 0 ||
        getrandom(span.id, sizeof(span.id), 0) < 0)
        lg_panic("no random numbers");
    return span;
}

/* For lg_defer. When the tracer has been shut down, there is nobody to take it any more. (The lock keeps it from being shut
 * down between the look and the send, which may wait for the exporter: so the exporter must not need it.) */
static void span_end(struct span *span, struct tracer *tracer)
{
    span->end = wall_clock();
    lg_mutex_lock(&tracer->lock);
    lg_defer(lg_mutex_unlock, &tracer->lock);
    tracer->ended++;
    if (tracer->closed) {
        tracer->lost++;
        fprintf(stderr, "lost: %s\n", span->name);
        return;
    }
    lg_chan_send(tracer->spans, *span);
}

/* ---- exporting ---- */

static void write_hex(FILE *out, const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%02x", bytes[i]);
}

static void write_span(FILE *out, const struct span *span)
{
    fputs("{\"traceId\":\"", out);
    write_hex(out, span->trace, sizeof(span->trace));
    fputs("\",\"spanId\":\"", out);
    write_hex(out, span->id, sizeof(span->id));
    fprintf(out,
            "\",\"name\":\"%s\",\"kind\":1,\"startTimeUnixNano\":\"%ju\",\"endTimeUnixNano\":"
            "\"%ju\"}",
            span->name, (uintmax_t)span->begin, (uintmax_t)span->end);
}

static void free_text(char **text)
{
    free(*text);
}

static lg_error *make_body(const struct span *spans, size_t count, char **body, size_t *size)
{
    lg_func (lg_error *, err) {
        FILE *out = open_memstream(body, size);
        if (!out)
            lg_return(lg_error_new_errno("spans"));
        lg_defer(lg_fclose, out, &err);
        fputs(
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":"
            "{\"stringValue\":\"example\"}}]},\"scopeSpans\":[{\"scope\":{\"name\":\"example\"},"
            "\"spans\":[",
            out);
        for (size_t i = 0; i < count; i++) {
            if (i > 0)
                fputc(',', out);
            write_span(out, &spans[i]);
        }
        fputs("]}]}]}", out);
        lg_return(NULL);
    }
}

static size_t ignore(char *data, size_t size, size_t count, void *unused)
{
    (void)data;
    (void)unused;
    return size * count;
}

static lg_error *post(CURL *curl, const char *url, const char *body, size_t size)
{
    lg_func (lg_error *, err) {
        long status = 0;
        struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
        if (!headers)
            lg_return(&lg_error_out_of_memory);
        lg_defer(curl_slist_free_all, headers);
        curl_easy_setopt(curl, CURLOPT_URL, url);
        curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ignore);
        curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 2000L);
        curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
        CURLcode code = curl_easy_perform(curl);
        if (code != CURLE_OK)
            lg_return(lg_error_newf("%s: %s", url, curl_easy_strerror(code)));
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
        lg_return(status == 200 ? NULL : lg_error_newf("%s: status %ld", url, status));
    }
}

static lg_error *export(CURL *curl, const char *url, const struct span *spans, size_t count)
{
    lg_func (lg_error *, err) {
        char *body = NULL;
        size_t size = 0;
        lg_defer(free_text, &body);
        err = make_body(spans, count, &body, &size);
        if (!err)
            err = post(curl, url, body, size);
        lg_return(err);
    }
}

/* Takes spans until there are no more: a batch is what has come within a tenth of a second, or as many as it may hold. */
static void export_all(struct tracer *tracer)
{
    enum { BATCH = 64 };
    struct span batch[BATCH];
    lg_defer(lg_waitgroup_done, &tracer->exporter);
    CURL *curl = curl_easy_init();
    if (!curl)
        lg_panic("no memory for HTTP");
    lg_defer(curl_easy_cleanup, curl);

    while (lg_chan_recv(tracer->spans, &batch[0])) {
        size_t count = 1;
        lg_until until = lg_until_timeout(100 * LG_MILLISECOND);
        while (count < BATCH && !lg_chan_recv_until(tracer->spans, &batch[count], until))
            count++;
        lg_error *err = export(curl, tracer->url, batch, count);
        tracer->not_exported += err ? count : 0;
        if (!tracer->failures)
            tracer->failures = err; /* the first tells enough: a collector may be away for long */
        else
            lg_error_free(err);
    }
}

/* ---- the stages ---- */

static lg_error *start_tracer(void *argument, const lg_context *ctx)
{
    struct tracer *tracer = argument;
    (void)ctx;
    tracer->spans = lg_chan_make(struct span, 256);
    lg_waitgroup_add(&tracer->exporter, 1);
    lg_go_thread(export_all, tracer); /* libcurl blocks */
    return NULL;
}

/* No more are taken; those that were are brought out. */
static lg_error *stop_tracer(void *argument, const lg_context *ctx)
{
    struct tracer *tracer = argument;
    lg_mutex_lock(&tracer->lock);
    tracer->closed = true;
    lg_mutex_unlock(&tracer->lock);
    lg_chan_close(tracer->spans);
    lg_error *err = lg_waitgroup_wait_until(&tracer->exporter, lg_until_context(ctx));
    if (err)
        return err;
    lg_chan_unref(tracer->spans);
    tracer->lost += tracer->not_exported;
    return tracer->failures;
}

/* Something that has to be closed, and whose closing is worth a span. */
struct resource {
    const char *name;
    struct tracer *tracer;
};

static lg_error *stop_resource(void *argument, const lg_context *ctx)
{
    struct resource *resource = argument;
    char name[64];
    (void)ctx;
    snprintf(name, sizeof(name), "close %s", resource->name);
    struct span span = span_begin(name);
    lg_defer(span_end, &span, resource->tracer);
    lg_sleep(5 * LG_MILLISECOND);
    return NULL;
}

/* ---- the work ---- */

static void handle(struct tracer *tracer)
{
    struct span span = span_begin("request");
    lg_defer(span_end, &span, tracer);
    lg_sleep(2 * LG_MILLISECOND);
}

static void work(struct tracer *tracer, lg_shutdown *down)
{
    while (!lg_shutdown_is_requested(down))
        handle(tracer);
}

static lg_error *run(struct tracer *tracer, bool wrong_order)
{
    lg_func (lg_error *, err) {
        struct resource database = {"database", tracer}, cache = {"cache", tracer};
        const lg_stage tracing = {
            .name = "tracer", .start = start_tracer, .stop = stop_tracer, .argument = tracer};
        const lg_stage others[] = {
            {.name = "database", .stop = stop_resource, .argument = &database},
            {.name = "cache", .stop = stop_resource, .argument = &cache},
        };
        lg_shutdown *down;
        err = lg_shutdown_new(&down, &(lg_shutdown_options){.budget = 10 * LG_SECOND});
        if (err)
            lg_return(err);
        lg_defer(lg_shutdown_close, down, &err);

        if (!wrong_order)
            err = lg_shutdown_start(down, &tracing);
        for (size_t i = 0; i < 2 && !err; i++)
            err = lg_shutdown_start(down, &others[i]);
        if (wrong_order && !err)
            err = lg_shutdown_start(down, &tracing);
        if (!err)
            err = lg_shutdown_ready(down);
        if (err)
            lg_return(err);
        puts("ready");
        fflush(stdout);

        lg_group_scope(
            workers,
            &err); /* its block is left, and they have ended, before the stages are stopped */
        for (int i = 0; i < 8; i++)
            lg_group_go(&workers, work, tracer, down);
        lg_return(NULL);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: tracing COLLECTOR-URL [wrong-order]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    lg_defer(curl_global_cleanup);
    struct tracer tracer = {.url = argv[1]};
    lg_error *err = run(&tracer, argc > 2 && strcmp(argv[2], "wrong-order") == 0);
    printf("%zu spans, %zu lost\n", tracer.ended, tracer.lost);
    if (!err)
        return 0;
    lg_error_print(err, stderr);
    lg_error_free(err);
    return 1;
}
