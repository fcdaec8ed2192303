#include "read.h"

int print_text(const char *name)
{
    char *text = NULL;
    if (read_text(name, &text) < 0)
        return -1;
    puts(text);
    return 0; // want: leak
}
