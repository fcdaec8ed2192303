#include "text.h"

int print_joined(const char *a, const char *b)
{
    char *text = joined(a, b);
    if (!text)
        return -1;
    puts(text);
    return 0; // want: leak
}

int print_title(const char *name)
{
    char *title = title_of(name);
    if (!title)
        return -1;
    puts(title);
    return 0; // want: leak
}
