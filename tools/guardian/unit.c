#define _GNU_SOURCE
#include "unit.h"

#include "buffer.h"
#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool unit_is_wanted(void)
{
    const char *wanted = getenv("LIFOGUARD_UNIT");
    return wanted && strcmp(wanted, "1") == 0;
}

static lg_error *run(const char *const *words, const struct birth *birth, int *status)
{
    struct launch launch = {.in_our_group = true, .terminal = -1, .words = {words}};
    launch_as_born(&launch, birth);
    return launch_and_await(&launch, status);
}

lg_error *unit_start(const char *place, const char *id, const struct birth *birth)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (length < 0)
        return lg_error_new_errno("/proc/self/exe");
    program[length] = '\0';
    struct buffer name = {0};
    lg_defer(buffer_free, &name);
    buffer_format(&name, "--unit=lifoguard-%s", id);
    /* One that is killed as well is started again; one that has ended is forgotten, whatever its exit status. */
    const char *const words[] = {"systemd-run",
                                 geteuid() == 0 ? "--system" : "--user",
                                 "--quiet",
                                 "--collect",
                                 name.text,
                                 "--property=Restart=on-failure",
                                 "--",
                                 program,
                                 "recover",
                                 "--state",
                                 place,
                                 "--when-orphaned",
                                 id,
                                 NULL};
    int status = 0;
    lg_error *err = run(words, birth, &status);
    if (!err && status != 0)
        err = lg_error_new("systemd-run has failed");
    return err;
}
