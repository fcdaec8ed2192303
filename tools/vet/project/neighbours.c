#define _GNU_SOURCE
#include "neighbours.h"

#include "parse.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define MOST_FILES 24 /* that are summarised for one checked file */
#define MOST_BYTES ((size_t)6 << 20)
#define FOLDER_FILES 800 /* of one folder, that are searched for names */
#define FOLDER_BYTES ((size_t)32 << 20)

struct candidate {
    const char *path;
    size_t size;
    struct candidate *next; /* another file that seems to define the same name */
};

struct folder {
    struct map names; /* name to struct candidate */
    uint64_t stamp;
};

struct neighbour {
    struct map functions; /* name to struct summary */
    VEC(const char *) headers;
};

/* Kept to the end of the process; shared by all threads. */
static struct arena memory;
static struct map folders;    /* path to struct folder */
static struct map neighbours; /* path to struct neighbour */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static summarise_fn *summarise; /* NULL: neighbours are not looked at */
static const struct settings *used;

void neighbours_use(summarise_fn *by, const struct settings *settings)
{
    summarise = by;
    used = settings;
}

bool neighbours_used(void)
{
    return summarise != NULL;
}

/* ---- which file seems to define a name ---------------------------------------------------------- */

static const char *after_parentheses(const char *at, const char *end)
{
    int depth = 0;
    for (const char *limit = end - at > 4000 ? at + 4000 : end; at < limit; at++) {
        depth += (*at == '(') - (*at == ')');
        if (depth == 0)
            return at + 1;
    }
    return NULL;
}

/* Behind the parameters: is there a body? */
static bool has_body(const char *at, const char *end)
{
    for (const char *limit = end - at > 400 ? at + 400 : end; at < limit; at++) {
        if (*at == '{')
            return true;
        if (*at == ';' || *at == '=' || *at == '#')
            return false;
    }
    return false;
}

static bool begins_static(const char *line, const char *before)
{
    return strncmp(line, "static", 6) == 0 || (before && strncmp(before, "static", 6) == 0);
}

/* A definition's name stands in a line that begins in the first column. */
static void scan_line(struct folder *folder, const char *line, const char *end,
                      const char *text_end, const char *before, const struct candidate *file)
{
    const char *open = memchr(line, '(', (size_t)(end - line));
    if (!open || begins_static(line, before))
        return;
    const char *last = open;
    while (last > line && isspace((unsigned char)last[-1]))
        last--;
    const char *first = last;
    while (first > line && (isalnum((unsigned char)first[-1]) || first[-1] == '_'))
        first--;
    const char *after = first < last ? after_parentheses(open, text_end) : NULL;
    if (!after || !has_body(after, text_end))
        return;
    const char *name = intern(first, (size_t)(last - first));
    struct candidate *candidate = NEW(&memory, struct candidate);
    *candidate = *file;
    candidate->next = map_get(&folder->names, name);
    map_set(&folder->names, name, candidate);
}

static void scan_file(struct folder *folder, const struct candidate *file)
{
    struct arena arena = {0};
    struct source source;
    if (source_read(&arena, file->path, &source)) {
        const char *before = NULL, *text_end = source.text + source.length;
        for (const char *line = source.text; line < text_end;) {
            const char *end = memchr(line, '\n', (size_t)(text_end - line));
            if (!end)
                end = text_end;
            if (isalpha((unsigned char)*line) || *line == '_')
                scan_line(folder, line, end, text_end, before, file);
            before = line;
            line = end + 1;
        }
    }
    arena_free(&arena);
}

static bool is_source(const char *name)
{
    size_t length = strlen(name);
    return length > 2 && name[0] != '.' && strcmp(name + length - 2, ".c") == 0;
}

/* The sum of the files' hashes does not depend on their order. */
static uint64_t stamp_of(const char *name, const struct stat *status)
{
    uint64_t hash = hash_bytes(HASH_START, name, strlen(name));
    hash = hash_bytes(hash, &status->st_mtim, sizeof(status->st_mtim));
    return hash_bytes(hash, &status->st_size, sizeof(status->st_size));
}

typedef void visit_fn(struct folder *folder, const char *path, size_t size);

static void each_source(const char *path, struct folder *folder, visit_fn *visit)
{
    DIR *stream = opendir(*path ? path : ".");
    if (!stream)
        return;
    size_t bytes = 0;
    int files = 0;
    for (struct dirent *entry; (entry = readdir(stream));) {
        struct stat status;
        // NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): an open stream has a descriptor
        if (!is_source(entry->d_name) || fstatat(dirfd(stream), entry->d_name, &status, 0) != 0 ||
            !S_ISREG(status.st_mode))
            continue;
        folder->stamp += stamp_of(entry->d_name, &status);
        bytes += (size_t)status.st_size;
        if (!visit || ++files > FOLDER_FILES || bytes > FOLDER_BYTES)
            continue;
        char full[4096];
        if (snprintf(full, sizeof(full), "%s%s", path, entry->d_name) < (int)sizeof(full))
            visit(folder, intern_string(full), (size_t)status.st_size);
    }
    closedir(stream);
}

