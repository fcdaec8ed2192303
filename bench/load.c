#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE = 64 };

double load_now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

void load_die(const char *what)
{
    perror(what);
    exit(1);
}

struct load_server load_begin(char **command)
{
    struct load_server server;
    int out[2];
    signal(SIGPIPE, SIG_IGN);
    if (pipe(out) != 0)
        load_die("pipe");
    server.pid = fork();
    if (server.pid < 0)
        load_die("fork");
    if (server.pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execv(command[0], command);
        load_die(command[0]);
    }
    close(out[1]);
    FILE *said = fdopen(out[0], "r");
    if (!said || fscanf(said, "%d", &server.port) != 1) {
        fprintf(stderr, "%s: did not print its port\n", command[0]);
        exit(1);
    }
    return server;
}

void load_end(const struct load_server *server)
{
    kill(server->pid, SIGKILL);
    waitpid(server->pid, NULL, 0);
}

int load_connect(const struct load_server *server)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)server->port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        load_die("socket");
    while (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        if (errno != EINTR)
            load_die("connect");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
}

void load_send(int fd)
{
    static const char message[MESSAGE] = "the same as ever";
    if (send(fd, message, sizeof(message), 0) != (ssize_t)sizeof(message))
        load_die("send");
}

void load_receive(int fd)
{
    char buffer[MESSAGE];
    if (recv(fd, buffer, sizeof(buffer), MSG_WAITALL) != (ssize_t)sizeof(buffer))
        load_die("recv");
}

/* Opens a file of the server's folder in /proc. */
static FILE *open_proc(const struct load_server *server, const char *name)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)server->pid, name);
    FILE *file = fopen(path, "r");
    if (!file)
        load_die(path);
    return file;
}

double load_processor_time(const struct load_server *server)
{
    char text[1024] = "";
    unsigned long user = 0, system = 0;
    FILE *stat = open_proc(server, "stat");
    const char *rest = fgets(text, sizeof(text), stat) ? strrchr(text, ')') : NULL;
    fclose(stat);
    if (rest)
        sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) * 1e9 / (double)sysconf(_SC_CLK_TCK);
}

double load_memory(const struct load_server *server)
{
    char line[128];
    long resident = 0, tables = 0;
    FILE *status = open_proc(server, "status");
    while (fgets(line, sizeof(line), status)) {
        sscanf(line, "VmRSS: %ld", &resident);
        sscanf(line, "VmPTE: %ld", &tables);
    }
    fclose(status);
    return (double)(resident + tables) * 1024;
}
