/* The HTTP server with libmicrohttpd, which runs the handler on its own threads; prints its port. No argument: with as
 * many threads as there are processors, each with an epoll instance. "threads": with a thread for each connection. */
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static enum MHD_Result answer(void *unused, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *size, void **request)
{
    static char text[] = "hello\n";
    static int seen;
    (void)unused, (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*request) { /* the first call for a request comes before its body */
        *request = &seen;
        return MHD_YES;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(strlen(text), text,
                                                                    MHD_RESPMEM_PERSISTENT);
    MHD_add_response_header(response, "Content-Type", "text/plain");
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

static struct MHD_Daemon *begin(int thread_each)
{
    if (thread_each)
        return MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0,
                                NULL, NULL, answer, NULL, MHD_OPTION_END);
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, NULL,
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)sysconf(_SC_NPROCESSORS_ONLN),
                            MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *daemon = begin(argc > 1 && strcmp(argv[1], "threads") == 0);
    if (!daemon)
        return 1;
    printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    for (;;)
        pause();
}
