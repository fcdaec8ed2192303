/* Idle connections: 10,000 of them, each of which has been answered once.
 *
 *     idle_load WHAT SERVER ARGUMENT…
 *
 * starts an echo server (load.h), opens the connections, a hundred at a time, and prints for each the time from
 * connecting to the first echo, the server's processor time, and the memory that the server takes for a connection that
 * waits. (The kernel's memory for a socket is the same for all servers, and is not counted.) */
#include <stdio.h>
#include <sys/resource.h>

#include "load.h"

enum { CONNECTIONS = 10000, AT_ONCE = 100 };

static void raise_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        load_die("getrlimit");
    limit.rlim_cur = limit.rlim_max; /* the server inherits it */
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        load_die("setrlimit");
}

static void open_some(const struct load_server *server)
{
    int fds[AT_ONCE];
    for (int i = 0; i < AT_ONCE; i++)
        load_send(fds[i] = load_connect(server));
    for (int i = 0; i < AT_ONCE; i++)
        load_receive(fds[i]);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: idle_load WHAT SERVER ARGUMENT...\n");
        return 2;
    }
    raise_limit();
    struct load_server server = load_begin(argv + 2);
    open_some(&server); /* what the first connections make for all */
    double memory = load_memory(&server), busy = load_processor_time(&server), start = load_now();
    for (int i = 0; i < CONNECTIONS; i += AT_ONCE)
        open_some(&server);
    double took = load_now() - start;
    memory = load_memory(&server) - memory;
    busy = load_processor_time(&server) - busy;
    load_end(&server);
    printf("{\"what\": \"idle_%s\", \"ns\": %.1f}\n", argv[1], took / CONNECTIONS);
    printf("{\"what\": \"idle_cpu_%s\", \"ns\": %.1f}\n", argv[1], busy / CONNECTIONS);
    printf("{\"what\": \"idle_bytes_%s\", \"bytes\": %.1f}\n", argv[1], memory / CONNECTIONS);
    return 0;
}
