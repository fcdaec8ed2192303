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
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct map pairs, backwards, harmless, keepers, ends;

static bool set_line(struct arena *arena, const char *word, const char *first, const char *second,
                     struct settings *settings)
{
    if (strcmp(word, "disable") == 0 && check_page_find(first))
        *ADD(arena, &settings->options.without) = arena_copy(arena, first, strlen(first));
    else if (strcmp(word, "pair") == 0 && *second) {
        map_set(&pairs, intern_string(first), intern_string(second));
        map_set(&backwards, intern_string(second), intern_string(first));
    } else if (strcmp(word, "harmless") == 0)
        map_set(&harmless, intern_string(first), settings);
    else if (strcmp(word, "keeps") == 0)
        map_set(&keepers, intern_string(first), settings);
    else if (strcmp(word, "noreturn") == 0)
        map_set(&ends, intern_string(first), settings);
    else
        return false;
    return true;
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
    for (int number = 1; getline(&line, &room, file) >= 0; number++) {
        char word[32] = "", first[200] = "", second[200] = "";
        line[strcspn(line, "#\n")] = '\0';
        if (sscanf(line, "%31s %199s %199s", word, first, second) < 1)
            continue;
        cache_depend(line);
        if (!*first || !set_line(arena, word, first, second, settings)) {
            fprintf(stderr, "lifoguard-vet: %s:%d: not a setting: %s\n", path, number, line);
            ok = false;
        }
    }
    free(line);
    fclose(file);
    return ok;
}

const char *config_release_of(const char *acquire)
{
    return map_get(&pairs, acquire);
}

bool config_is_release(const char *name)
{
    return map_get(&backwards, name) != NULL;
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
