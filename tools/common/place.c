#define _GNU_SOURCE
#include "place.h"

#include "buffer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/lifoguard.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

static lg_error *check_owner(const char *path, const struct stat *info)
{
    if (info->st_uid != geteuid())
        return lg_error_newf(
            "%s belongs to user %ld, not to you (%ld): what is recorded there is run as "
            "commands, so it is refused; use --state DIRECTORY",
            path, (long)info->st_uid, (long)geteuid());
    if (info->st_mode & 077)
        return lg_error_newf(
            "others may use %s (mode %03o): what is recorded there is run as commands, so "
            "it is refused; if nobody has changed it: chmod go= '%s'",
            path, (unsigned)info->st_mode & 0777, path);
    return NULL;
}

static lg_error *check_directory(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return lg_error_new_errno("%s", path);
    if (S_ISLNK(info.st_mode))
        return lg_error_newf("%s is a symbolic link, which others might change: name the "
                             "directory itself",
                             path);
    if (!S_ISDIR(info.st_mode))
        return lg_error_newf("%s is not a directory", path);
    return check_owner(path, &info);
}

lg_error *place_make_directory(const char *path)
{
    if (mkdir(path, 0700) == 0 && chmod(path, 0700) == 0)
        return NULL;
    if (errno != EEXIST)
        return lg_error_new_errno("mkdir %s", path);
    return check_directory(path);
}

lg_error *place_check_file(const char *path, bool *missing)
{
    struct stat info;
    if (missing)
        *missing = false;
    if (lstat(path, &info) != 0) {
        if (errno != ENOENT || !missing)
            return lg_error_new_errno("%s", path);
        *missing = true;
        return NULL;
    }
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1)
        return lg_error_newf("%s is not a plain file with one name: refused", path);
    return check_owner(path, &info);
}

static lg_error *check_file_system(const char *path)
{
    static const struct {
        unsigned type;
        const char *name;
    } networks[] = {{0x6969, "NFS"},          {0x517B, "SMB"},        {0xFF534D42, "CIFS"},
                    {0xFE534D42, "SMB"},      {0x01021997, "9P"},     {0x00C36400, "Ceph"},
                    {0x5346414F, "AFS"},      {0x6B414653, "AFS"},    {0x73757245, "Coda"},
                    {0x564C, "NCP"},          {0x0BD00BD0, "Lustre"}, {0x7461636F, "OCFS2"},
                    {0x01161970, "GFS2"},     {0x65735546, "FUSE"},   {0x786F4256, "VirtualBox"},
                    {0xBACBACBC, "VMware"},   {0x19830326, "BeeGFS"}, {0x47504653, "GPFS"},
                    {0xAAD7AAEA, "PanFS"},    {0x6E667364, "NFSD"},   {0x013111A8, "IBRIX"},
                    {0x7C7C6673, "Parallels"}};
    struct statfs info;
    if (statfs(path, &info) != 0)
        return lg_error_new_errno("statfs %s", path);
    for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++)
        if (networks[i].type == (unsigned)info.f_type)
            return lg_error_newf(
                "%s is on a network file system (%s), where a commit cannot be relied on: "
                "use --state DIRECTORY with one on a local disk",
                path, networks[i].name);
    return NULL;
}

/* As `mkdir -p`, the last one private. */
static lg_error *make_path(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(path, 0700) != 0 && errno != EEXIST ? errno : 0;
        lg_error *err = failed ? lg_error_new_code(failed, "mkdir %s", path) : NULL;
        *slash = '/';
        if (err)
            return err;
    }
    return place_make_directory(path);
}

static char *format(const char *first, const char *second)
{
    struct buffer path = {0};
    buffer_add_text(&path, first);
    buffer_add_text(&path, second);
    return path.text;
}

mode_t place_umask(void)
{
    mode_t mask = umask(0);
    umask(mask);
    return mask;
}

char *place_here(void)
{
    static const char removed[] = " (deleted)";
    char path[PATH_MAX + sizeof(removed)];
    char *here = getcwd(NULL, 0);
    ssize_t length = here ? 0 : readlink("/proc/self/cwd", path, sizeof(path));
    size_t tail = strlen(removed);
    if (length <= (ssize_t)tail || *path != '/' || memcmp(path + length - tail, removed, tail) != 0)
        return here;
    return need_copy(path, (size_t)length - tail);
}

static lg_error *absolute_path(const char *wanted, char **path)
{
    char *here = *wanted == '/' ? need_copy("", 0) : getcwd(NULL, 0);
    if (!here)
        return lg_error_new_errno("the working directory");
    lg_defer(free, here);
    struct buffer text = {0};
    buffer_format(&text, "%s%s%s", here, *wanted == '/' ? "" : "/", wanted);
    *path = text.text;
    return NULL;
}

/* The place that was named, or NULL. */
static const char *named_place(const char *wanted)
{
    const char *inherited = getenv("LIFOGUARD_STATE");
    return !wanted && inherited && *inherited ? inherited : wanted;
}

