/* Load for echo servers: many connections on loopback, each with one message under way at a time.
 *
 *     echo_load WHAT SERVER ARGUMENT…
 *
 * starts the server, which prints the port it listens on, keeps it busy for a while, ends it, and prints the time
 * that an echo takes, and how much processor time the server spent on each. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 1000, MESSAGE = 64, WARM_UP = 20000, ECHOES = 200000 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static pid_t start_server(char **command, int *port)
{
    int out[2];
    if (pipe(out) != 0)
        die("pipe");
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(command[0], command);
        die(command[0]);
    }
    close(out[1]);
    FILE *said = fdopen(out[0], "r");
    if (!said || fscanf(said, "%d", port) != 1) {
        fprintf(stderr, "%s: did not print its port\n", command[0]);
        exit(1);
    }
    return child;
}

static int connect_to(int port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        die("socket");
    while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        if (errno != EINTR)
            die("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

static void say(int fd)
{
    static const char message[MESSAGE] = "the same as ever";
    if (send(fd, message, sizeof(message), 0) != (ssize_t)sizeof(message))
        die("send");
}

static void echo(int epoll, long count)
{
    struct epoll_event events[256];
    char buffer[MESSAGE];
    while (count > 0) {
        int ready = epoll_wait(epoll, events, 256, 5000);
        if (ready <= 0) {
            fprintf(stderr, "no echo any more\n");
            exit(1);
        }
        for (int i = 0; i < ready; i++) {
            int fd = events[i].data.fd;
            if (recv(fd, buffer, sizeof(buffer), MSG_WAITALL) != (ssize_t)sizeof(buffer))
                die("recv");
            count--;
            say(fd);
        }
    }
}

static double processor_time(pid_t child)
{
    char path[64], text[1024];
    unsigned long user = 0, system = 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)child);
    FILE *stat = fopen(path, "r");
    if (!stat || !fgets(text, sizeof(text), stat))
        return 0;
    fclose(stat);
    const char *rest = strrchr(text, ')');
    if (rest)
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

int main(int argc, char **argv)
{
    static int fds[CONNECTIONS];
    int port;
    if (argc < 3) {
        fprintf(stderr, "usage: echo_load WHAT SERVER ARGUMENT...\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    pid_t server = start_server(argv + 2, &port);
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    for (int i = 0; i < CONNECTIONS; i++) {
        fds[i] = connect_to(port);
        struct epoll_event event = {.events = EPOLLIN, .data.fd = fds[i]};
        if (epoll_ctl(epoll, EPOLL_CTL_ADD, fds[i], &event) != 0)
            die("epoll_ctl");
        say(fds[i]);
    }
    echo(epoll, WARM_UP);
    double start = now(), busy = processor_time(server);
    echo(epoll, ECHOES);
    double took = now() - start;
    busy = processor_time(server) - busy;
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    printf("{\"what\": \"echo_%s\", \"ns\": %.1f}\n", argv[1], took / ECHOES);
    printf("{\"what\": \"echo_cpu_%s\", \"ns\": %.1f}\n", argv[1], busy / ECHOES);
    return 0;
}
