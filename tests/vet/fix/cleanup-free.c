#include <stdlib.h>

/* The first word of a line. */
int first_word(const char *line, char *word, size_t room)
{
    __attribute__((cleanup(free))) char *copy = strdup(line);

    if (!copy)
        return -1;
    copy[strcspn(copy, " ")] = '\0';
    snprintf(word, room, "%s", copy);
    return 0;
}

// The number of lines.
// -1: it cannot be read.
int lines_of(const char *name)
{
    FILE *f __attribute__((cleanup(fclose))) = fopen(name, "r");
    char *line __attribute__((__cleanup__(free))) = NULL;
    size_t room = 0;
    int n = 0;

    if (!f)
        return -1;
    while (getline(&line, &room, f) >= 0)
        n++;
    return n;
}
