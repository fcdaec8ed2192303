#include "text.h"

char *title_of(const char *name)
{
    return joined("The ", name);
}
