/* Programs whose panic nothing stops (P5, P8): each in a process of its own, which ends with status 2 and a report
 * that names the chain of panics, the oldest first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

static void *run_bare(void *data)
{
    call_first(data);
    return NULL;
}

static _Noreturn void be_the_child(const struct program *program, char *trace, int report)
{
    struct run run = {.program = program, .trace = trace};
    pthread_t thread;
    dup2(report, STDERR_FILENO);
    if (pthread_create(&thread, NULL, run_bare, &run) == 0)
        pthread_join(thread, NULL);
    _exit(0);
}

static void add(char *trace, const char *text)
{
    size_t length = strlen(trace);
    snprintf(trace + length, TRACE_SIZE - length, "%s", text);
}

/* The chain of panics that a report names, from its end to its beginning: "U[newest<…<oldest] ". */
static void add_chain(char *trace, const char *report)
{
    const char *end = report + strlen(report);
    const char *separator = "U[";
    while (end > report) {
        const char *line = end;
        while (line > report && line[-1] != '\n')
            line--;
        const char *text = line;
        if (strncmp(text, "    then ", 9) == 0)
            text += 9;
        if (strncmp(text, "panic: ", 7) == 0) {
            char message[512];
            text += 7;
            snprintf(message, sizeof(message), "%.*s", (int)strcspn(text, "\n"), text);
            char *recovered = strstr(message, " [recovered]");
            if (recovered)
                *recovered = '\0';
            add(trace, separator);
            add(trace, plain_text(message));
            separator = "<";
        }
        end = line > report ? line - 1 : line;
    }
    add(trace, "] ");
}

void execute_uncaught(const struct program *program, char *trace)
{
    static char *shared;
    static char report[1 << 16];
    char text[32];
    int pipes[2], status = -1;

    if (!shared)
        shared = mmap(NULL, TRACE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED || pipe(pipes) != 0) {
        perror("execute_uncaught");
        exit(1);
    }
    shared[0] = '\0';
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        be_the_child(program, shared, pipes[1]);
    close(pipes[1]);
    size_t length = 0;
    for (ssize_t got; (got = read(pipes[0], report + length, sizeof(report) - 1 - length)) > 0;)
        length += (size_t)got;
    report[length] = '\0';
    close(pipes[0]);
    if (pid > 0)
        waitpid(pid, &status, 0);
    snprintf(trace, TRACE_SIZE, "%s", shared);
    add_chain(trace, report);
    snprintf(text, sizeof(text), "status %d",
             WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
    add(trace, text);
}
