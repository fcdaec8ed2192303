#include "work.h"

int work_on(char *text)
{
    puts(text);
    return 0;
}
