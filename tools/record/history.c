#define _GNU_SOURCE
#include "history.h"

#include "buffer.h"
#include "message.h"
#include "place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEPT = 50 };

void history_free(struct history *history)
{
    for (size_t i = 0; i < history->count; i++)
        free(history->items[i].name);
    free(history->items);
}

int history_newest_first(const void *a, const void *b)
{
    const struct timespec *left = &((const struct history_entry *)a)->when;
    const struct timespec *right = &((const struct history_entry *)b)->when;
    if (left->tv_sec != right->tv_sec)
        return left->tv_sec < right->tv_sec ? 1 : -1;
    return left->tv_nsec < right->tv_nsec ? 1 : left->tv_nsec > right->tv_nsec ? -1 : 0;
}

void history_list(const char *folder, struct history *history)
{
    *history = (struct history){0};
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    lg_defer(closedir, directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct stat status;
        if (entry->d_name[0] == '.' ||
            /* NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): the directory is open */
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISDIR(status.st_mode))
            continue;
        history->items = need_memory(history->items,
                                     (history->count + 1) * sizeof(*history->items));
        history->items[history->count++] =
            (struct history_entry){need_copy(entry->d_name, strlen(entry->d_name)), status.st_ctim};
    }
    if (history->count)
        qsort(history->items, history->count, sizeof(*history->items), history_newest_first);
}

char *history_folder(const char *place)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/history", place);
    return path.text;
}

void history_forget_oldest(const char *place)
{
    char *folder = history_folder(place);
    lg_defer(free, folder);
    struct history history;
    history_list(folder, &history);
    lg_defer(history_free, &history);
    for (size_t i = KEPT; i < history.count; i++) {
        struct buffer path = {0};
        buffer_format(&path, "%s/%s", folder, history.items[i].name);
        place_remove_run(path.text);
        buffer_free(&path);
    }
}

char *history_begin(const char *place, const char *id)
{
    char *folder = history_folder(place);
    lg_defer(free, folder);
    struct buffer path = {0};
    buffer_format(&path, "%s/%s", folder, id);
    lg_error *err = place_make_directory(folder);
    if (!err)
        err = place_make_directory(path.text);
    if (!err)
        return path.text;
    char *text = lg_error_text(err);
    print_message("%s: this run will not be in the history", text ? text : "out of memory");
    free(text);
    lg_error_free(err);
    buffer_free(&path);
    return NULL;
}

struct sink *history_sink(const char *directory)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s", directory, HISTORY_EVENTS);
    int fd = open(path.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        print_message("%s: %s: this run will not be in the history", path.text, strerror(errno));
    /* While this process lives, the run is running: history_replay looks. */
    struct flock lock = {.l_type = F_WRLCK};
    if (fd >= 0)
        fcntl(fd, F_SETLK, &lock);
    return fd < 0 ? NULL : json_sink(fd, path.text, true);
}
