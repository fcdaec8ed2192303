/* Results of files that have not changed, one small file each. A result is used again if the source and its headers have
 * the same times and sizes, the options, flags and settings are the same and the program is the same. */
#define _GNU_SOURCE
#include "cache.h"

#include "config.h"
#include "lex.h"
#include "neighbours.h"
#include "pages.h"
#include "project.h"

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
    hash = hash_bytes(hash, &status.st_mtim, sizeof(status.st_mtim));
    hash = hash_bytes(hash, &status.st_size, sizeof(status.st_size));
    return hash_bytes(hash, &status.st_ino, sizeof(status.st_ino));
}

/* Many files include the same headers: each thread looks at each once; and so at the folders beside single files. */
static _Thread_local struct map header_stamps, folder_stamps;

void cache_end_thread(void)
{
    map_free(&header_stamps);
    map_free(&folder_stamps);
}

static uint64_t header_stamp(const char *path)
{
    const char *key = intern_string(path);
    uintptr_t stamped = (uintptr_t)map_get(&header_stamps, key);
    if (!stamped) {
        stamped = (uintptr_t)stamp(HASH_START, path) | 1;
        map_set(&header_stamps, key, (void *)stamped);
    }
    return stamped;
}

static uint64_t folder_stamp(const char *path)
{
    const char *key = intern_string(path);
    uintptr_t stamped = (uintptr_t)map_get(&folder_stamps, key);
    if (!stamped) {
        stamped = (uintptr_t)neighbours_stamp(path) | 1;
        map_set(&folder_stamps, key, (void *)stamped);
    }
    return stamped;
}

static uint64_t options_hash(const struct settings *settings)
{
    static uint64_t known; /* each thread would find the same */
    uint64_t program = __atomic_load_n(&known, __ATOMIC_RELAXED);
    if (!program) {
        program = stamp(HASH_START, "/proc/self/exe");
        __atomic_store_n(&known, program, __ATOMIC_RELAXED);
    }
    uint64_t hash = hash_bytes(program, &settings->options.all, sizeof(settings->options.all));
    EACH (name, &settings->options.only)
        hash = hash_bytes(hash, *name, strlen(*name) + 1);
    uint64_t configuration = config_hash();
    hash = hash_bytes(hash, &configuration, sizeof(configuration));
    bool others[] = {settings->alone, settings->beside};
    hash = hash_bytes(hash, others, sizeof(others));
    hash = hash_bytes(hash, "-", 1);
    EACH (name, &settings->options.without)
        hash = hash_bytes(hash, *name, strlen(*name) + 1);
    return hash;
}

