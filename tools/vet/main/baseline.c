/* Known findings, kept in a file: `KEY CHECK FUNCTION` a line. The key is made of the function and of what is said, not
 * of lines, so that an edit elsewhere in the file does not bring old findings back. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t key;
    const char *text;
    bool used;
};
typedef VEC(struct entry) entry_vec;

static bool read_entries(struct arena *arena, const char *path, entry_vec *entries)
{
    FILE *file = fopen(path, "re");
    if (!file) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", path, strerror(errno));
        return false;
    }
    char *line = NULL;
    size_t room = 0;
    bool ok = true;
    errno = 0;
    for (int number = 1; ok && getline(&line, &room, file) >= 0; number++) {
        char *stop = strpbrk(line, "\r\n");
        if (stop)
            *stop = '\0';
        if (!*line || *line == '#')
            continue;
        char *end;
        uint64_t key = strtoull(line, &end, 16);
        if (end != line + 16) {
            fprintf(stderr, "lifoguard-vet: %s:%d: not an entry of a baseline\n", path, number);
            ok = false;
        } else {
            *ADD(arena, entries) = (struct entry){key, arena_copy(arena, end, strlen(end)), false};
        }
    }
    if (ferror(file)) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", path, strerror(errno));
        ok = false;
    }
    free(line);
    fclose(file);
    return ok;
}

static bool use_entry(entry_vec *entries, uint64_t key)
{
    EACH (entry, entries)
        if (entry->key == key && !entry->used) {
            entry->used = true;
            return true;
        }
    return false;
}

bool baseline_apply(struct arena *arena, const struct settings *settings, result_vec *results)
{
    entry_vec entries = {0};
    if (!read_entries(arena, settings->baseline, &entries))
        return false;
    EACH (result, results) {
        finding_vec left = {0};
        EACH (finding, &result->findings)
            if (finding->suppressed || !use_entry(&entries, finding->key))
                *ADD(arena, &left) = *finding;
        result->findings = left;
    }
    EACH (entry, &entries)
        if (!entry->used)
            fprintf(stderr, "lifoguard-vet: %s: no longer found, to be removed: %016llx%s\n",
                    settings->baseline, (unsigned long long)entry->key, entry->text);
    return true;
}

bool baseline_write(const struct settings *settings, const result_vec *results)
{
    FILE *file = fopen(settings->write_baseline, "we");
    if (!file) {
        fprintf(stderr, "lifoguard-vet: %s: %s\n", settings->write_baseline, strerror(errno));
        return false;
    }
    EACH (result, results)
        EACH (finding, &result->findings)
            if (!finding->suppressed)
                fprintf(file, "%016llx %s %s\n", (unsigned long long)finding->key, finding->check,
                        finding->function ? finding->function : "-");
    bool ok = !ferror(file);
    ok &= fclose(file) == 0;
    if (!ok)
        fprintf(stderr, "lifoguard-vet: %s could not be written\n", settings->write_baseline);
    return ok;
}
