#include "texts.h"
#include "buffer.h"

#include "defer/pending.h"

#include <stdlib.h>
#include <string.h>

/* By address; the values are never NULL. */
struct table {
    struct slot {
        uint64_t address;
        void *value;
    } *slots;
    size_t count, capacity;
};

struct texts {
    struct target *target;
    const struct copy *copy;
    char *mark;
    struct table texts, sites, functions;
};

static void *new_zeroed(size_t size)
{
    return memset(need_memory(NULL, size), 0, size);
}

/* ---- tables ---- */

static struct slot *slot_of(const struct table *table, uint64_t address)
{
    size_t at = (size_t)(address * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (table->capacity - 1);
    while (table->slots[at].value && table->slots[at].address != address)
        at = (at + 1) & (table->capacity - 1);
    return &table->slots[at];
}

static void make_room(struct table *table)
{
    enum { FIRST = 64 };
    if (4 * (table->count + 1) < 3 * table->capacity)
        return;
    struct table grown = {.count = table->count,
                          .capacity = table->capacity ? 2 * table->capacity : FIRST};
    grown.slots = new_zeroed(grown.capacity * sizeof(*grown.slots));
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].value)
            *slot_of(&grown, table->slots[i].address) = table->slots[i];
    free(table->slots);
    *table = grown;
}

static void *find(const struct table *table, uint64_t address)
{
    return table->capacity > 0 ? slot_of(table, address)->value : NULL;
}

static void *keep(struct table *table, uint64_t address, void *value)
{
    make_room(table);
    *slot_of(table, address) = (struct slot){address, value};
    table->count++;
    return value;
}

static void free_table(struct table *table, void (*free_value)(void *value))
{
    for (size_t i = 0; i < table->capacity; i++)
        if (table->slots[i].value)
            free_value(table->slots[i].value);
    free(table->slots);
}

static void free_site(void *value)
{
    struct site *site = value;
    free(site->call);
    free(site->file);
    free(site->caller);
    free(site);
}

/* ---- the texts of a process ---- */

struct texts *texts_new(struct target *target, const struct copy *copy)
{
    struct texts *texts = new_zeroed(sizeof(*texts));
    texts->target = target;
    texts->copy = copy;
    texts->mark = target_text(target, (uint64_t)(uintptr_t)copy->defer.mark);
    return texts;
}

void texts_free(struct texts *texts)
{
    if (!texts)
        return;
    free_table(&texts->texts, free);
    free_table(&texts->functions, free);
    free_table(&texts->sites, free_site);
    free(texts->mark);
    free(texts);
}

/* "" stands for what is no text. */
const char *texts_at(struct texts *texts, uint64_t address)
{
    char *text = find(&texts->texts, address);
    if (!text) {
        text = target_text(texts->target, address);
        text = keep(&texts->texts, address, text ? text : need_copy("", 0));
    }
    return *text ? text : NULL;
}

static char *call_text(const char *written)
{
    char text[1024];
    const struct lgi_site site = {.text = written};
    lgi_call_text(&site, text, sizeof(text));
    return need_copy(text, strlen(text));
}

static uint64_t word_of(struct texts *texts, uint64_t address, uint16_t offset)
{
    return target_word(texts->target, address + offset);
}

/* A dead record may lead anywhere: a site has a text, a file, and no more arguments than a call can have. */
static void read_site(struct texts *texts, struct site *site)
{
    const struct lgi_defer_layout *layout = &texts->copy->defer;
    uint64_t at = site->address;
    char *written = target_text(texts->target, word_of(texts, at, layout->site_text));
    site->kind = (unsigned char)target_number(texts->target, at + layout->site_kind, 1);
    site->count = (unsigned char)target_number(texts->target, at + layout->site_count, 1);
    site->line = target_number(texts->target, at + layout->site_line, sizeof(site->line));
    site->file = target_text(texts->target, word_of(texts, at, layout->site_file));
    site->caller = target_text(texts->target, word_of(texts, at, layout->site_caller));
    site->is_own = site->file && texts->mark && strstr(site->file, texts->mark) != NULL;
    site->is_known = site->kind == layout->kind_head || site->kind == layout->kind_scope ||
                     (written && site->file && site->count <= LGI_MAX_ARGS);
    if (written)
        site->call = call_text(written);
    free(written);
}

const struct site *texts_site(struct texts *texts, uint64_t address)
{
    struct site *site = find(&texts->sites, address);
    if (!site) {
        site = keep(&texts->sites, address, new_zeroed(sizeof(*site)));
        site->address = address;
        if (address != 0)
            read_site(texts, site);
    }
    return site->is_known ? site : NULL;
}

const char *texts_function(struct texts *texts, const struct site *site)
{
    char *function = find(&texts->functions, site->address);
    if (!site->call)
        return NULL;
    if (!function)
        function = keep(&texts->functions, site->address,
                        need_copy(site->call, strcspn(site->call, "(")));
    return function;
}
