#define _GNU_SOURCE
#include "headers.h"

#include "declared.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEPTH 5
#define LEVELS 6        /* folders above a file */
#define MOST_BESIDE 300 /* folders in one of them */
#define MOST 400        /* headers of one file */
#define LARGEST 4000000

struct header {
    const char *path;
    struct lexed lexed;
    struct declared declared;
};

/* Kept to the end of the process; shared by all threads. */
static struct arena memory;
static struct map headers; /* "folder\nname" to struct header, or to &absent */
static struct map by_path;
static struct header absent;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static VEC(const char *) folders;

void headers_add_folder(const char *folder)
{
    *ADD(&memory, &folders) = intern_string(folder);
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

struct namesakes {
    VEC(const char *) paths;
};

static struct map namesakes; /* name without a folder to struct namesakes */

void headers_add_file(const char *path)
{
    const char *base = intern_string(base_of(path));
    struct namesakes *known = map_get(&namesakes, base);
    if (!known) {
        known = NEW(&memory, struct namesakes);
        map_set(&namesakes, base, known);
    }
    *ADD(&memory, &known->paths) = intern_string(path);
}

static struct header *read_header(const char *path)
{
    struct header *header = map_get(&by_path, path);
    if (header)
        return header;
    struct source source;
    header = NEW(&memory, struct header);
    header->path = path;
    map_set(&by_path, path, header);
    if (!source_read(&memory, path, &source) || source.length > LARGEST)
        return header;
    lex(&memory, &source, &header->lexed);
    declared_read(&memory, &header->lexed, &header->declared);
    EACH (prototype, &header->declared.prototypes)
        prototype->header = path;
    return header;
}

/* a/b/../c.h is a/c.h: else headers that include each other by "../c.h" would be read once for every such path. */
static void shorten(char *path)
{
    for (char *up = strstr(path, "/../"); up;) {
        char *before = up;
        while (before > path && before[-1] != '/')
            before--;
        bool folder = up - before > 0 && strncmp(before, "../", 3) != 0 &&
                      strncmp(before, "./", 2) != 0;
        if (!folder) {
            up = strstr(up + 3, "/../");
            continue;
        }
        memmove(before, up + 4, strlen(up + 4) + 1);
        up = strstr(path, "/../");
    }
}

static struct header *find_in(const char *folder, const char *below, const char *name)
{
    char path[4096];
    int length = snprintf(path, sizeof(path), "%s%s%s", folder, below, name);
    if (length >= (int)sizeof(path) || access(path, R_OK) != 0)
        return NULL;
    char shorter[sizeof(path)];
    memcpy(shorter, path, (size_t)length + 1);
    shorten(shorter);
    bool same = access(shorter, R_OK) == 0; /* not behind a symbolic link */
    return read_header(intern_string(same ? shorter : path));
}

/* From a folder to the one above it; false: there is none. A relative path ends in "", the folder of the run. */
static bool leave(char *path)
{
    size_t length = strlen(path);
    if (length == 0 || strcmp(path, "/") == 0 || strcmp(path, "../") == 0 ||
        (length > 3 && strcmp(path + length - 4, "/../") == 0))
        return false;
    path[length - 1] = '\0';
    char *slash = strrchr(path, '/');
    path[slash ? slash - path + 1 : 0] = '\0';
    return true;
}

/* The folder as it is called from the folder of the run; NULL: it is outside. */
static const char *within_run(const char *folder)
{
    static char here[4096];
    if (folder[0] != '/')
        return strstr(folder, "../") ? NULL : folder;
    if (!here[0] && !getcwd(here, sizeof(here)))
        return NULL;
    size_t length = strlen(here);
    return strncmp(folder, here, length) == 0 && folder[length] == '/' ? folder + length + 1 : NULL;
}

/* In the file's folder and the folders above it, as far as the project's root. */
static struct header *find_upwards(const char *folder, const char *name)
{
    static const char *const below[] = {
        "", "include/", "src/", "lib/", "src/basic/", "src/shared/", "include/private/", "common/"};
    char path[4096];
    snprintf(path, sizeof(path), "%s", folder);
    for (int level = 0; level < LEVELS; level++) {
        for (size_t i = 0; i < sizeof(below) / sizeof(*below); i++) {
            struct header *header = find_in(path, below[i], name);
            if (header)
                return header;
        }
        if (!leave(path))
            break;
    }
    return NULL;
}

struct subfolders {
    VEC(const char *) names;
};

/* The folders in a folder. */
static const struct subfolders *subfolders_of(const char *folder)
{
    static struct map known; /* folder to struct subfolders */
    const char *key = intern_string(folder);
    struct subfolders *subfolders = map_get(&known, key);
    if (subfolders)
        return subfolders;
    subfolders = NEW(&memory, struct subfolders);
    map_set(&known, key, subfolders);
    DIR *open = opendir(*folder ? folder : ".");
    for (const struct dirent *entry; open && (entry = readdir(open));)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            *ADD(&memory, &subfolders->names) = intern_string(entry->d_name);
    if (open)
        closedir(open);
    return subfolders;
}

/* #include "list.h" in src/core/main.c, where the project has src/util/list.h: in the folders beside the file's own folder, and
 * beside the folders above it, but not above the folder in which the run is. Of two such headers nobody knows which. */
static struct header *find_beside(const char *folder, const char *name)
{
    char path[4096];
    const char *inside = within_run(folder);
    if (!inside)
        return NULL;
    snprintf(path, sizeof(path), "%s", inside);
    for (int level = 0; level < LEVELS && leave(path); level++) {
        const struct subfolders *subfolders = subfolders_of(path);
        struct header *found = NULL;
        for (int i = 0; i < subfolders->names.count && i < MOST_BESIDE; i++) {
            char below[300];
            snprintf(below, sizeof(below), "%.280s/", subfolders->names.at[i]);
            struct header *header = find_in(path, below, name);
            if (header && found)
                return NULL;
            found = header ? header : found;
        }
        if (found)
            return found;
    }
    return NULL;
}

static bool ends_as(const char *path, const char *name)
{
    size_t length = strlen(path), end = strlen(name);
    return length > end && path[length - end - 1] == '/' && strcmp(path + length - end, name) == 0;
}

static size_t common_start(const char *a, const char *b)
{
    size_t length = 0;
    for (size_t i = 0; a[i] && a[i] == b[i]; i++)
        if (a[i] == '/')
            length = i + 1;
    return length;
}

/* #include "list.h", where the run has src/util/list.h: the build says -Isrc/util. Of several, the nearest; if two are as
 * near, nobody knows which. Headers of the system are not looked for. */
static struct header *find_among_files(const char *folder, const struct include *include)
{
    const struct namesakes *known = map_get(&namesakes, intern_string(base_of(include->name)));
    const char *best = NULL;
    size_t nearest = 0;
    bool tie = false;
    if (!known || (include->angled &&
                   (!strchr(include->name, '/') || strncmp(include->name, "sys/", 4) == 0)))
        return NULL;
    EACH (path, &known->paths) {
        if (!ends_as(*path, include->name))
            continue;
        size_t common = common_start(*path, folder);
        if (best && common == nearest)
            tie = true;
        if (!best || common > nearest) {
            tie = false;
            best = *path;
            nearest = common;
        }
    }
    return best && !tie ? read_header(best) : NULL;
}

static struct header *find(const char *folder, const struct include *include)
{
    char key[4096];
    snprintf(key, sizeof(key), "%s\n%s%s", folder, include->angled ? "<" : "", include->name);
    const char *name = intern_string(key);
    struct header *header = map_get(&headers, name);
    if (header)
        return header == &absent ? NULL : header;
    for (int i = 0; !header && i < folders.count; i++)
        header = find_in(folders.at[i], "/", include->name);
    if (!header)
        header = find_upwards(folder, include->name);
    if (!header && !include->angled)
        header = find_beside(folder, include->name);
    if (!header)
        header = find_among_files(folder, include);
    map_set(&headers, name, header ? header : &absent);
    return header;
}

static const char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? intern(path, (size_t)(slash - path + 1)) : "";
}

struct walk {
    struct unit *unit;
    struct map seen;
    int count;
};

static void add_includes(struct walk *walk, const char *path, const struct lexed *lexed, int depth)
{
    EACH (include, &lexed->includes) {
        struct header *header = find(folder_of(path), include);
        walk->unit->missing_headers += !header && !include->angled;
        if (!header || map_get(&walk->seen, header) || walk->count++ > MOST)
            continue;
        map_set(&walk->seen, header, header);
        *ADD(&walk->unit->arena, &walk->unit->headers) = header->path;
        macros_add(&walk->unit->macros, &header->lexed);
        declared_add(walk->unit, &header->declared);
        if (depth < DEPTH)
            add_includes(walk, header->path, &header->lexed, depth + 1);
    }
}

void headers_read(struct unit *unit)
{
    struct walk walk = {.unit = unit};
    pthread_mutex_lock(&lock);
    add_includes(&walk, unit->path, &unit->lexed, 0);
    pthread_mutex_unlock(&lock);
    map_free(&walk.seen);
}