static void scan(struct folder *folder, const char *path, size_t size)
{
    scan_file(folder, &(struct candidate){path, size, NULL});
}

uint64_t neighbours_stamp(const char *path)
{
    struct folder folder = {.stamp = HASH_START};
    each_source(path, &folder, NULL);
    return folder.stamp;
}

static struct folder *folder_at(const char *path)
{
    struct folder *folder = map_get(&folders, path);
    if (!folder) {
        folder = NEW(&memory, struct folder);
        folder->stamp = HASH_START;
        map_set(&folders, path, folder);
        each_source(path, folder, scan);
    }
    return folder;
}

/* ---- what it says ------------------------------------------------------------------------------- */

static struct neighbour *read_neighbour(const char *path)
{
    struct arena arena = {0};
    struct file_summary file = {0};
    path_vec headers = {0};
    char *text = summarise(&arena, used, path, &headers);
    pthread_mutex_lock(&lock);
    struct neighbour *neighbour = map_get(&neighbours, path);
    if (!neighbour) {
        neighbour = NEW(&memory, struct neighbour);
        if (text && file_summary_read(&memory, text, &file))
            EACH (function, &file.functions)
                map_set(&neighbour->functions, function->name, function);
        EACH (header, &headers)
            *ADD(&memory, &neighbour->headers) = intern_string(*header);
        map_set(&neighbours, path, neighbour);
    }
    pthread_mutex_unlock(&lock);
    arena_free(&arena);
    return neighbour;
}

static struct neighbour *neighbour_at(const char *path)
{
    pthread_mutex_lock(&lock);
    struct neighbour *neighbour = map_get(&neighbours, path);
    pthread_mutex_unlock(&lock);
    return neighbour ? neighbour : read_neighbour(path);
}

static void depend(struct unit *unit, const struct neighbour *neighbour)
{
    EACH (header, &neighbour->headers) {
        bool known = false;
        EACH (other, &unit->headers)
            known |= *other == *header;
        if (!known)
            *ADD(&unit->arena, &unit->headers) = *header;
    }
}

static bool may_read(struct neighbour_budget *budget, struct unit *unit, const char *path,
                     size_t size)
{
    EACH (read, &unit->neighbours)
        if (*read == path)
            return true;
    if (budget->files >= MOST_FILES || budget->bytes + size > MOST_BYTES)
        return false;
    budget->files++;
    budget->bytes += size;
    *ADD(&unit->arena, &unit->neighbours) = path;
    return true;
}

/* usage, die … of many small programs. */
static bool is_common(const struct candidate *candidate)
{
    int count = 0;
    for (; candidate; candidate = candidate->next)
        count++;
    return count > 3;
}

/* Two files of the folder that define it belong to different programs: then nothing is known. */
static const struct summary *ask(struct unit *unit, const struct candidate *candidate,
                                 const char *name, struct neighbour_budget *budget)
{
    const struct summary *found = NULL;
    if (is_common(candidate))
        return NULL;
    for (; candidate; candidate = candidate->next) {
        if (strcmp(candidate->path, unit->path) == 0 ||
            !may_read(budget, unit, candidate->path, candidate->size))
            continue;
        const struct neighbour *neighbour = neighbour_at(candidate->path);
        const struct summary *one = map_get(&neighbour->functions, name);
        depend(unit, neighbour);
        if (one && found)
            return NULL;
        found = one ? one : found;
    }
    return found;
}

static const char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? intern(path, (size_t)(slash - path + 1)) : "";
}

static const struct summary *find_in(struct unit *unit, const char *path, const char *name,
                                     struct neighbour_budget *budget)
{
    bool known = false;
    EACH (folder, &unit->folders)
        known |= strcmp(*folder, path) == 0;
    if (!known)
        *ADD(&unit->arena, &unit->folders) = path;
    pthread_mutex_lock(&lock);
    const struct candidate *candidate = map_get(&folder_at(path)->names, name);
    pthread_mutex_unlock(&lock);
    return ask(unit, candidate, name, budget);
}

const struct summary *neighbours_find(struct unit *unit, const char *name,
                                      struct neighbour_budget *budget)
{
    const char *own = folder_of(unit->path);
    const struct summary *found = find_in(unit, own, name, budget);
    const struct prototype *prototype = prototype_of(unit, name);
    if (found || !prototype || !prototype->header)
        return found;
    const char *other = folder_of(prototype->header);
    return strcmp(other, own) == 0 ? NULL : find_in(unit, other, name, budget);
}
