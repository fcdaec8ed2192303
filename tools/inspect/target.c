#define _GNU_SOURCE
#include "target.h"
#include "buffer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- making one ---- */

struct target_thread *target_add_thread(struct target *target, pid_t id)
{
    target->threads = grow_array(target->threads, target->thread_count, sizeof(*target->threads));
    struct target_thread *thread = &target->threads[target->thread_count++];
    *thread = (struct target_thread){.id = id};
    return thread;
}

void target_add_mapping(struct target *target, uint64_t start, uint64_t end, uint64_t offset,
                        const char *path)
{
    target->mappings = grow_array(target->mappings, target->mapping_count,
                                  sizeof(*target->mappings));
    target->mappings[target->mapping_count++] =
        (struct target_mapping){.start = start,
                                .end = end,
                                .offset = offset,
                                .path = need_copy(path, strlen(path)),
                                .file = FILE_NOT_OPENED};
}

void target_close(struct target *target)
{
    target_release(target);
    for (size_t i = 0; i < target->mapping_count; i++) {
        free(target->mappings[i].path);
        if (target->mappings[i].file >= 0)
            close(target->mappings[i].file);
    }
    if (target->memory >= 0)
        close(target->memory);
    free(target->mappings);
    free(target->threads);
    free(target->segments);
    free(target->cache);
    free(target->folder);
    *target = (struct target){.memory = -1};
}

/* ---- reading its memory ---- */

static size_t read_page(struct target *target, uint64_t at, void *to)
{
    if (target->is_core)
        return target_read_core(target, at, to, TARGET_PAGE);
    ssize_t got = pread(target->memory, to, TARGET_PAGE, (off_t)at);
    return got < 0 ? 0 : (size_t)got;
}

/* NULL: it cannot be read whole. */
static const unsigned char *page_at(struct target *target, uint64_t number)
{
    size_t place = number % TARGET_PAGES;
    struct target_cache *cache = target->cache;
    if (!cache) {
        target->cache = cache = need_memory(NULL, sizeof(*cache));
        memset(cache->page, 0, sizeof(cache->page));
    }
    if (cache->page[place] != number + 1) {
        cache->page[place] = 0;
        if (read_page(target, number * TARGET_PAGE, cache->data[place]) != TARGET_PAGE)
            return NULL;
        cache->page[place] = number + 1;
    }
    return cache->data[place];
}

bool target_read(struct target *target, uint64_t at, void *to, size_t size)
{
    char *next = to;
    while (size > 0) {
        size_t from = at % TARGET_PAGE;
        size_t part = size < TARGET_PAGE - from ? size : TARGET_PAGE - from;
        const unsigned char *page = page_at(target, at / TARGET_PAGE);
        if (!page)
            return false;
        memcpy(next, page + from, part);
        next += part;
        at += part;
        size -= part;
    }
    return true;
}

uint64_t target_word(struct target *target, uint64_t at)
{
    uint64_t word = 0;
    return target_read(target, at, &word, sizeof(word)) ? word : 0;
}

/* (Both machines that are supported have the lowest byte first.) */
uint32_t target_number(struct target *target, uint64_t at, size_t size)
{
    uint32_t number = 0;
    return size <= sizeof(number) && target_read(target, at, &number, size) ? number : 0;
}

static bool is_missing(const struct target *target, size_t number)
{
    return target->mappings[number].file == FILE_MISSING;
}

static bool is_first_missing(const struct target *target, size_t number)
{
    for (size_t i = 0; i < number; i++)
        if (is_missing(target, i) &&
            strcmp(target->mappings[i].path, target->mappings[number].path) == 0)
            return false;
    return is_missing(target, number);
}

const char *target_missing_file(const struct target *target, size_t *next)
{
    while (*next < target->mapping_count) {
        size_t number = (*next)++;
        if (is_first_missing(target, number))
            return target->mappings[number].path;
    }
    return NULL;
}

char *target_text(struct target *target, uint64_t at)
{
    char text[TARGET_TEXT + 1];
    size_t length = 0;
    if (at == 0)
        return NULL;
    while (length < TARGET_TEXT && target_read(target, at + length, text + length, 1) &&
           text[length] != '\0')
        length++;
    text[length] = '\0';
    return length > 0 ? need_copy(text, length) : NULL;
}