/* Where the result of this file, as it is now, or its summary would be. False: nowhere. */
static bool place_for(const struct settings *settings, const char *path, const char *kind,
                      char *place, size_t room)
{
    char absolute[PATH_MAX];
    if (!realpath(path, absolute))
        return false;
    uint64_t content = stamp(options_hash(settings), path);
    uint64_t name = hash_bytes(HASH_START, absolute, strlen(absolute));
    return content &&
           snprintf(place, room, "%s/%016llx-%016llx%s", settings->cache, (unsigned long long)name,
                    (unsigned long long)content, kind) < (int)room;
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

/* Reads a number and the blanks behind it. False: there is none. */
static bool read_number(const char **at, int base, uint64_t *number)
{
    char *end;
    *number = strtoull(*at, &end, base);
    bool any = end != *at;
    *at = end + strspn(end, " ");
    return any;
}

static bool read_int(const char **at, int *number)
{
    uint64_t any;
    bool ok = read_number(at, 10, &any) && any <= INT_MAX;
    *number = ok ? (int)any : 0;
    return ok;
}

/* "leak 3 120 5 0123456789abcdef 2": the check, its level, the place, the key, how many notes follow */
static const struct check_page *read_head(const char *head, struct finding *finding, int *notes)
{
    char check[64];
    size_t length = strcspn(head, " ");
    if (length >= sizeof(check))
        return NULL;
    memcpy(check, head, length);
    check[length] = '\0';
    const char *at = head + length;
    int level;
    if (!read_int(&at, &level) || !read_int(&at, &finding->line) ||
        !read_int(&at, &finding->column) || !read_number(&at, 16, &finding->key) ||
        !read_int(&at, notes))
        return NULL;
    finding->level = (enum level)level;
    return check_page_find(check);
}

static bool read_finding(struct arena *arena, char **at, const char *path, char *head,
                         struct finding *finding)
{
    int notes = 0;
    const struct check_page *page = read_head(head, finding, &notes);
    const char *function = next_line(at), *message = next_line(at), *advice = next_line(at),
               *reason = next_line(at);
    if (!page || !reason)
        return false;
    finding->check = page->name;
    finding->file = path;
    finding->function = intern_string(function);
    finding->message = message;
    finding->advice = *advice ? advice : NULL;
    finding->suppressed = *reason ? reason : NULL;
    for (int i = 0; i < notes; i++) {
        const char *line = next_line(at);
        struct finding_note note = {0};
        if (!line || !read_int(&line, &note.line) || !read_int(&line, &note.column))
            return false;
        note.text = line;
        *ADD(arena, &finding->notes) = note;
    }
    return true;
}

static bool same_header(const char *line)
{
    uint64_t stamped;
    line += strlen("header ");
    return read_number(&line, 16, &stamped) && header_stamp(line) == stamped;
}

static bool same_folder(const char *line)
{
    uint64_t stamped;
    line += strlen("folder ");
    return read_number(&line, 16, &stamped) && folder_stamp(line) == stamped;
}

/* Do the functions of other files still do the same? */
static bool same_answers(struct arena *arena, char *line)
{
    VEC(const char *) names = {0};
    char *rest;
    strtok_r(line, " ", &rest);
    const char *hash = strtok_r(NULL, " ", &rest);
    for (char *word; (word = strtok_r(NULL, " ", &rest));)
        *ADD(arena, &names) = intern_string(word);
    return hash && project_hash(names.at, names.count) == strtoull(hash, NULL, 16);
}

static bool still_holds(struct arena *arena, char *line)
{
    return strncmp(line, "header ", 7) == 0   ? same_header(line)
           : strncmp(line, "folder ", 7) == 0 ? same_folder(line)
                                              : same_answers(arena, line);
}

static bool is_condition(const char *line)
{
    return strncmp(line, "header ", 7) == 0 || strncmp(line, "folder ", 7) == 0 ||
           strncmp(line, "asked ", 6) == 0;
}

bool cache_get(struct arena *arena, const struct settings *settings, const char *path,
               struct file_result *result)
{
    char place[PATH_MAX];
    struct source source;
    if (!place_for(settings, path, "", place, sizeof(place)) || !source_read(arena, place, &source))
        return false;
    char *at = source.text, *line = NULL;
    finding_vec findings = {0};
    const char *lines = next_line(&at);
    if (!lines || strncmp(lines, "lines ", 6) != 0 ||
        (lines += 6, !read_int(&lines, &result->lines)))
        return false;
    while ((line = next_line(&at)) && is_condition(line))
        if (!still_holds(arena, line))
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
    snprintf(part, sizeof(part), "%s", path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(part, 0700);
        *slash = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

/* A file that is complete when it gets its name. */
struct entry {
    char place[PATH_MAX], temporary[PATH_MAX + 48];
    FILE *file;
};

static bool entry_open(struct entry *entry, const struct settings *settings, const char *path,
                       const char *kind)
{
    if (!place_for(settings, path, kind, entry->place, sizeof(entry->place)) ||
        !make_folder(settings->cache))
        return false;
    snprintf(entry->temporary, sizeof(entry->temporary), "%s.%ld.%p", entry->place, (long)getpid(),
             (void *)entry);
    entry->file = fopen(entry->temporary, "we");
    return entry->file != NULL;
}

static void entry_close(struct entry *entry)
{
    bool ok = !ferror(entry->file);
    ok &= fclose(entry->file) == 0;
    if (!ok || rename(entry->temporary, entry->place) != 0)
        unlink(entry->temporary);
}

static void put_header(FILE *file, const char *header)
{
    fprintf(file, "header %llx %s\n", (unsigned long long)header_stamp(header), header);
}

static void put_asked(FILE *file, const struct file_result *result)
{
    if (result->asked.count == 0)
        return;
    fprintf(file, "asked %llx",
            (unsigned long long)project_hash(result->asked.at, result->asked.count));
    EACH (name, &result->asked)
        fprintf(file, " %s", *name);
    fputc('\n', file);
}

static void put_finding(FILE *file, const struct finding *finding)
{
    fprintf(file, "%s %d %d %d %llx %d\n%s\n%s\n%s\n%s\n", finding->check, (int)finding->level,
            finding->line, finding->column, (unsigned long long)finding->key, finding->notes.count,
            finding->function ? finding->function : "", finding->message,
            finding->advice ? finding->advice : "", finding->suppressed ? finding->suppressed : "");
    EACH (note, &finding->notes)
        fprintf(file, "%d %d %s\n", note->line, note->column, note->text);
}

void cache_put(const struct settings *settings, const char *path, const struct file_result *result)
{
    struct entry entry;
    if (!entry_open(&entry, settings, path, ""))
        return;
    fprintf(entry.file, "lines %d\n", result->lines);
    EACH (header, &result->headers)
        put_header(entry.file, *header);
    EACH (folder, &result->folders)
        fprintf(entry.file, "folder %llx %s\n", (unsigned long long)folder_stamp(*folder), *folder);
    put_asked(entry.file, result);
    EACH (finding, &result->findings)
        put_finding(entry.file, finding);
    fputs("end\n", entry.file);
    entry_close(&entry);
}

char *cache_get_summary(struct arena *arena, const struct settings *settings, const char *path,
                        path_vec *headers)
{
    char place[PATH_MAX];
    struct source source;
    if (!place_for(settings, path, "-s", place, sizeof(place)) ||
        !source_read(arena, place, &source))
        return NULL;
    char *at = source.text, *line, *end = source.text + source.length;
    if (source.length < 4 || strcmp(end - 4, "end\n") != 0)
        return NULL;
    end[-4] = '\0';
    while (strncmp(at, "header ", 7) == 0 && (line = next_line(&at))) {
        if (!same_header(line))
            return NULL;
        *ADD(arena, headers) = strchr(line + 7, ' ') + 1;
    }
    return at;
}

void cache_put_summary(const struct settings *settings, const char *path, const path_vec *headers,
                       const char *text)
{
    struct entry entry;
    if (!entry_open(&entry, settings, path, "-s"))
        return;
    EACH (header, headers)
        put_header(entry.file, *header);
    fputs(text, entry.file);
    fputs("end\n", entry.file);
    entry_close(&entry);
}
