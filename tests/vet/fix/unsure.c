/* What is not mechanical, and what is suppressed, stays as it is. */
#include <lifoguard/lifoguard.h>

int load(const char *name)
{
    FILE *f = fopen(name, "re");
    if (!f)
        return -1;
    if (parse(f) < 0)
        return -1;
    fclose(f);
    return 0;
}

int value(void)
{
    lg_func (int, result) {
        lg_defer(add, &result, 10);
        // lifoguard-vet: allow plain-return: the number of the moment is wanted
        return 1;
    }
}
