/* fuzz CORPUS [ROUNDS [SEED]]: reads each file of the corpus as a graph, and ROUNDS mutations of such files. Whatever it is given,
 * the reader must not crash, must say a place for each problem, and must put in order what it accepts.
 *
 * With -fsanitize=fuzzer -DLIBFUZZER, libFuzzer makes the inputs. */
#define _GNU_SOURCE
#include "graph.h"
#include "plan.h"

#include <dirent.h>
#include <lifoguard/defer.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int input = -1;

static _Noreturn void give_up(const char *what, const char *data, size_t size)
{
    fprintf(stderr, "%s:\n", what);
    fwrite(data, 1, size, stderr);
    abort();
}

static bool is_in_order(const struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        for (size_t k = 0; k < graph->jobs[i]->need_count; k++)
            if (graph->jobs[i]->needs[k].job->number >= graph->jobs[i]->number)
                return false;
    return true;
}

static bool have_places(const struct graph *graph)
{
    for (const struct problem *problem = graph->problems.first; problem; problem = problem->next)
        if (!problem->at.file || *problem->text == '\0' || !problem->at.line || !problem->at.column)
            return false;
    return true;
}

static void read_one(const char *data, size_t size)
{
    if (input < 0)
        input = memfd_create("graph", MFD_CLOEXEC);
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", input);
    if (ftruncate(input, 0) != 0 || pwrite(input, data, size, 0) != (ssize_t)size)
        abort();
    struct graph graph = {0};
    lg_defer(graph_free, &graph);
    graph_read(&graph, path);
    graph_check(&graph);
    graph_select(&graph, &(struct words){0});
    if (!have_places(&graph))
        give_up("a problem without a place", data, size);
    bool good = graph.problems.count == 0;
    if (good)
        graph_plan(&graph);
    if (good && !is_in_order(&graph))
        give_up("accepted, but not in order", data, size);
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    read_one((const char *)data, size);
    return 0;
}
#else

enum { LARGEST = 16 * 1024, MOST_FILES = 1000 };

static struct file {
    char *data;
    size_t size;
} files[MOST_FILES];
static size_t file_count;
static uint64_t state;

static size_t below(size_t limit)
{
    state = state * 6364136223846793005U + 1442695040888963407U;
    return limit ? (size_t)(state >> 33) % limit : 0;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void load(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "re");
    if (!file || file_count == MOST_FILES)
        abort();
    files[file_count].data = malloc(LARGEST);
    if (!files[file_count].data)
        abort();
    files[file_count].size = fread(files[file_count].data, 1, LARGEST, file);
    file_count++;
    fclose(file);
}

static void load_all(const char *folder)
{
    struct dirent **names;
    int count = scandir(folder, &names, NULL, by_name);
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.')
            load(folder, names[i]->d_name);
        free(names[i]);
    }
    if (count <= 0 || file_count == 0)
        abort();
    free(names);
}

static const char *const tokens[] = {"jobs:",       "run:",       "defer:",    "needs:",
                                     "ready:",      "for:",       "env:",      "wait: true",
                                     "timeout: 1s", "<<: *a",     "&a ",       "*a",
                                     "- ",          "\n  ",       "{",         "}",
                                     "[",           "]",          "? ",        "|\n",
                                     ">-\n",        "---\n",      "...\n",     "!!int ",
                                     "\"",          "'",          "#",         "%YAML 1.1\n",
                                     "null",        "~",          "\xff",      "\xef\xbb\xbf",
                                     "\t",          "include: x", "lock: a/b", "args: []"};

static size_t insert(char *data, size_t size, const char *what, size_t length)
{
    if (size + length > LARGEST)
        return size;
    size_t at = below(size + 1);
    memmove(data + at + length, data + at, size - at);
    memcpy(data + at, what, length);
    return size + length;
}

static size_t cut(char *data, size_t size)
{
    size_t at = below(size);
    size_t length = 1 + below(size - at < 40 ? size - at : 40);
    if (size == 0 || at + length > size)
        return size;
    memmove(data + at, data + at + length, size - at - length);
    return size - length;
}

static size_t mutate(char *data, size_t size)
{
    const struct file *other = &files[below(file_count)];
    size_t from = below(other->size);
    const char *token = tokens[below(sizeof tokens / sizeof tokens[0])];
    switch (below(5)) {
    case 0: return insert(data, size, token, strlen(token));
    case 1: return cut(data, size);
    case 2: return insert(data, size, other->data + from, below(other->size - from));
    case 3:
        if (size)
            data[below(size)] = (char)below(256);
        return size;
    default: {
        char copy[60];
        size_t length = below(size < sizeof copy ? size : sizeof copy);
        memcpy(copy, data, length);
        return insert(data, size, copy, length);
    }
    }
}

int main(int count, char **arguments)
{
    if (count < 2 || !freopen("/dev/null", "w", stdout))
        return 2;
    load_all(arguments[1]);
    for (size_t i = 0; i < file_count; i++)
        read_one(files[i].data, files[i].size);
    size_t rounds = count > 2 ? strtoul(arguments[2], NULL, 10) : 0;
    uint64_t seed = count > 3 ? strtoull(arguments[3], NULL, 10) : 1;
    static char data[2 * LARGEST];
    for (size_t round = 0; round < rounds; round++) {
        state = seed + round;
        below(1);
        const struct file *file = &files[below(file_count)];
        size_t size = file->size;
        memcpy(data, file->data, size);
        for (size_t times = 1 + below(6); times > 0; times--)
            size = mutate(data, size);
        read_one(data, size);
    }
    fprintf(stderr, "%zu files, %zu mutations\n", file_count, rounds);
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    close(input);
    return 0;
}
#endif
