/* What the fragments of docs/moving-over.md use and do not declare. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct table;
int parse(FILE *file, char *line, struct table *table);
