#define _GNU_SOURCE
#include "vet.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Beside this program, where its build or its installation put it, or in libexec. */
static void try_near(char **arguments, const char *below)
{
    char path[PATH_MAX + 64];
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length <= 0)
        return;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    snprintf(slash + 1, 64, "%s", below);
    execv(path, arguments);
}

int run_vet(int count, char **arguments)
{
    char **all = calloc((size_t)count + 2, sizeof(*all));
    if (!all)
        return 2;
    static char name[] = "lifoguard-vet";
    all[0] = name;
    memcpy(all + 1, arguments, (size_t)count * sizeof(*all));
    try_near(all, "lifoguard-vet");
    try_near(all, "../vet/lifoguard-vet");
    try_near(all, "../libexec/lifoguard-vet");
    execvp("lifoguard-vet", all);
    if (errno == ENOENT)
        fputs(
            "lifoguard: lifoguard-vet is not installed. Build it with `meson setup -Dvet=enabled`, "
            "or install the package lifoguard-vet.\n",
            stderr);
    else
        fprintf(stderr, "lifoguard: lifoguard-vet: %s\n", strerror(errno));
    free(all);
    return 2;
}
