/* What holds after a call, where the function looks whether it has failed. */
#include "engine_parts.h"
#include "site_parts.h"

#include <string.h>

/* The state after the call, if it fails or if it does not, where this function looks whether it does. */
static bool after_call(const struct simulation *simulation, const struct state *state, int index,
                       bool fails, struct state *after)
{
    const struct instr *call = &simulation->ir->code.at[index];
    struct failing failing;
    if (!site_failing(simulation->ir, index, &failing))
        return false;
    struct operand place = {.kind = O_PLACE, .place = failing.place};
    *after = *state;
    after->facts =
        facts_assume(simulation->arena, simulation->ir,
                     facts_forget(simulation->arena, simulation->ir, state->facts, call->dst),
                     &place, failing.sign, &failing.right, failing.truth == fails);
    return after->facts != NULL;
}

/* if (rename(scratch, name) != 0), if (queue_add(queue, item) < 0): then it is still there. */
void follow_failed(struct simulation *simulation, struct state *state, int index)
{
    struct state failed;
    if (after_call(simulation, state, index, true, &failed))
        follow(simulation, &failed, simulation->ir->code.at[index].next);
}

/* Neither one of an array nor what a variable holds whose address is passed. */
static bool can_be_all(const struct simulation *simulation, const struct operand *argument)
{
    return argument->kind == O_PLACE &&
           !strchr(simulation->ir->places.at[argument->place].text, '[');
}

/* `final`: nothing is left, whatever the function is called. */
void release_by_callee(struct simulation *simulation, struct state *state, int index, int argument,
                       bool final)
{
    release(simulation, state, index, argument, !final);
    if (state->phase == RELEASED && state->released == index)
        state->weak = !final ||
                      !can_be_all(simulation, &simulation->ir->code.at[index].args[argument]);
}

/* The callee releases its argument if it fails, and leaves it to its caller if it does not. */
bool release_if_fails(struct simulation *simulation, struct state *state, int index, int argument,
                      bool final)
{
    struct state failed, done;
    if (!after_call(simulation, state, index, true, &failed) ||
        !after_call(simulation, state, index, false, &done))
        return escape(simulation, state, index);
    release_by_callee(simulation, &failed, index, argument, final);
    follow(simulation, &failed, simulation->ir->code.at[index].next);
    follow(simulation, &done, simulation->ir->code.at[index].next);
    return false;
}

/* f = fdopen(fd, …); if (!f), if (!SSL_CTX_add0_chain_cert(ctx, x)): then it is still there. */
void follow_refused(struct simulation *simulation, struct state *state, int index)
{
    const struct instr *call = &simulation->ir->code.at[index];
    struct operand null = {.kind = O_NUMBER, .place = -1};
    if (state->phase != HELD || call->dst < 0)
        return;
    struct state refused = *state;
    set_value(simulation, &refused, call->dst, &null);
    follow(simulation, &refused, call->next);
}
