#include "work.h"

int work_on(char *text)
{
    puts(text);
    free(text);
    return 0;
}
