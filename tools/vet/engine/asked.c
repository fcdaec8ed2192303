/* Which places are still asked on the way from a statement, before they get another value? Facts of the others only keep
 * states apart, and take the room of facts that are needed. */
#include "engine_parts.h"

#include <string.h>

#define BITS 64
#define MOST_ROUNDS 20
#define LARGEST ((size_t)64 << 20)

struct asked {
    int places; /* that the function had when it was computed */
    size_t words;
    uint64_t *before; /* `words` for each statement */
};

static uint64_t *set_of(const struct asked *asked, int instr)
{
    return asked->before + asked->words * (size_t)instr;
}

static bool has(const uint64_t *set, int place)
{
    return set[place / BITS] >> place % BITS & 1;
}

static void ask(const struct ir *ir, uint64_t *set, int place)
{
    if (place < 0)
        return;
    set[place / BITS] |= (uint64_t)1 << place % BITS;
    EACH (part, &ir->places.at[place].parts)
        ask(ir, set, *part);
}

static void join(const struct asked *asked, uint64_t *set, int instr)
{
    for (size_t i = 0; instr >= 0 && i < asked->words; i++)
        set[i] |= set_of(asked, instr)[i];
}

/* Returns whether more is asked than was known before. */
static bool update(const struct ir *ir, const struct asked *asked, int index, uint64_t *set)
{
    const struct instr *instr = &ir->code.at[index];
    memset(set, 0, asked->words * sizeof(*set));
    join(asked, set, instr->next);
    if (instr->kind == I_BRANCH)
        join(asked, set, instr->other);
    if (instr->dst >= 0)
        set[instr->dst / BITS] &= ~((uint64_t)1 << instr->dst % BITS);
    ask(ir, set, instr->left.place);
    ask(ir, set, instr->right.place);
    if (memcmp(set, set_of(asked, index), asked->words * sizeof(*set)) == 0)
        return false;
    memcpy(set_of(asked, index), set, asked->words * sizeof(*set));
    return true;
}

void asked_find(struct ir *ir)
{
    size_t words = (size_t)ir->places.count / BITS + 1;
    if (ir->asked || words * sizeof(uint64_t) * (size_t)ir->code.count > LARGEST)
        return;
    struct asked *asked = NEW(ir->arena, struct asked);
    uint64_t *set = arena_take(ir->arena, words * sizeof(*set));
    *asked = (struct asked){ir->places.count, words, NULL};
    asked->before = arena_take(ir->arena, words * sizeof(*set) * (size_t)ir->code.count);
    bool more = true;
    for (int round = 0; more && round < MOST_ROUNDS; round++) {
        more = false;
        for (int i = ir->code.count - 1; i >= 0; i--)
            more |= update(ir, asked, i, set);
    }
    if (!more)
        ir->asked = asked;
}

bool asked_from(const struct ir *ir, int instr, int place)
{
    if (!ir->asked)
        return true;
    if (place < ir->asked->places)
        return has(set_of(ir->asked, instr), place);
    EACH (part, &ir->places.at[place].parts) /* a == b, of which facts are kept */
        if (!asked_from(ir, instr, *part))
            return false;
    return true;
}
