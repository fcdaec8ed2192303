/* `lifoguard vet -- make`: runs the command with compilers that note what they compile, then checks these files.
 *
 * The noting compilers are small scripts in a folder of their own, first in PATH. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const compilers[] = {"cc",     "gcc",    "clang",    "c99", "gcc-12",
                                        "gcc-13", "gcc-14", "clang-22", NULL};

static bool write_compiler(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    FILE *script = fd < 0 ? NULL : fdopen(fd, "w");
    if (!script) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    fprintf(script,
            "#!/bin/sh\n"
            "for argument; do\n"
            "    case $argument in\n"
            "    /*.c) printf '%%s\\n' \"$argument\" ;;\n"
            "    *.c) printf '%%s/%%s\\n' \"$PWD\" \"$argument\" ;;\n"
            "    esac\n"
            "done >>'%s/files'\n"
            "PATH=${PATH#'%s:'}\n"
            "exec %s \"$@\"\n",
            folder, folder, name);
    bool ok = !ferror(script);
    ok &= fclose(script) == 0;
    return ok;
}

static int run(char **command, const char *folder)
{
    pid_t child = fork();
    if (child == 0) {
        char *path = NULL;
        const char *old = getenv("PATH");
        if (asprintf(&path, "%s:%s", folder, old ? old : "/usr/bin:/bin") < 0)
            _exit(127);
        setenv("PATH", path, 1);
        execvp(command[0], command);
        fprintf(stderr, "lifoguard-vet: %s: %s\n", command[0], strerror(errno));
        _exit(127);
    }
    int status = -1;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static void read_files(struct arena *arena, const char *folder, path_vec *paths)
{
    char path[512];
    snprintf(path, sizeof path, "%s/files", folder);
    struct source source;
    if (!source_read(arena, path, &source))
        return;
    char *rest;
    for (char *line = strtok_r(source.text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        bool known = false;
        EACH (other, paths)
            known |= strcmp(*other, line) == 0;
        if (!known)
            *ADD(arena, paths) = line;
    }
}

static void remove_folder(const char *folder)
{
    char path[512];
    for (int i = 0; compilers[i]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, compilers[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/files", folder);
    unlink(path);
    rmdir(folder);
}

int run_wrapped(struct arena *arena, struct settings *settings, path_vec *paths)
{
    char folder[] = "/tmp/lifoguard-vet-XXXXXX";
    if (!mkdtemp(folder)) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", folder, strerror(errno));
        return 2;
    }
    bool ok = true;
    for (int i = 0; ok && compilers[i]; i++)
        ok = write_compiler(folder, compilers[i]);
    int status = ok ? run(settings->wrapped, folder) : 2;
    read_files(arena, folder, paths);
    remove_folder(folder);
    if (status != 0)
        fprintf(stderr, "lifoguard-vet: %s ended with status %d; what it compiled is checked\n",
                settings->wrapped[0], status);
    return status;
}
