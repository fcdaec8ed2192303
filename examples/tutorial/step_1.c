/* Step 1: sends one file to standard output. Whatever is acquired has its release beside it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <stdlib.h>
#include <unistd.h>

static int send_file(int to, const char *path)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    lg_defer(close, file); // on every exit from this function

    char *buffer = malloc(16384);
    if (!buffer)
        return -1; // closes the file
    lg_defer(free, buffer);

    for (ssize_t count; (count = read(file, buffer, 16384)) != 0;)
        if (count < 0 || write(to, buffer, (size_t)count) != count)
            return -1; // frees the buffer, closes the file
    return 0;          // frees the buffer, closes the file
}

int main(int count, char **arguments)
{
    if (count != 2) {
        fputs("usage: step_1 FILE\n", stderr);
        return 2;
    }
    return send_file(STDOUT_FILENO, arguments[1]) == 0 ? 0 : 1;
}
