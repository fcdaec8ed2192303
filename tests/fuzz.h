/* A fuzzer for a reader of files: FUZZER CORPUS [ROUNDS [SEED]] gives the reader each file of the corpus, and ROUNDS mutations of such
 * files. With -fsanitize=fuzzer -DLIBFUZZER, libFuzzer makes the inputs.
 *
 * The includer defines fuzz_one, fuzz_end and fuzz_tokens. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Gives the reader one input. */
static void fuzz_one(const char *data, size_t size);

/* After the last input. */
static void fuzz_end(void);

/* What is put into inputs now and then: the i-th, modulo their count. */
static const char *fuzz_token(size_t i);

/* What the reader did with an input was wrong. */
static _Noreturn void give_up(const char *what, const char *data, size_t size)
{
    fprintf(stderr, "%s:\n", what);
    fwrite(data, 1, size, stderr);
    abort();
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one((const char *)data, size);
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
    snprintf(path, sizeof(path), "%s/%s", folder, name);
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
    const char *token = fuzz_token(below(1000));
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
        size_t length = below(size < sizeof(copy) ? size : sizeof(copy));
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
        fuzz_one(files[i].data, files[i].size);
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
        fuzz_one(data, size);
    }
    fprintf(stderr, "%zu files, %zu mutations\n", file_count, rounds);
    for (size_t i = 0; i < file_count; i++)
        free(files[i].data);
    fuzz_end();
    return 0;
}
#endif

#endif
