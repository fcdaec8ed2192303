#include "print.h"

int first_line_only(const char *name)
{
    FILE *file = fopen(name, "r");
    if (!file)
        return -1;
    int result = show_line(file, 1);
    fclose(file);
    return result;
}
