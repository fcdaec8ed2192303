#include "print.h"

int show_all(FILE *file)
{
    return show_line(file, 1000);
}
