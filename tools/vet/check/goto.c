/* goto-cleanup: a goto, or a switch, into the scope of a variable with a cleanup, a guard or a deferred call, past its declaration.
 * The cleanup would run on what was never set. */
#include "check.h"
#include "walk.h"

#include <string.h>

struct jump {
    const char *label;
    const struct stmt *choice; /* the switch of a case; NULL: a goto or a label */
    int line, column;
    live_vec live;
};

struct jumps {
    VEC(struct jump) gotos, labels;
};

/* The innermost switch around. */
static const struct stmt *choice_around(const struct walk *walk)
{
    for (int i = walk->around.count - 1; i >= 0; i--)
        if (walk->around.at[i]->kind == S_SWITCH)
            return walk->around.at[i];
    return NULL;
}

static void note_jump(struct walk *walk, const struct stmt *stmt)
{
    struct jumps *jumps = walk->data;
    bool named = (stmt->kind == S_GOTO || stmt->kind == S_LABEL) && stmt->name;
    const struct stmt *choice = stmt->kind == S_SWITCH ? stmt
                                : stmt->kind == S_CASE ? choice_around(walk)
                                                       : NULL;
    if (!named && !choice)
        return;
    struct jump *jump = stmt->kind == S_GOTO || stmt->kind == S_SWITCH
                            ? ADD(walk->arena, &jumps->gotos)
                            : ADD(walk->arena, &jumps->labels);
    *jump = (struct jump){
        .label = stmt->name, .choice = choice, .line = stmt->line, .column = stmt->column};
    EACH (live, &walk->live)
        *ADD(walk->arena, &jump->live) = *live;
}

static bool alive_in(const live_vec *live, const struct live *wanted)
{
    EACH (one, live)
        if (one->stmt == wanted->stmt && one->name == wanted->name)
            return true;
    return false;
}

static const char *what(const struct walk *walk, const struct live *live)
{
    if (live->decl)
        return arena_format(walk->arena, "'%s', whose cleanup then runs on garbage", live->name);
    return live->stmt->kind == S_DEFER
               ? "a deferred call, which then runs although it was not reached"
               : "a guard or scope, which then ends without having begun";
}

static void judge(struct walk *walk, const struct jump *from, const struct jump *to)
{
    EACH (live, &to->live) {
        if (!live->runs || alive_in(&from->live, live))
            continue;
        const struct jump *at = from->choice ? to : from;
        struct finding *finding = walk_report(walk, "goto-cleanup", at->line, at->column);
        finding->message = from->choice
                               ? arena_format(walk->arena, "the switch jumps to this case past %s",
                                              what(walk, live))
                               : arena_format(walk->arena, "this goto to '%s' jumps past %s",
                                              to->label, what(walk, live));
        finding_note(walk->arena, finding, live->line, live->column, "declared here");
        if (!from->choice)
            finding_note(walk->arena, finding, to->line, to->column,
                         "the label stands in its scope");
        finding->advice = from->choice ? "give the case above a block of its own"
                          : live->decl ? "declare the variable above the goto, or return instead"
                                       : "return instead, or give what follows a block of its own";
        return;
    }
}

void check_gotos(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    struct jumps jumps = {0};
    struct walk walk = {
        .ir = ir, .arena = arena, .findings = findings, .statement = note_jump, .data = &jumps};
    walk_function(&walk);
    EACH (from, &jumps.gotos)
        EACH (to, &jumps.labels)
            if (from->choice ? to->choice == from->choice : !to->choice && to->label == from->label)
                judge(&walk, from, to);
}
