#include "read.h"

int print_text_and_free(const char *name)
{
    char *text = NULL;
    if (read_text(name, &text) < 0)
        return -1;
    puts(text);
    free(text);
    return 0;
}

void print_all(struct source *source)
{
    static char *text;
    while (next_text(source, &text) == 0)
        puts(text);
}
