/* The files to check: given ones, those of folders, those of a compile_commands.json. */
#define _GNU_SOURCE
#include "headers.h"
#include "json.h"
#include "run.h"

#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_c(const char *path)
{
    size_t length = strlen(path);
    return length > 2 && strcmp(path + length - 2, ".c") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool add_folder(struct arena *arena, const char *folder, path_vec *paths)
{
    char *roots[] = {arena_copy(arena, folder, strlen(folder)), NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (!tree)
        return false;
    for (FTSENT *entry; (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && entry->fts_name[0] == '.')
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_F && is_c(entry->fts_name))
            *ADD(arena, paths) = arena_copy(arena, entry->fts_path, entry->fts_pathlen);
    }
    fts_close(tree);
    return true;
}

static bool add_path(struct arena *arena, const char *path, path_vec *paths)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return add_folder(arena, path, paths);
    *ADD(arena, paths) = path; /* what cannot be read is said when it is checked */
    return true;
}

static void add_folders_of(struct arena *arena, const struct json *entry, const char *folder)
{
    const struct json *arguments = json_member(entry, "arguments"),
                      *command = json_member(entry, "command");
    char *copy = command && command->text ? arena_copy(arena, command->text, strlen(command->text))
                                          : NULL;
    char *rest, *word = copy ? strtok_r(copy, " \t", &rest) : NULL;
    for (int i = 0;; i++) {
        const char *flag = arguments ? (i < arguments->count ? arguments->items[i]->text : NULL)
                                     : word;
        if (!flag)
            return;
        if (strncmp(flag, "-I", 2) == 0 || strncmp(flag, "-D", 2) == 0)
            cache_depend(flag);
        if (strncmp(flag, "-I", 2) == 0 && flag[2])
            headers_add_folder(flag[2] == '/' ? flag + 2
                                              : arena_format(arena, "%s/%s", folder, flag + 2));
        if (!arguments)
            word = strtok_r(NULL, " \t", &rest);
    }
}

static bool add_compile_commands(struct arena *arena, const char *path, path_vec *paths)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        path = arena_format(arena, "%s/compile_commands.json", path);
    struct source source;
    if (!source_read(arena, path, &source)) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", path, strerror(errno));
        return false;
    }
    const struct json *root = json_parse(arena, source.text, source.length);
    if (!root || root->kind != JSON_ARRAY) {
        fprintf(stderr, "lifoguard-vet: %s: not a compilation database\n", path);
        return false;
    }
    for (int i = 0; i < root->count; i++) {
        const struct json *file = json_member(root->items[i], "file"),
                          *folder = json_member(root->items[i], "directory");
        if (!file || !file->text || !is_c(file->text))
            continue;
        const char *base = folder && folder->text ? folder->text : ".";
        add_folders_of(arena, root->items[i], base);
        *ADD(arena, paths) = file->text[0] == '/' ? file->text
                                                  : arena_format(arena, "%s/%s", base, file->text);
    }
    return true;
}

/* Of single files the neighbours are looked at; of a folder or a build everything is given. */
static bool are_files(const struct settings *settings)
{
    struct stat status;
    EACH (input, &settings->inputs)
        if (stat(*input, &status) == 0 && S_ISDIR(status.st_mode))
            return false;
    return !settings->compile_commands && !settings->wrapped;
}

bool inputs_expand(struct arena *arena, struct settings *settings, path_vec *paths)
{
    if (settings->compile_commands &&
        !add_compile_commands(arena, settings->compile_commands, paths))
        return false;
    EACH (input, &settings->inputs)
        if (!add_path(arena, *input, paths))
            return false;
    settings->beside = !settings->alone && are_files(settings);
    return true;
}
