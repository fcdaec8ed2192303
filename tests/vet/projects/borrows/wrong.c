#include "print.h"

int first_line(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    return show_line(file, 1); // want: leak
}

int all_lines(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    if (show_all(file) < 0)
        return -1; // want: leak
    fclose(file);
    return 0;
}
