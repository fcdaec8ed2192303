/* `lifoguard vet -- make`: runs the command with compilers that note what they compile, then checks these files.
 *
 * The noting compilers are small scripts in a folder of their own, first in PATH. */
#define _GNU_SOURCE
#include "config.h"
#include "headers.h"
#include "lex.h"
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const compilers[] = {
    "cc",     "gcc",    "clang", "c89",      "c99",      "gcc-11",   "gcc-12",   "gcc-13",
    "gcc-14", "gcc-15", "tcc",   "clang-19", "clang-20", "clang-21", "clang-22", NULL};

/* A compiler that notes the files and the folders of headers. Of its three places the first two are this folder. */
static const char noting[] =
    "#!/bin/sh\n"
    "before=\n"
    "for argument; do\n"
    "    case $before in -I | -iquote | -isystem | -idirafter) argument=-I$argument ;; esac\n"
    "    before=$argument\n"
    "    case $argument in\n"
    "    -iquote?*) argument=-I${argument#-iquote} ;;\n"
    "    -isystem?*) argument=-I${argument#-isystem} ;;\n"
    "    -idirafter?*) argument=-I${argument#-idirafter} ;;\n"
    "    esac\n"
    "    case $argument in\n"
    "    -I/?* | /*.c) printf -- '%%s\\n' \"$argument\" ;;\n"
    "    -I?*) printf -- '-I%%s/%%s\\n' \"$PWD\" \"${argument#-I}\" ;;\n"
    "    *.c) printf '%%s/%%s\\n' \"$PWD\" \"$argument\" ;;\n"
    "    esac\n"
    "done >>'%s/files'\n"
    "PATH=${PATH#'%s:'}\n"
    "exec %s \"$@\"\n";

/* `real`: the compiler that it runs. */
static bool write_compiler(const char *folder, const char *name, const char *real)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
    FILE *script = fd < 0 ? NULL : fdopen(fd, "w");
    if (!script) {
        if (fd >= 0)
            close(fd);
        return false;
    }
    fprintf(script, noting, folder, folder, real);
    bool ok = !ferror(script);
    ok &= fclose(script) == 0;
    return ok;
}

/* CC=/usr/bin/gcc, CC='/opt/cc -m32': the first word is replaced by a compiler that notes. A name without a slash is
 * found in PATH. */
static void note_own_compiler(const char *folder)
{
    const char *own = getenv("CC");
    char path[512], *changed = NULL;
    size_t length = own ? strcspn(own, " ") : 0;
    if (length == 0)
        return;
    snprintf(path, sizeof(path), "%.*s", (int)length, own);
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    if (!*name || (!slash && word_in(name, compilers)))
        return;
    if (!slash) {
        write_compiler(folder, name, name);
        return;
    }
    if (write_compiler(folder, "own-cc", path) &&
        asprintf(&changed, "%s/own-cc%s", folder, own + length) >= 0)
        setenv("CC", changed, 1);
    free(changed);
}

/* ---- the command, and signals that ask for an end: the folder has to go before this process does ---------------- */

static const int requests[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
#define REQUESTS (sizeof(requests) / sizeof(*requests))

static volatile sig_atomic_t asked, command; /* the last such signal; the command's process */

/* What a terminal sends, the command gets too. */
static void pass_on(int number, siginfo_t *info, void *context)
{
    (void)context;
    asked = number;
    if (command && info->si_code <= 0)
        kill(command, number);
}

/* What is ignored stays ignored; but for SIGCHLD, with which nobody would learn how the command ends. */
static void catch_requests(struct sigaction *before)
{
    signal(SIGCHLD, SIG_DFL);
    const struct sigaction passing = {.sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART};
    for (size_t i = 0; i < REQUESTS; i++) {
        sigaction(requests[i], NULL, &before[i]);
        if (before[i].sa_handler != SIG_IGN)
            sigaction(requests[i], &passing, NULL);
    }
}

static void restore_requests(const struct sigaction *before)
{
    for (size_t i = 0; i < REQUESTS; i++)
        sigaction(requests[i], &before[i], NULL);
}

static _Noreturn void execute(char **words, const char *folder)
{
    char *path = NULL;
    const char *old = getenv("PATH");
    if (asprintf(&path, "%s:%s", folder, old ? old : "/usr/bin:/bin") < 0)
        _exit(127);
    setenv("PATH", path, 1);
    note_own_compiler(folder);
    execvp(words[0], words);
    fprintf(stderr, "lifoguard-vet: %s: %s\n", words[0], strerror(errno));
    _exit(127);
}

/* A request that comes before the command's process is known waits until it is. */
static pid_t start(char **words, const char *folder, const struct sigaction *before)
{
    sigset_t set, old;
    sigemptyset(&set);
    for (size_t i = 0; i < REQUESTS; i++)
        sigaddset(&set, requests[i]);
    sigprocmask(SIG_BLOCK, &set, &old);
    pid_t child = fork();
    if (child == 0)
        restore_requests(before);
    command = child > 0 ? child : 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (child == 0)
        execute(words, folder);
    return child;
}

static int run(char **words, const char *folder, const struct sigaction *before)
{
    pid_t child = start(words, folder, before);
    if (child < 0)
        return 127;
    siginfo_t ended = {0};
    waitid(P_PID, (id_t)child, &ended, WEXITED | WNOWAIT);
    command = 0; /* from now on the number may be another's */
    waitid(P_PID, (id_t)child, &ended, WEXITED);
    return ended.si_code == CLD_EXITED ? ended.si_status : 127;
}

/* ---- what it has compiled ------------------------------------------------------------------------------------------ */

static void read_files(struct arena *arena, const char *folder, path_vec *paths)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/files", folder);
    struct source source;
    if (!source_read(arena, path, &source))
        return;
    char *rest;
    for (char *line = strtok_r(source.text, "\n", &rest); line;
         line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, "-I", 2) == 0) {
            config_depend(line);
            headers_add_folder(line + 2);
            continue;
        }
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
    DIR *open = opendir(folder);
    for (struct dirent *entry; open && (entry = readdir(open));) {
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (open)
        closedir(open);
    rmdir(folder);
}

bool run_wrapped(struct arena *arena, struct settings *settings, path_vec *paths)
{
    char folder[] = "/tmp/lifoguard-vet-XXXXXX";
    struct sigaction before[REQUESTS];
    catch_requests(before);
    if (!mkdtemp(folder)) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", folder, strerror(errno));
        return false;
    }
    bool ok = true;
    for (int i = 0; ok && compilers[i]; i++)
        ok = write_compiler(folder, compilers[i], compilers[i]);
    int status = ok ? run(settings->wrapped, folder, before) : 2;
    read_files(arena, folder, paths);
    remove_folder(folder);
    restore_requests(before);
    if (asked)
        raise(asked);
    if (status != 0)
        fprintf(stderr, "lifoguard-vet: %s ended with status %d; what it compiled is checked\n",
                settings->wrapped[0], status);
    else if (paths->count == 0)
        fprintf(
            stderr,
            "lifoguard-vet: %s compiled no C file through PATH (is everything up to date? does it call the "
            "compiler by its path?); a compile_commands.json can be given with -p\n",
            settings->wrapped[0]);
    return status == 0 && paths->count > 0;
}
