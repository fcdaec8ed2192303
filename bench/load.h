/* What puts load on the servers: it starts the server, which prints the port it listens on, connects to it, and reads what
 * the server has used. */
#ifndef LIFOGUARD_BENCH_LOAD_H
#define LIFOGUARD_BENCH_LOAD_H

#include <sys/types.h>

struct load_server {
    pid_t pid;
    int port;
};

/* The server is ended by load_end. Any failure ends the program. */
struct load_server load_begin(char **command);
void load_end(const struct load_server *server);

/* A new connection, whose small messages are not held back. */
int load_connect(const struct load_server *server);

/* Sends, or receives, the message that every connection sends. */
void load_send(int fd);
void load_receive(int fd);

double load_now(void); /* ns */

/* What the server has used so far: processor time in ns, memory in bytes, page tables included. */
double load_processor_time(const struct load_server *server);
double load_memory(const struct load_server *server);

_Noreturn void load_die(const char *what);

#endif
