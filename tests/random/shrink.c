/* Makes a failing program smaller: tries to leave out what fills the holes, and what is called. */
#include <stdlib.h>

#include "shrink.h"

/* Keeps *place changed to `without` if the program still fails. */
static bool try_statement(struct program *program, struct statement **place,
                          struct statement *without, bool (*fails)(const struct program *program))
{
    struct statement *was = *place;
    *place = without;
    if (fails(program))
        return true;
    *place = was;
    return false;
}

static bool pass(struct program *program, bool (*fails)(const struct program *program))
{
    bool smaller = false;
    for (int i = 0; i < program->functions; i++) {
        struct function *f = &program->function[i];
        for (int k = 0; k < f->shape->sites; k++) {
            int was = f->site[k].callee;
            if (was < 0)
                continue;
            f->site[k].callee = -1;
            if (fails(program))
                smaller = true;
            else
                f->site[k].callee = was;
        }
        for (int k = 0; k < f->shape->holes; k++) {
            struct statement **place = &f->fill[k];
            if (*place && try_statement(program, place, NULL, fails))
                smaller = true;
            while (*place) {
                if (try_statement(program, place, (*place)->next, fails))
                    smaller = true;
                else
                    place = &(*place)->next;
            }
        }
    }
    return smaller;
}

void shrink(struct program *program, bool (*fails)(const struct program *program))
{
    for (int i = 0; i < 10 && pass(program, fails); i++)
        ;
}
