#include "one.h"

static void finish(char *text)
{
    puts(text);
}

int wrong_here(const char *name)
{
    char *copy = strdup(name);
    if (!copy)
        return -1;
    finish(copy);
    return 0; // want: leak
}
