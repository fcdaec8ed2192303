/* Making random shapes. Everything follows from the seed. */
#include "generator.h"

/* What is around the statement being made. */
struct around {
    unsigned allowed;
    int depth;
    int scopes[4], scope_count;
    enum holding holding[4];
    int handles[4], handle_count;
    bool top;       /* the function's outermost block */
    bool scope_now; /* go_list: the scope has been opened */
};

static int new_site(struct generator *g, bool recovers)
{
    if (g->shape->sites == MAX_SITES)
        return -1;
    g->shape->site_recovers[g->shape->sites] = recovers;
    return g->shape->sites++;
}

static struct statement *block(struct generator *g, struct around around, int length);

static struct statement *hole(struct generator *g, const struct around *around)
{
    if (g->shape->holes == MAX_HOLES)
        return NULL;
    struct statement *s = make(g, DO_HOLE);
    s->target = g->shape->holes++;
    s->allowed = around->allowed;
    g->shape->hole[s->target] = s;
    return s;
}

static enum form pick_form(struct generator *g, const struct around *around)
{
    const struct shape *shape = g->shape;
    if (shape->go_list && around->scope_now) {
        if (shape->opening == OPEN_RECOVERS && chance(g, 30))
            return FORM_RECOVER;
        return FORM_IN;
    }
    if (shape->opening != OPEN_PLAIN && shape->result == RESULT_ERROR && chance(g, 15))
        return FORM_CONTAINED;
    for (;;) {
        switch (below(g, 13)) {
        case 0:
        case 1:
        case 2: return FORM_CALL;
        case 3: return FORM_BLOCK;
        case 4: return FORM_FOREIGN;
        case 5:
            if (chance(g, 50))
                return FORM_PTHREAD;
            break;
        case 6:
            if (g->handles < MAX_HANDLES)
                return FORM_NAMED;
            break;
        case 7:
            if (shape->go || shape->opening == OPEN_PLAIN)
                break;
            return chance(g, 50) ? FORM_ON_ERROR : FORM_ON_SUCCESS;
        case 8:
            if (shape->opening != OPEN_PLAIN && shape->result == RESULT_ERROR)
                return FORM_CONTAINED;
            break;
        case 9:
        case 10:
            if (shape->opening == OPEN_RECOVERS && (!shape->go || around->top))
                return FORM_RECOVER;
            break;
        case 11:
            if (!shape->go)
                return FORM_IN;
            break;
        default:
            if (chance(g, 15))
                return FORM_NULL;
            break;
        }
    }
}

/* Forms that depend on the function stand in a scope too, in Go in a block of the function's. */
static void choose_scope(struct generator *g, const struct around *around, struct statement *s)
{
    bool depends = s->form == FORM_RECOVER || s->form == FORM_ON_ERROR ||
                   s->form == FORM_ON_SUCCESS || s->form == FORM_CONTAINED;
    if (!depends || around->scope_count == 0 || (g->shape->go && !g->shape->go_list))
        return;
    if (!g->shape->go_list && chance(g, 40))
        return;
    int i = (int)below(g, (unsigned)around->scope_count);
    s->in = around->holding[i] != HOLDS_ANY;
    s->target = around->scopes[i];
}

