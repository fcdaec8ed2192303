#include "text.h"

char *joined(const char *a, const char *b)
{
    char *text = malloc(strlen(a) + strlen(b) + 1);
    if (!text)
        return NULL;
    strcpy(text, a);
    strcat(text, b);
    return text;
}