/* A trailing slash would make lstat follow a link. */
static void cut_slashes(char *path)
{
    for (size_t length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
        path[length - 1] = '\0';
}

/* Services and cron jobs may have no HOME. */
static const char *home(void)
{
    const char *home = getenv("HOME");
    const struct passwd *user = home && *home == '/' ? NULL : getpwuid(geteuid());
    return user ? user->pw_dir : home;
}

static lg_error *path_in_home(char **path)
{
    const char *directory = home();
    if (!directory || *directory != '/')
        return lg_error_new("neither XDG_STATE_HOME nor HOME is set, and you have no home: use "
                            "--state DIRECTORY");
    *path = format(directory, "/.local/state/lifoguard");
    return NULL;
}

static lg_error *choose_path(const char *wanted, char **path)
{
    const char *state = getenv("XDG_STATE_HOME");
    wanted = named_place(wanted);
    if (wanted && *wanted == '\0')
        return lg_error_new("--state with an empty word: is a variable without a value?");
    if (wanted)
        return absolute_path(wanted, path);
    if (state && *state == '/')
        *path = format(state, "/lifoguard");
    else
        return path_in_home(path);
    return NULL;
}

static lg_error *place_path(const char *wanted, char **path)
{
    *path = NULL;
    lg_error *err = choose_path(wanted, path);
    if (!err)
        cut_slashes(*path);
    return err;
}

/* A home may be reached by a link (/home is one on some systems). SQLite is to open nothing by a link, so it is given the directory's own
 * name, which is checked again: the link may have changed. */
static lg_error *resolve(char **path)
{
    char *real = realpath(*path, NULL);
    if (!real)
        return lg_error_new_errno("%s", *path);
    bool same = strcmp(real, *path) == 0;
    free(*path);
    *path = real;
    return same ? NULL : place_make_directory(real);
}

static lg_error *make_place(char **path)
{
    lg_error *err = make_path(*path);
    if (!err)
        err = resolve(path);
    if (!err)
        err = check_file_system(*path);
    if (err)
        return err;
    char *runs = format(*path, "/runs");
    lg_defer(free, runs);
    return place_make_directory(runs);
}

static bool is_missing(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

/* A directory that holds other things than a state. One that cannot be read is not: place_open says what is wrong with it. */
static bool holds_others(const char *path)
{
    char *runs = format(path, "/runs");
    lg_defer(free, runs);
    DIR *directory = is_missing(runs) ? opendir(path) : NULL;
    if (!directory)
        return false;
    lg_defer(closedir, directory);
    const struct dirent *entry;
    do
        entry = readdir(directory);
    while (entry && (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0));
    return entry != NULL;
}

static lg_error *make_or_free(lg_error *err, char **place, bool make)
{
    if (!err && make)
        err = lg_error_wrap(make_place(place),
                            "it cannot be used (--state DIRECTORY names another)");
    if (err) {
        free(*place);
        *place = NULL;
    }
    return lg_error_wrap(err, "the state directory");
}

lg_error *place_open(const char *wanted, char **place)
{
    lg_error *err = place_path(wanted, place);
    return make_or_free(err, place, true);
}

lg_error *place_find(const char *wanted, char **place, bool *missing)
{
    lg_error *err = place_path(wanted, place);
    *missing = !err && (is_missing(*place) || holds_others(*place));
    if (*missing && named_place(wanted))
        err = lg_error_newf("there is no state at %s", *place);
    return make_or_free(err, place, !*missing);
}

char *place_of_run(const char *place, const char *id)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/runs/%s", place, id);
    return path.text;
}

/* A socket's address has room for 108 bytes only: so it is named relative to the directory's descriptor. */
static lg_error *socket_address(const char *run_directory, int *directory,
                                struct sockaddr_un *address)
{
    lg_error *err = check_directory(run_directory);
    if (err)
        return err;
    *directory = open(run_directory, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (*directory < 0)
        return lg_error_new_errno("%s", run_directory);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/socket", *directory);
    return NULL;
}

typedef int socket_call(int fd, const struct sockaddr *address, socklen_t size);

static lg_error *open_socket(const char *run_directory, socket_call *call, int *fd)
{
    *fd = -1;
    int directory;
    struct sockaddr_un address;
    lg_error *err = socket_address(run_directory, &directory, &address);
    if (err)
        return err;
    lg_defer(close, directory);
    int opened = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (opened < 0)
        return lg_error_new_errno("socket");
    if (call(opened, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        err = lg_error_new_errno("%s/socket", run_directory);
        close(opened);
        return err;
    }
    *fd = opened;
    return NULL;
}

lg_error *place_listen(const char *run_directory, int *fd)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/socket", run_directory);
    unlink(path.text);
    mode_t before = umask(0177);
    lg_error *err = open_socket(run_directory, bind, fd);
    umask(before);
    if (!err && *fd >= 0 && listen(*fd, 1024) != 0)
        err = lg_error_new_errno("listen");
    return err;
}

lg_error *place_connect(const char *run_directory, int *fd)
{
    return open_socket(run_directory, connect, fd);
}

static void unlink_in(const char *directory, const char *name)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s", directory, name);
    unlink(path.text);
}

void place_remove_run(const char *run_directory)
{
    DIR *directory = opendir(run_directory);
    if (!directory)
        return;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (entry->d_name[0] != '.')
            unlink_in(run_directory, entry->d_name);
    closedir(directory);
    rmdir(run_directory);
}
