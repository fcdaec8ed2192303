/* What the functions of docs/constructors.md use and do not declare. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct journal {
    char *name;
    FILE *log;
    int lock;
    lg_cleanups cleanups;
};
