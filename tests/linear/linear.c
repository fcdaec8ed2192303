#include "linear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/time.h>

uint64_t linear_now(void)
{
    static uint64_t now;
    return __atomic_add_fetch(&now, 1, __ATOMIC_SEQ_CST);
}

unsigned linear_below(struct linear_random *random, unsigned limit)
{
    random->state = random->state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)((random->state >> 33) % limit);
}

void linear_rounds(void (*round)(unsigned number))
{
    enum { LEAST = 20, SECONDS = 3 };
    lg_time start = lg_now();
    unsigned number = 0;
    while (number < LEAST || lg_now() - start < SECONDS * LG_SECOND)
        round(++number);
    printf("%u histories\n", number);
}

/* ---- the situations that were tried already ---- */

struct search {
    const struct linear_model *model;
    const struct linear_times *times;
    size_t count;
    unsigned char *
        seen; /* a hash table of what is done (8 bytes) and the state; an entry of all zero is free */
    size_t entry_size, entries, used;
};

static size_t hash(const unsigned char *bytes, size_t size)
{
    uint64_t value = 1469598103934665603U;
    for (size_t i = 0; i < size; i++)
        value = (value ^ bytes[i]) * 1099511628211U;
    return (size_t)(value ^ value >> 32);
}

static unsigned char *find(const struct search *s, const unsigned char *entry)
{
    static const unsigned char nothing[8];
    for (size_t i = hash(entry, s->entry_size);; i++) {
        unsigned char *at = s->seen + (i & (s->entries - 1)) * s->entry_size;
        if (memcmp(at, nothing, sizeof(nothing)) == 0 || memcmp(at, entry, s->entry_size) == 0)
            return at;
    }
}

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);
    if (!memory) {
        fputs("out of memory\n", stderr);
        abort();
    }
    return memory;
}

/* False: it was there. */
static bool add(struct search *s, uint64_t done, const void *state)
{
    unsigned char entry[1024];
    memcpy(entry, &done, sizeof(done));
    memcpy(entry + sizeof(done), state, s->model->state_size);
    unsigned char *at = find(s, entry);
    uint64_t there;
    memcpy(&there, at, sizeof(there));
    if (there)
        return false;
    memcpy(at, entry, s->entry_size);
    if (++s->used * 2 > s->entries) {
        unsigned char *old = s->seen;
        size_t old_entries = s->entries;
        s->entries *= 2;
        s->seen = allocate(s->entries, s->entry_size);
        for (size_t i = 0; i < old_entries; i++) {
            const unsigned char *moved = old + i * s->entry_size;
            memcpy(&there, moved, sizeof(there));
            if (there)
                memcpy(find(s, moved), moved, s->entry_size);
        }
        free(old);
    }
    return true;
}

/* ---- the search ---- */

static bool search(struct search *s, uint64_t done, const void *state);

static bool go_on(struct search *s, uint64_t done, const void *state)
{
    return add(s, done, state) && search(s, done, state);
}

static bool search(struct search *s, uint64_t done, const void *state)
{
    uint64_t first_return = UINT64_MAX;
    unsigned char next[256];
    size_t may_be_next[LINEAR_MOST], count = 0;

    for (size_t i = 0; i < s->count; i++)
        if (!(done >> i & 1) && s->times[i].returned < first_return)
            first_return = s->times[i].returned;
    if (first_return == UINT64_MAX)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (!(done >> i & 1) && s->times[i].called < first_return)
            may_be_next[count++] = i;
    for (size_t i = 0; i < count; i++) {
        memcpy(next, state, s->model->state_size);
        if (s->model->step(next, may_be_next[i]) &&
            go_on(s, done | (uint64_t)1 << may_be_next[i], next))
            return true;
        for (size_t j = 0; s->model->meet && j < count; j++) {
            memcpy(next, state, s->model->state_size);
            if (i != j && s->model->meet(next, may_be_next[i], may_be_next[j]) &&
                go_on(s, done | (uint64_t)1 << may_be_next[i] | (uint64_t)1 << may_be_next[j],
                      next))
                return true;
        }
    }
    return false;
}

bool linear_check(const struct linear_model *model, const struct linear_times *times, size_t count)
{
    struct search s = {.model = model,
                       .times = times,
                       .count = count,
                       .entry_size = sizeof(uint64_t) + model->state_size,
                       .entries = 1024};
    unsigned char state[256] = {0};
    if (count > LINEAR_MOST || model->state_size > sizeof(state)) {
        fputs("too large a history\n", stderr);
        abort();
    }
    s.seen = allocate(s.entries, s.entry_size);
    bool could = search(&s, 0, state);
    free(s.seen);
    return could;
}
