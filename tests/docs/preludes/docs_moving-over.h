/* What the fragments of docs/moving-over.md use and do not declare. */
#include <stdlib.h>
#include <string.h>

struct table;
int parse(FILE *file, char *line, struct table *table);
