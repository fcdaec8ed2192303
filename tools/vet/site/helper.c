#include "helper.h"

#include "knowledge.h"
#include "names.h"

#include <string.h>

static int parameter_index(const struct ir *ir, int place)
{
    int index = 0;
    for (int at = 0; at < place; at++)
        index += ir->places.at[at].kind == P_PARAMETER;
    return ir->places.at[place].kind == P_PARAMETER ? index : -1;
}

/* The text of a helper's place as its caller would write it: `s->lock` is `store->lock` for the call leave(store). */
static const char *seen_by_caller(const struct ir *helper, int place, const struct ir *ir,
                                  const struct instr *call, struct arena *arena)
{
    const struct place *at = &helper->places.at[place], *root = &helper->places.at[at->root];
    if (root->kind == P_GLOBAL)
        return at->text;
    int index = parameter_index(helper, at->root);
    if (index < 0 || index >= call->arg_count || call->args[index].place < 0 ||
        strncmp(at->text, root->text, strlen(root->text)) != 0)
        return NULL;
    const char *given = place_text(ir, call->args[index].place),
               *rest = at->text + strlen(root->text);
    if (call->args[index].kind == O_PLACE)
        return arena_format(arena, "%s%s", given, rest);
    if (strncmp(rest, "->", 2) == 0)
        return arena_format(arena, "%s.%s", given, rest + 2);
    return *rest == '\0' ? given : NULL;
}

static bool completes(const struct instr *instr, const char *acquire, bool lock)
{
    if (instr->kind != I_CALL || instr->implicit || !instr->callee)
        return false;
    return lock ? name_unlocks(instr->callee) : names_pair(acquire, instr->callee);
}

static bool begins(const struct ir *helper, const char *acquire, bool lock)
{
    EACH (instr, &helper->code)
        if (instr->kind == I_CALL && instr->callee &&
            (instr->callee == acquire || (lock && name_locks(instr->callee))))
            return true;
    return false;
}

static const struct ir *helper_of(const struct knowledge *knowledge, const struct ir *ir,
                                  const struct instr *call)
{
    const struct ir *helper = call->callee && !call->indirect
                                  ? map_get(&knowledge->by_name, call->callee)
                                  : NULL;
    return helper != ir ? helper : NULL;
}

const struct instr *helper_release(const struct knowledge *knowledge, const struct ir *ir,
                                   const struct instr *call, const char *acquire, bool lock,
                                   int place)
{
    const struct ir *helper = helper_of(knowledge, ir, call);
    if (!helper || begins(helper, acquire, lock))
        return NULL;
    struct arena arena = {0};
    const struct instr *found = NULL;
    EACH (instr, &helper->code) {
        if (found || !completes(instr, acquire, lock))
            continue;
        if (place < 0 && instr->arg_count == 0)
            found = instr;
        for (int i = 0; place >= 0 && i < instr->arg_count; i++) {
            const char *text = instr->args[i].place >= 0
                                   ? seen_by_caller(helper, instr->args[i].place, ir, call, &arena)
                                   : NULL;
            if (text && strcmp(text, place_text(ir, place)) == 0)
                found = instr;
        }
    }
    arena_free(&arena);
    return found;
}

/* The first call of the helper that has to do with the lock, as far as the text goes. */
static const struct instr *first_use(const struct ir *helper, const struct ir *ir,
                                     const struct instr *call, int place, struct arena *arena)
{
    EACH (instr, &helper->code)
        for (int i = 0; instr->kind == I_CALL && i < instr->arg_count; i++) {
            const char *text = instr->args[i].place >= 0
                                   ? seen_by_caller(helper, instr->args[i].place, ir, call, arena)
                                   : NULL;
            if (text && strcmp(text, place_text(ir, place)) == 0)
                return instr;
        }
    return NULL;
}

bool helper_locks(const struct knowledge *knowledge, const struct ir *ir, const struct instr *call,
                  const char *lock, int place)
{
    const struct ir *helper = helper_of(knowledge, ir, call);
    struct arena arena = {0};
    const struct instr *first = helper ? first_use(helper, ir, call, place, &arena) : NULL;
    bool locks = first && !first->implicit && first->callee && strcmp(first->callee, lock) == 0;
    for (int i = 0; locks && helper->code.at + i < first; i++)
        locks = helper->code.at[i].kind != I_BRANCH; /* perhaps it does not come so far */
    arena_free(&arena);
    return locks;
}

bool helper_completes(const struct knowledge *knowledge, const struct ir *ir,
                      const struct instr *call, const char *acquire, bool lock)
{
    const struct ir *helper = helper_of(knowledge, ir, call);
    if (!helper || begins(helper, acquire, lock))
        return false;
    EACH (instr, &helper->code)
        if (completes(instr, acquire, lock))
            return true;
    return false;
}
