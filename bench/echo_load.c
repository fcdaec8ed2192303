/* Load for echo servers: many connections on loopback, each with one message under way at a time.
 *
 *     echo_load WHAT SERVER ARGUMENT…
 *
 * starts the server (load.h), keeps it busy for a while, ends it, and prints the time that an echo takes, and how much
 * processor time the server spent on each. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "load.h"

enum { CONNECTIONS = 1000, WARM_UP = 20000, ECHOES = 200000 };

static void echo(int epoll, long count)
{
    struct epoll_event events[256];
    while (count > 0) {
        int ready = epoll_wait(epoll, events, 256, 5000);
        if (ready <= 0) {
            fprintf(stderr, "no echo any more\n");
            exit(1);
        }
        for (int i = 0; i < ready; i++) {
            load_receive(events[i].data.fd);
            load_send(events[i].data.fd);
        }
        count -= ready;
    }
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: echo_load WHAT SERVER ARGUMENT...\n");
        return 2;
    }
    struct load_server server = load_begin(argv + 2);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < CONNECTIONS; i++) {
        int fd = load_connect(&server);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
            load_die("epoll_ctl");
        load_send(fd);
    }
    echo(epoll, WARM_UP);
    double start = load_now(), busy = load_processor_time(&server);
    echo(epoll, ECHOES);
    double took = load_now() - start;
    busy = load_processor_time(&server) - busy;
    load_end(&server);
    printf("{\"what\": \"echo_%s\", \"ns\": %.1f}\n", argv[1], took / ECHOES);
    printf("{\"what\": \"echo_cpu_%s\", \"ns\": %.1f}\n", argv[1], busy / ECHOES);
    return 0;
}