static struct statement *deferral(struct generator *g, struct around *around)
{
    const struct shape *shape = g->shape;
    struct statement *s = make(g, DO_DEFER);
    s->form = pick_form(g, around);
    choose_scope(g, around, s);
    s->site = new_site(g, s->form == FORM_RECOVER);
    if (s->site < 0)
        return NULL;
    switch (s->form) {
    case FORM_CALL:
        s->passing = (enum passing)below(g, PASSINGS);
        if (s->passing == PASS_CALL) {
            s->other_site = new_site(g, false);
            if (s->other_site < 0)
                s->passing = PASS_VALUE;
        }
        break;
    case FORM_BLOCK: s->passing = PASS_REFERENCE; break;
    case FORM_NAMED:
        s->handle = g->handles++;
        if (around->handle_count < 4)
            around->handles[around->handle_count++] = s->handle;
        break;
    case FORM_IN:
        s->target = HANDED;
        if (around->scope_count > 0 && (shape->go || chance(g, 70))) {
            int i = (int)below(g, (unsigned)around->scope_count);
            s->target = around->scopes[i];
            s->free_standing = around->holding[i] != HOLDS_OWN;
        }
        if (s->target != HANDED && !s->free_standing && !shape->go && g->handles < MAX_HANDLES &&
            chance(g, 30)) {
            s->handle = g->handles++;
            if (around->handle_count < 4)
                around->handles[around->handle_count++] = s->handle;
        }
        break;
    case FORM_PTHREAD: {
        /* pthread_cleanup_push opens a loop of its own */
        struct around inside = *around;
        inside.allowed &= ~(unsigned)(MAY_BREAK | MAY_CONTINUE | (shape->go ? MAY_RECOVER : 0));
        inside.top = false;
        inside.depth++;
        s->body = block(g, inside, 1 + (int)below(g, 3));
        break;
    }
    default: break;
    }
    return s;
}

static struct statement *nest(struct generator *g, const struct around *around)
{
    struct around inside = *around;
    struct statement *s;
    inside.depth++;
    inside.top = false;
    if (!g->shape->go_list)
        inside.allowed &= g->shape->go ? ~(unsigned)MAY_RECOVER : ~0U;
    int length = 1 + (int)below(g, 4);
    switch (below(g, 5)) {
    case 0:
        s = make(g, DO_IF);
        s->body = block(g, inside, length);
        if (chance(g, 50))
            s->other = block(g, inside, 1 + (int)below(g, 3));
        return s;
    case 1:
    case 2:
        s = make(g, DO_LOOP);
        s->n = chance(g, 5) ? 30 : (int)below(g, 4);
        inside.allowed |= MAY_BREAK | MAY_CONTINUE;
        s->body = block(g, inside, length);
        return s;
    case 3: {
        s = make(g, DO_SWITCH);
        inside.allowed &= ~(unsigned)MAY_BREAK;
        struct statement **end = &s->body;
        for (int i = 2 + (int)below(g, 2); i > 0; i--) {
            *end = make(g, DO_BLOCK);
            (*end)->body = block(g, inside, 1 + (int)below(g, 3));
            end = &(*end)->next;
        }
        return s;
    }
    default:
        s = make(g, DO_BLOCK);
        if (g->labels < MAX_LABELS && !g->shape->go_list) {
            s->target = g->labels++;
            inside.allowed |= (unsigned)MAY_GOTO << s->target;
        }
        s->body = block(g, inside, length);
        return s;
    }
}

static struct statement *move(struct generator *g, const struct around *around, struct statement *s,
                              int from)
{
    int to = (int)below(g, (unsigned)around->scope_count + 1);
    s->what = DO_MOVE;
    s->n = HANDED;
    if (to < around->scope_count)
        s->n = around->scopes[to];
    else if (around->holding[from] == HOLDS_FUNCTIONS)
        return NULL;
    /* what went there goes on only as far as what came with it may */
    if (to < around->scope_count && around->holding[from] == HOLDS_FUNCTIONS &&
        around->holding[to] == HOLDS_ANY)
        return NULL;
    return s;
}

