/* The file .lifoguard-vet: one setting a line.
 *
 *     disable CHECK
 *     pair ACQUIRE RELEASE
 *     harmless FUNCTION      it neither keeps nor releases its arguments
 *     keeps FUNCTION         it takes over what it is passed
 *     noreturn FUNCTION
 */
#define _GNU_SOURCE
#include "config.h"

#include "pages.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANK " \t\r\v\f"

static uint64_t depends_on = HASH_START;
static struct map pairs, releases, harmless, keepers, ends;

static bool set_line(struct arena *arena, char *const *words, int count, struct settings *settings)
{
    static const struct {
        const char *word;
        struct map *map;
    } lists[] = {{"harmless", &harmless}, {"keeps", &keepers}, {"noreturn", &ends}};
    if (count == 3 && strcmp(words[0], "pair") == 0) {
        map_set(&pairs, intern_string(words[1]), intern_string(words[2]));
        map_set(&releases, intern_string(words[2]), settings);
        return true;
    }
    if (count != 2)
        return false;
    if (strcmp(words[0], "disable") == 0 && check_page_find(words[1])) {
        *ADD(arena, &settings->options.without) = arena_copy(arena, words[1], strlen(words[1]));
        return true;
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
        if (strcmp(words[0], lists[i].word) == 0) {
            map_set(lists[i].map, intern_string(words[1]), settings);
            return true;
        }
    return false;
}

static bool read_line(struct arena *arena, const char *path, int number, const char *line,
                      struct settings *settings)
{
    char *words[4] = {NULL}, *rest, *copy = arena_copy(arena, line, strlen(line));
    int count = 0;
    for (char *word = strtok_r(copy, BLANK, &rest); word && count < 4; count++) {
        words[count] = word;
        word = strtok_r(NULL, BLANK, &rest);
    }
    if (count == 0 || set_line(arena, words, count, settings))
        return true;
    fprintf(stderr, "lifoguard-vet: %s:%d: not a setting: %s\n", path, number, line);
    return false;
}

bool config_read(struct arena *arena, const char *path, struct settings *settings, bool required)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        if (!required && (errno == ENOENT || errno == EACCES || errno == ENOTDIR))
            return true;
        fprintf(stderr, "lifoguard-vet: %s: %s\n", path, strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    errno = 0;
    for (int number = 1; getline(&line, &room, file) >= 0; number++) {
        char *end = strpbrk(line, "#\n");
        if (end)
            *end = '\0';
        config_depend(line);
        ok &= read_line(arena, path, number, line, settings);
    }
    if (ferror(file)) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", path, strerror(errno));
        ok = false;
    }
    free(line);
    fclose(file);
    return ok;
}

void config_depend(const char *text)
{
    depends_on = hash_bytes(depends_on, text, strlen(text) + 1);
}

uint64_t config_hash(void)
{
    return depends_on;
}

const char *config_release_of(const char *acquire)
{
    return map_get(&pairs, acquire);
}

bool config_is_release(const char *name)
{
    return map_get(&releases, name) != NULL;
}

bool config_harmless(const char *name)
{
    return map_get(&harmless, name) != NULL;
}

bool config_keeps(const char *name)
{
    return map_get(&keepers, name) != NULL;
}

bool config_never_returns(const char *name)
{
    return map_get(&ends, name) != NULL;
}
