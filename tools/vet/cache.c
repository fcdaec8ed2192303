/* Results of files that have not changed, one small file each. A result is used again if the source and its headers have
 * the same times and sizes, the options, flags and settings are the same and the program is the same. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t stamp(uint64_t hash, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0)
        return 0;
    hash = hash_bytes(hash, &status.st_mtim, sizeof status.st_mtim);
    hash = hash_bytes(hash, &status.st_size, sizeof status.st_size);
    return hash_bytes(hash, &status.st_ino, sizeof status.st_ino);
}

static uint64_t configuration = HASH_START;

void cache_depend(const char *text)
{
    configuration = hash_bytes(configuration, text, strlen(text) + 1);
}

/* Many files include the same headers: each is looked at once. */
static uint64_t header_stamp(const char *path)
{
    static _Thread_local struct map known;
    const char *key = intern_string(path);
    uintptr_t stamped = (uintptr_t)map_get(&known, key);
    if (!stamped) {
        stamped = (uintptr_t)stamp(HASH_START, path) | 1;
        map_set(&known, key, (void *)stamped);
    }
    return stamped;
}

static uint64_t options_hash(const struct settings *settings)
{
    static uint64_t program;
    if (!program)
        program = stamp(HASH_START, "/proc/self/exe");
    uint64_t hash = hash_bytes(program, &settings->options.all, sizeof settings->options.all);
    EACH (name, &settings->options.only)
        hash = hash_bytes(hash, *name, strlen(*name) + 1);
    hash = hash_bytes(hash, &configuration, sizeof configuration);
    hash = hash_bytes(hash, "-", 1);
    EACH (name, &settings->options.without)
        hash = hash_bytes(hash, *name, strlen(*name) + 1);
    return hash;
}

/* Where the result of this file, as it is now, would be. False: nowhere. */
static bool place_for(const struct settings *settings, const char *path, char *place, size_t room)
{
    char absolute[PATH_MAX];
    if (!realpath(path, absolute))
        return false;
    uint64_t content = stamp(options_hash(settings), path);
    uint64_t name = hash_bytes(HASH_START, absolute, strlen(absolute));
    return content && snprintf(place, room, "%s/%016llx-%016llx", settings->cache,
                               (unsigned long long)name, (unsigned long long)content) < (int)room;
}

static char *next_line(char **at)
{
    char *line = *at, *end = line ? strchr(line, '\n') : NULL;
    if (!end)
        return NULL;
    *end = '\0';
    *at = end + 1;
    return line;
}

static bool read_finding(struct arena *arena, char **at, const char *path, char *head,
                         struct finding *finding)
{
    int level, notes;
    char check[64];
    unsigned long long key;
    if (sscanf(head, "%63s %d %d %d %llx %d", check, &level, &finding->line, &finding->column, &key,
               &notes) != 6)
        return false;
    const struct check_page *page = check_page_find(check);
    const char *function = next_line(at), *message = next_line(at), *advice = next_line(at),
               *reason = next_line(at);
    if (!page || !reason)
        return false;
    finding->check = page->name;
    finding->level = (enum level)level;
    finding->key = key;
    finding->file = path;
    finding->function = intern_string(function);
    finding->message = message;
    finding->advice = *advice ? advice : NULL;
    finding->suppressed = *reason ? reason : NULL;
    for (int i = 0; i < notes; i++) {
        char *line = next_line(at);
        int used = 0;
        struct finding_note note = {0};
        if (!line || sscanf(line, "%d %d %n", &note.line, &note.column, &used) < 2)
            return false;
        note.text = line + used;
        *ADD(arena, &finding->notes) = note;
    }
    return true;
}

static bool same_header(const char *line)
{
    unsigned long long stamped;
    int used = 0;
    return sscanf(line, "header %llx %n", &stamped, &used) == 1 && used > 0 &&
           header_stamp(line + used) == stamped;
}

bool cache_get(struct arena *arena, const struct settings *settings, const char *path,
               struct file_result *result)
{
    char place[PATH_MAX];
    struct source source;
    if (!place_for(settings, path, place, sizeof place) || !source_read(arena, place, &source))
        return false;
    char *at = source.text, *line;
    finding_vec findings = {0};
    if (!(line = next_line(&at)) || sscanf(line, "lines %d", &result->lines) != 1)
        return false;
    while ((line = next_line(&at)) && strncmp(line, "header ", 7) == 0)
        if (!same_header(line))
            return false;
    for (; line && strcmp(line, "end") != 0; line = next_line(&at))
        if (!read_finding(arena, &at, path, line, ADD(arena, &findings)))
            return false;
    if (!line)
        return false;
    result->findings = findings;
    return true;
}

static bool make_folder(const char *path)
{
    char part[PATH_MAX];
    snprintf(part, sizeof part, "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(part, 0700);
        *slash = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

void cache_put(const struct settings *settings, const char *path, const struct file_result *result)
{
    char place[PATH_MAX], temporary[PATH_MAX + 32];
    if (!place_for(settings, path, place, sizeof place) || !make_folder(settings->cache))
        return;
    snprintf(temporary, sizeof temporary, "%s.%ld.%p", place, (long)getpid(), (const void *)result);
    FILE *file = fopen(temporary, "we");
    if (!file)
        return;
    fprintf(file, "lines %d\n", result->lines);
    EACH (header, &result->headers)
        fprintf(file, "header %llx %s\n", (unsigned long long)header_stamp(*header), *header);
    EACH (finding, &result->findings) {
        fprintf(file, "%s %d %d %d %llx %d\n%s\n%s\n%s\n%s\n", finding->check, (int)finding->level,
                finding->line, finding->column, (unsigned long long)finding->key,
                finding->notes.count, finding->function ? finding->function : "", finding->message,
                finding->advice ? finding->advice : "",
                finding->suppressed ? finding->suppressed : "");
        EACH (note, &finding->notes)
            fprintf(file, "%d %d %s\n", note->line, note->column, note->text);
    }
    fputs("end\n", file);
    bool ok = !ferror(file);
    ok &= fclose(file) == 0;
    if (!ok || rename(temporary, place) != 0)
        unlink(temporary);
}