/* What acts on scopes and handles in sight, or marks. */
static struct statement *act(struct generator *g, const struct around *around)
{
    const struct shape *shape = g->shape;
    struct statement *s = NULL;
    switch (below(g, 6)) {
    case 0:
    case 1:
        if (around->handle_count == 0)
            return NULL;
        s = make(g, chance(g, 50) ? DO_DISMISS : DO_RUN_NOW);
        s->target = around->handles[below(g, (unsigned)around->handle_count)];
        return s;
    case 2:
    case 3: {
        if (around->scope_count == 0 || shape->go)
            return NULL;
        s = make(g, chance(g, 60)   ? DO_SCOPE_CALL
                    : chance(g, 70) ? DO_SCOPE_RUN
                                    : DO_SCOPE_DISMISS);
        int i = (int)below(g, (unsigned)around->scope_count);
        s->target = around->scopes[i];
        if (around->holding[i] != HOLDS_OWN && chance(g, 70))
            return move(g, around, s, i);
        if (s->what == DO_SCOPE_CALL && around->holding[i] != HOLDS_OWN)
            return NULL;
        if (s->what == DO_SCOPE_CALL && (s->site = new_site(g, false)) < 0)
            return NULL;
        return s;
    }
    default:
        if (shape->go || shape->opening == OPEN_PLAIN || !chance(g, 40))
            return NULL;
        s = make(g, DO_MARK);
        s->n = chance(g, 70);
        return s;
    }
}

static struct statement *one(struct generator *g, struct around *around)
{
    unsigned pick = below(g, 100);
    struct statement *s;
    if (pick < 34)
        return hole(g, around);
    if (pick < 68)
        return g->shape->go_list && !around->scope_now && !around->top ? NULL : deferral(g, around);
    if (pick < 84)
        return around->depth < 4 ? nest(g, around) : NULL;
    if (pick < 90 && !g->shape->go) {
        if (around->scope_count == 4 || g->scopes == MAX_SCOPES)
            return NULL;
        s = make(g, DO_SCOPE);
        s->target = g->scopes++;
        s->n = (int)below(g, 3);
        around->holding[around->scope_count] = (enum holding)s->n;
        around->scopes[around->scope_count++] = s->target;
        return s;
    }
    return act(g, around);
}

static struct statement *block(struct generator *g, struct around around, int length)
{
    struct statement *first = NULL, **end = &first;
    if (around.top && g->shape->opening == OPEN_RECOVERS && chance(g, 60)) {
        *end = make(g, DO_DEFER);
        (*end)->form = FORM_RECOVER;
        (*end)->site = new_site(g, true);
        end = &(*end)->next;
    }
    for (int i = 0; i < length; i++) {
        if (g->shape->go_list && around.top && i == length / 3) {
            *end = make(g, DO_SCOPE);
            around.scopes[around.scope_count++] = (*end)->target = g->scopes++;
            around.scope_now = true;
            end = &(*end)->next;
        }
        struct statement *s = one(g, &around);
        if (!s)
            continue;
        *end = s;
        end = &s->next;
    }
    if ((*end = hole(g, &around)))
        (*end)->next = NULL;
    return first;
}

struct shape *generate_shape(struct arena *arena, unsigned long long seed, bool go)
{
    struct generator g = {.arena = arena, .state = seed * 0x2545f4914f6cdd1dULL + 99};
    struct shape *shape = g.shape = arena_take(arena, sizeof(*shape));
    shape->go = go;
    switch (below(&g, 10)) {
    case 0: shape->opening = OPEN_PLAIN; break;
    case 1:
    case 2:
    case 3: shape->opening = OPEN_FUNC; break;
    default: shape->opening = OPEN_RECOVERS; break;
    }
    shape->result = (enum result)below(&g, 4);
    if (shape->opening == OPEN_PLAIN && shape->result != RESULT_VOID)
        shape->result = RESULT_NUMBER;
    shape->go_list = go && chance(&g, 35);
    struct around around = {.top = true, .allowed = MAY_RECOVER};
    if (shape->opening != OPEN_PLAIN && !go &&
        (shape->result == RESULT_NUMBER || shape->result == RESULT_STRUCT))
        around.allowed |= MAY_RETURN_PLAIN;
    shape->body = block(&g, around, 3 + (int)below(&g, 5));
    return shape;
}
