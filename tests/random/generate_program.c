/* Making random programs of shapes: what fills the holes, and who calls whom. */
#include <string.h>

#include "generator.h"

/* A function that `from` may call, or -1. */
static int callee(struct generator *g, int from, unsigned percent)
{
    int rest = g->program->functions - from - 1;
    return rest > 0 && chance(g, percent) ? from + 1 + (int)below(g, (unsigned)rest) : -1;
}

static int pick_label(struct generator *g, unsigned allowed)
{
    int label = (int)below(g, MAX_LABELS);
    for (int i = 0; i < MAX_LABELS; i++, label = (label + 1) % MAX_LABELS)
        if (allowed & ((unsigned)MAY_GOTO << label))
            return label;
    return -1;
}

static struct statement *simple(struct generator *g, const struct function *f,
                                const struct statement *where)
{
    const struct shape *shape = f->shape;
    bool named = shape->opening != OPEN_PLAIN && shape->result != RESULT_VOID;
    struct statement *s = make(g, DO_EVENT);
    unsigned pick = below(g, 100);
    s->n = (int)below(g, 100);
    if (pick < 20)
        return s;
    if (pick < 26) {
        s->what = DO_SET;
    } else if (pick < 34) {
        if (named)
            s->what = DO_SET_RESULT;
    } else if (pick < 40) {
        s->what = DO_SET_OUTER;
    } else if (pick < 59) {
        s->target = callee(g, f->index, 100);
        if (s->target >= 0)
            s->what = DO_CALL;
    } else if (pick < 69) {
        /* the deeper the likelier, so that there is something above to stop it */
        if (chance(g, 30 + 12 * (unsigned)f->index))
            s->what = DO_PANIC;
    } else if (pick < 71) {
        s->what = DO_GOEXIT;
    } else if (pick < 75) {
        s->what = DO_RETURN;
    } else if (pick < 78) {
        s->target = callee(g, f->index, 100);
        s->what = s->target >= 0 ? DO_RETURN_CALL : DO_RETURN;
    } else if (pick < 80) {
        if (where->allowed & MAY_RETURN_PLAIN)
            s->what = DO_RETURN_PLAIN;
    } else if (pick < 83) {
        if (where->allowed & MAY_BREAK)
            s->what = DO_BREAK;
    } else if (pick < 86) {
        if (where->allowed & MAY_CONTINUE)
            s->what = DO_CONTINUE;
    } else if (pick < 89) {
        s->target = pick_label(g, where->allowed);
        if (s->target >= 0)
            s->what = DO_GOTO;
    } else if (pick < 94) {
        if (where->allowed & MAY_RECOVER)
            s->what = DO_RECOVER;
    } else if (pick < 96) {
        if (!g->program->go)
            s->what = DO_LOOK;
    } else if (pick < 98) {
        s->what = DO_REPANIC;
    } else if (!g->program->go) {
        s->what = DO_PENDING;
    }
    return s;
}

/* A function that is given panics should mostly do something about them. */
static void make_handler(struct generator *g, struct function *f)
{
    for (int i = 0; i < f->shape->holes; i++) {
        if (!(f->shape->hole[i]->allowed & MAY_RECOVER) || chance(g, 30))
            continue;
        struct statement *s = make(g, DO_RECOVER);
        s->next = f->fill[i];
        f->fill[i] = s;
        if (chance(g, 70))
            return;
    }
}

void generate_program(struct arena *arena, struct program *program, unsigned long long seed,
                      const struct shapes *shapes, bool go)
{
    struct generator g = {
        .arena = arena, .state = seed * 0x9e6c63d0876a9a47ULL + 7, .program = program};
    memset(program, 0, sizeof(*program));
    program->seed = seed;
    program->go = go;
    /* with Go, each is compiled: smaller ones, and more of them */
    program->functions = 2 + (int)below(&g, go ? 4 : MAX_FUNCTIONS - 1);
    for (int i = 0; i < program->functions; i++) {
        struct function *f = &program->function[i];
        int shape = (int)below(&g, (unsigned)shapes->count);
        f->program = program;
        f->index = i;
        f->shape = shapes->shape[shape];
        f->result = f->shape->result;
        f->run = shapes->run ? shapes->run[shape] : NULL;
        for (int k = 0; k < f->shape->sites; k++) {
            struct site *site = &f->site[k];
            *site = (struct site){.owner = f, .n = k, .callee = callee(&g, i, 55)};
            if (f->shape->site_recovers[k])
                site->callee = callee(&g, i, 100);
        }
        for (int k = 0; k < f->shape->holes; k++) {
            struct statement **end = &f->fill[k];
            for (unsigned left = below(&g, 4); left > 0; left--) {
                *end = simple(&g, f, f->shape->hole[k]);
                end = &(*end)->next;
            }
        }
    }
    for (int i = 0; i < program->functions; i++) {
        const struct function *f = &program->function[i];
        for (int k = 0; k < f->shape->sites; k++)
            if (f->shape->site_recovers[k] && f->site[k].callee >= 0)
                make_handler(&g, &program->function[f->site[k].callee]);
    }
}
