#include "text.h"

int print_and_free(const char *a, const char *b)
{
    char *text = joined(a, b);
    if (!text)
        return -1;
    puts(text);
    free(text);
    return 0;
}

void keep_title(struct book *book, const char *name)
{
    char *title = title_of(name);
    if (title)
        book->title = title;
}
