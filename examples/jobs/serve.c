/* A web server for the files of one directory, and its client; for serve.jobs.
 *
 *     serve DIRECTORY PORT-FILE       serves on a port of 127.0.0.1 that the kernel chooses, and writes
 *                                     the port's number to PORT-FILE; ends well on SIGTERM
 *     serve --get PORT-FILE NAME      waits for PORT-FILE, fetches /NAME, prints what comes
 *
 * It knows GET, and names of letters, digits and ._- that do not begin with a dot. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { NAME_SIZE = 128, REQUEST_SIZE = 2048 };

static volatile sig_atomic_t ended;

static void on_term(int number)
{
    (void)number;
    ended = 1;
}

static void die(const char *what)
{
    fprintf(stderr, "serve: %s: %s\n", what, strerror(errno));
    exit(1);
}

static bool is_name(const char *name)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return *name != '\0' && *name != '.' && name[strspn(name, letters)] == '\0';
}

static struct sockaddr_in loopback(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static bool send_all(int to, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(to, bytes, count, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

static void answer(int to, const char *status)
{
    char head[128];
    int length = snprintf(head, sizeof(head),
                          "HTTP/1.0 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status);
    send_all(to, head, (size_t)length);
}

/* Reads to the blank line that ends a request; what does not fit is not a request for us. */
static bool read_request(int from, char *request)
{
    size_t length = 0;
    const time_t give_up = time(NULL) +
                           5; /* for all of it: a byte a second would keep us for long */
    while (length < REQUEST_SIZE - 1) {
        ssize_t got = recv(from, request + length, REQUEST_SIZE - 1 - length, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0 || time(NULL) > give_up)
            return false;
        length += (size_t)got;
        request[length] = '\0';
        if (strstr(request, "\r\n\r\n"))
            return true;
    }
    return false;
}

/* A file that ends early, or cannot be read, ends the connection early: the client counts. */
static void send_file(int to, int file)
{
    struct stat about;
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode)) {
        answer(to, "404 Not Found");
        return;
    }
    char bytes[16 * 1024];
    int length = snprintf(bytes, sizeof(bytes),
                          "HTTP/1.0 200 OK\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n",
                          (long long)about.st_size);
    bool good = send_all(to, bytes, (size_t)length);
    for (ssize_t got; good && (got = read(file, bytes, sizeof(bytes))) > 0;)
        good = send_all(to, bytes, (size_t)got);
}

static void serve_one(int to, int directory)
{
    struct timeval patience = {.tv_sec = 2};
    setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(to, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    char request[REQUEST_SIZE], name[NAME_SIZE];
    if (!read_request(to, request) || sscanf(request, "GET /%127s HTTP/1.", name) != 1) {
        answer(to, "400 Bad Request");
        return;
    }
    if (!is_name(name)) {
        answer(to, "404 Not Found");
        return;
    }
    int file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (file < 0) {
        bool full = errno == EMFILE || errno == ENFILE || errno == ENOMEM;
        answer(to, full ? "503 Service Unavailable" : "404 Not Found");
        return;
    }
    send_file(to, file);
    close(file);
}

/* First under another name: who finds the file finds all of it. */
static void write_port(const char *path, int port)
{
    char other[4096];
    if (snprintf(other, sizeof(other), "%s.new", path) >= (int)sizeof(other)) {
        errno = ENAMETOOLONG;
        die(path);
    }
    FILE *file = fopen(other, "w");
    if (!file || fprintf(file, "%d\n", port) < 0 || fclose(file) != 0 || rename(other, path) != 0)
        die(path);
}

static int serve(const char *path, const char *port_file)
{
    int directory = open(path, O_RDONLY | O_DIRECTORY);
    if (directory < 0)
        die(path);
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    if (listening < 0 || bind(listening, (struct sockaddr *)&address, size) != 0 ||
        listen(listening, 8) != 0 ||
        getsockname(listening, (struct sockaddr *)&address, &size) != 0)
        die("listening on 127.0.0.1");

    /* SIGTERM is let in while waiting only, so that none is missed. */
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    sigdelset(&before, SIGTERM);
    struct sigaction action = {.sa_handler = on_term};
    sigaction(SIGTERM, &action, NULL);

    write_port(port_file, ntohs(address.sin_port));
    while (!ended) {
        struct pollfd fd = {.fd = listening, .events = POLLIN};
        if (ppoll(&fd, 1, NULL, &before) <= 0)
            continue;
        int to = accept(listening, NULL, NULL);
        if (to < 0) {
            /* No descriptors are left, or the client has gone: a pause, since poll would return at once. */
            ppoll(NULL, 0, &(struct timespec){.tv_nsec = 20000000}, &before);
            continue;
        }
        serve_one(to, directory);
        close(to);
    }
    close(listening);
    close(directory);
    return 0;
}

static int read_port(const char *path)
{
    for (int tries = 0; tries < 500; tries++) {
        FILE *file = fopen(path, "r");
        int port = 0;
        if (file) {
            int got = fscanf(file, "%d", &port);
            fclose(file);
            if (got == 1)
                return port;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    fprintf(stderr, "serve: no port in %s after 5 seconds\n", path);
    exit(1);
}

static int get(const char *port_file, const char *name)
{
    struct sockaddr_in address = loopback(read_port(port_file));
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)) != 0)
        die("connecting");
    char text[NAME_SIZE + 64];
    int length = snprintf(text, sizeof(text), "GET /%s HTTP/1.0\r\n\r\n", name);
    if (length >= (int)sizeof(text) || !send_all(server, text, (size_t)length))
        die("sending");

    FILE *answer_of = fdopen(server, "r");
    char line[256] = "no answer";
    bool good = answer_of && fgets(line, sizeof(line), answer_of) && strstr(line, " 200 ");
    if (!good) {
        fprintf(stderr, "serve: %s: %s\n", name, line);
        if (answer_of)
            fclose(answer_of);
        else
            close(server);
        return 1;
    }
    long long announced = -1, count = 0;
    while (fgets(line, sizeof(line), answer_of) && strcmp(line, "\r\n") != 0)
        sscanf(line, "Content-Length: %lld", &announced);
    for (int c; (c = getc(answer_of)) != EOF; count++)
        putchar(c);
    fclose(answer_of);
    if (count != announced) {
        fprintf(stderr, "serve: %s: %lld bytes of %lld\n", name, count, announced);
        return 1;
    }
    if (fflush(stdout) != 0 || ferror(stdout))
        die("standard output");
    return 0;
}

int main(int count, char **arguments)
{
    if (count == 4 && strcmp(arguments[1], "--get") == 0)
        return get(arguments[2], arguments[3]);
    if (count == 3)
        return serve(arguments[1], arguments[2]);
    fputs("usage: serve DIRECTORY PORT-FILE | serve --get PORT-FILE NAME\n", stderr);
    return 2;
}
