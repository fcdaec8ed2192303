/* The files to check: given ones, those of folders, those of a compile_commands.json. */
#define _GNU_SOURCE
#include "config.h"
#include "headers.h"
#include "json.h"
#include "lex.h"
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

static bool is_header(const char *path)
{
    size_t length = strlen(path);
    return length > 2 && strcmp(path + length - 2, ".h") == 0;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool add_folder(struct arena *arena, const char *folder, path_vec *paths)
{
    char *roots[] = {arena_copy(arena, folder, strlen(folder)), NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_COMFOLLOW, by_name);
    if (!tree)
        return false;
    for (FTSENT *entry; (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_D && entry->fts_level > 0 && entry->fts_name[0] == '.')
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_DNR || (entry->fts_info == FTS_F && is_c(entry->fts_name)))
            *ADD(arena, paths) = arena_copy(arena, entry->fts_path, entry->fts_pathlen);
        else if (entry->fts_info == FTS_F && is_header(entry->fts_name))
            headers_add_file(entry->fts_path);
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

/* The next word of a command line as a shell splits it; NULL at its end. The text is changed. */
static char *next_word(char **at)
{
    char *from = *at + strspn(*at, " \t\n"), *to = from, *word = from, quote = '\0';
    if (!*from)
        return NULL;
    for (; *from && (quote || !strchr(" \t\n", *from)); from++) {
        if (*from == quote)
            quote = '\0';
        else if (!quote && (*from == '"' || *from == '\''))
            quote = *from;
        else if (*from == '\\' && quote != '\'' && from[1])
            *to++ = *++from;
        else
            *to++ = *from;
    }
    *at = *from ? from + 1 : from;
    *to = '\0';
    return word;
}

/* All words of an entry's `arguments`, or of its `command`. */
static path_vec words_of(struct arena *arena, const struct json *entry)
{
    const struct json *arguments = json_member(entry, "arguments"),
                      *command = json_member(entry, "command");
    path_vec words = {0};
    if (arguments && arguments->kind == JSON_ARRAY) {
        for (int i = 0; i < arguments->count; i++)
            if (arguments->items[i]->kind == JSON_STRING)
                *ADD(arena, &words) = arguments->items[i]->text;
    } else if (command && command->kind == JSON_STRING) {
        char *rest = arena_copy(arena, command->text, strlen(command->text));
        for (char *word; (word = next_word(&rest));)
            *ADD(arena, &words) = word;
    }
    return words;
}

static const char *below(struct arena *arena, const char *folder, const char *path)
{
    return path[0] == '/' || strcmp(folder, ".") == 0 ? path
                                                      : arena_format(arena, "%s/%s", folder, path);
}

/* -Ifolder, -I folder, and its kin */
static void add_folders_of(struct arena *arena, const struct json *entry, const char *base)
{
    static const char *const flags[] = {"-I", "-iquote", "-isystem", "-idirafter", NULL};
    path_vec words = words_of(arena, entry);
    for (int i = 0; i < words.count; i++) {
        const char *word = words.at[i];
        if (strncmp(word, "-I", 2) == 0 || strncmp(word, "-D", 2) == 0)
            config_depend(word);
        for (const char *const *flag = flags; *flag; flag++) {
            size_t length = strlen(*flag);
            if (strncmp(word, *flag, length) != 0)
                continue;
            const char *given = word[length]          ? word + length
                                : i + 1 < words.count ? words.at[++i]
                                                      : NULL;
            if (given)
                headers_add_folder(below(arena, base, given));
            break;
        }
    }
}

static const char *folder_of(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? arena_copy(arena, path, (size_t)(slash - path)) : ".";
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
    const char *here = folder_of(arena, path);
    for (int i = 0; i < root->count; i++) {
        const struct json *file = json_member(root->items[i], "file"),
                          *folder = json_member(root->items[i], "directory");
        if (!file || file->kind != JSON_STRING || !is_c(file->text))
            continue;
        const char *base = below(arena, here,
                                 folder && folder->kind == JSON_STRING ? folder->text : ".");
        add_folders_of(arena, root->items[i], base);
        *ADD(arena, paths) = below(arena, base, file->text);
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

/* a.c and ./a.c and the same entry of a database again are one file. */
static void drop_repeated(struct arena *arena, path_vec *paths)
{
    struct map known = {0};
    int count = 0;
    EACH (path, paths) {
        struct stat status;
        const char *name = *path;
        if (stat(name, &status) == 0)
            name = arena_format(arena, "%llx %llx", (unsigned long long)status.st_dev,
                                (unsigned long long)status.st_ino);
        name = intern_string(name);
        if (map_get(&known, name))
            continue;
        map_set(&known, name, paths);
        paths->at[count++] = *path;
    }
    paths->count = count;
    map_free(&known);
}

bool inputs_expand(struct arena *arena, struct settings *settings, path_vec *paths)
{
    if (settings->compile_commands &&
        !add_compile_commands(arena, settings->compile_commands, paths))
        return false;
    EACH (input, &settings->inputs)
        if (!add_path(arena, *input, paths))
            return false;
    drop_repeated(arena, paths);
    settings->beside = !settings->alone && are_files(settings);
    return true;
}
