/* Reasons why what is still held at an exit is no leak. */
#include "engine.h"
#include "harness.h"
#include "model.h"
#include "names.h"
#include "site_parts.h"
#include "verdict_parts.h"

#include <string.h>

/* cmd_grep(int argc, const char **argv, …), cmd_scan(const struct cmd_struct *cmd, int argc, char **argv) is the main of one
 * command of a program; void add_all(struct list *list, int argc, const char **argv) is not. */
static bool is_command(const struct function *function)
{
    static const char *const words[] = {"cmd", "command", "builtin", "main", "test", NULL};
    bool count = false, texts = false, first = false;
    EACH (parameter, &function->parameters) {
        bool counts = parameter->name && strcmp(parameter->name, "argc") == 0;
        first |= counts && parameter == function->parameters.at;
        count |= counts;
        texts |= parameter->name && strcmp(parameter->name, "argv") == 0;
    }
    bool silent = function->type.stars == 0 && function->type.count > 0 &&
                  strcmp(function->type.words[function->type.count - 1], "void") == 0;
    if (!count || !texts || first || !silent || name_has_any(function->name, words))
        return count && texts;
    const struct type *type = &function->parameters.at[0].type;
    return type->count > 0 && name_has_any(type->words[type->count - 1], words);
}

bool judge_in_main(const struct judge *judge)
{
    return strcmp(judge->ir->function->name, "main") == 0 || is_command(judge->ir->function);
}

/* What a command closes on another exit, it should not leave open on this one: a program may run many commands. */
static bool can_run_out(enum resource resource)
{
    return resource == R_DESCRIPTOR || resource == R_STREAM || resource == R_PROCESS ||
           resource == R_FOLDER;
}

/* The system takes back what main holds when it returns, and what a failed exec leaves behind. */
bool judge_ends_process(const struct judge *judge, const struct event *event)
{
    enum resource resource = judge->site->resource;
    if (resource == R_PAIR && judge_in_main(judge))
        return true;
    if (resource == R_LOCK || resource == R_PAIR || resource == R_TEMPORARY ||
        (judge->site->release && name_unlocks(judge->site->release)))
        return false;
    if (judge_in_main(judge))
        return !(judge->released && can_run_out(resource) &&
                 strcmp(judge->ir->function->name, "main") != 0);
    const struct state *at = event->state->from;
    for (int steps = 0; at && steps < 12; steps++, at = at->from) {
        const char *callee = instr_at(judge, at->instr)->callee;
        if (callee && strncmp(callee, "exec", 4) == 0)
            return true;
    }
    return false;
}

/* while (fcntl(2, F_GETFD) < 0) pipe(ends); The new descriptors are to be the standard ones. */
static bool compares_with_standard(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && strcmp(instr->callee, "fcntl") == 0 &&
            instr->arg_count == 2 &&
            ((instr->args[0].kind == O_NUMBER && instr->args[0].number <= 2) ||
             (instr->args[0].kind == O_SYMBOL && strncmp(instr->args[0].text, "STD", 3) == 0)))
            return true;
    return false;
}

/* if (fd != 0) error(…): it is meant to be the standard input, and to stay open. */
bool judge_is_standard(const struct judge *judge)
{
    if (judge->site->resource != R_DESCRIPTOR)
        return false;
    if (compares_with_standard(judge->ir))
        return true;
    EACH (instr, &judge->ir->code)
        if (instr->kind == I_BRANCH && instr->left.place == judge->site->place &&
            (instr->sign == S2('=', '=') || instr->sign == S2('!', '=')) &&
            ((instr->right.kind == O_NUMBER && instr->right.number >= 0 &&
              instr->right.number <= 2) ||
             (instr->right.kind == O_SYMBOL && strncmp(instr->right.text, "STD", 3) == 0)))
            return true;
    return false;
}

/* node = verify(tree, node): what was there before, or nothing. */
bool judge_returns_its_argument(const struct judge *judge, const struct state *state)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    for (int i = 0; !state->acquisition->known && i < acquire->arg_count; i++)
        if (acquire->args[i].kind == O_PLACE &&
            acquire->args[i].place == state->acquisition->holder)
            return true;
    return false;
}

/* list[0] = copy(a); … for (i = 0; i < n; i++) free(list[i]); */
bool judge_released_as_element(const struct judge *judge)
{
    const struct place *held = judge->site->place >= 0 ? &judge->ir->places.at[judge->site->place]
                                                       : NULL;
    if (!held || held->kind != P_PART || held->text[strlen(held->text) - 1] != ']')
        return false;
    EACH (instr, &judge->ir->code) {
        int place = instr->kind == I_CALL && instr->callee && instr->arg_count > 0 &&
                            name_releases(instr->callee) > 0
                        ? instr->args[0].place
                        : -1;
        if (place >= 0 && place != judge->site->place &&
            judge->ir->places.at[place].kind == P_PART &&
            judge->ir->places.at[place].parent == held->parent &&
            judge->ir->places.at[place].index >= 0)
            return true;
    }
    return false;
}

/* for (i = table_begin(t); i != table_end(t); i++): the second asks, and ends nothing. */
static bool release_is_asked(const struct judge *judge)
{
    EACH (event, &judge->simulation->events) {
        int result = event->kind == EV_RELEASE ? instr_at(judge, event->instr)->dst : -1;
        EACH (instr, &judge->ir->code)
            if (result >= 0 && name_has(judge->site->acquire, "begin") &&
                (instr->right.place == result ||
                 (instr->left.place == result && instr->kind == I_ASSIGN)))
                return true;
    }
    return false;
}

/* fd = store_open(store, name); … store_close(store, fd): the result is what must be closed, however. */
static bool gives_handle(const struct judge *judge)
{
    EACH (acquisition, &judge->site->acquisitions) {
        const struct instr *acquire = instr_at(judge, acquisition->instr);
        int handle = place_variable(judge->ir, acquisition->instr, acquire->dst);
        if (handle < 0 || judge->ir->places.at[handle].kind == P_TEMPORARY)
            continue;
        EACH (event, &judge->simulation->events)
            if (event->kind == EV_RELEASE) {
                const struct instr *release = instr_at(judge, event->instr);
                for (int i = 0; i < release->arg_count; i++)
                    if (release->args[i].place == handle)
                        return true;
            }
    }
    return false;
}

/* user_ref_both(u) { user_ref(u); …: as its name says, the function begins what its caller ends. */
static bool begins_too(const char *function, const char *acquire)
{
    static const char *const verbs[] = {"ref",     "get",     "hold",     "open",    "enable",
                                        "start",   "begin",   "init",     "setup",   "attach",
                                        "prepare", "acquire", "register", "connect", "grab",
                                        "pin",     "claim",   "enter",    NULL};
    for (const char *const *verb = verbs; *verb; verb++)
        if (name_has(function, *verb) &&
            (name_has(acquire, *verb) || strcmp(*verb, "setup") == 0 || strcmp(*verb, "init") == 0))
            return true;
    return false;
}

/* Does the path between have a call that may end it in another way: x_cancel(x), x_abort(x)? */
static bool ended_otherwise(const struct judge *judge, const struct state *state)
{
    static const char *const ends[] = {"finish", "complete", "done",  "cancel", "abort", "flush",
                                       "commit", "submit",   "close", "stop",   "end",   NULL};
    int key = judge->site->place;
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        for (int i = 0; call->kind == I_CALL && i < call->arg_count; i++)
            if (call->args[i].place >= 0 && key >= 0 &&
                judge->ir->places.at[call->args[i].place].root == judge->ir->places.at[key].root &&
                (!call->callee || name_releases(call->callee) > 0 ||
                 name_has_any(call->callee, ends)))
                return true;
    }
    return false;
}

static bool begins_again(const struct judge *judge, const struct state *state)
{
    EACH (event, &judge->simulation->events)
        if (event->kind == EV_RELOCK && event->instr == state->acquired)
            return true;
    return false;
}

/* One begin and one end, at the end of the function or of each round of a loop: then an early return from a function without
 * a result, and a round that ends early, are no successes of their own, unless they do something else about it. */
static bool ends_where_it_began(const struct judge *judge, const struct state *state)
{
    static const char *const prepares[] = {"init", "setup", "open", "load", "wait", "push", NULL};
    return judge->site->acquisitions.count == 1 && judge->success_release &&
           !name_has_any(judge->site->acquire, prepares) &&
           (judge->ir->returns_with_value == 0 || begins_again(judge, state)) &&
           !ended_otherwise(judge, state);
}

/* Pairs of functions that a failing exit need not complete, as the levels of a message that is read, or the regions of a
 * trace: unless the word says that something stays on or is kept, the exit must be a failure; and for what may be a level, or
 * goes on after a good end, two releases or more must stand against each exit that leaves them open. */
bool judge_need_not_pair(const struct judge *judge, const struct state *state,
                         enum exit_class class)
{
    static const char *const told[] = {"trace", "trace2",  "log",    "debug",     "region",
                                       "span",  "watcher", "timing", "profiling", NULL};
    static const char *const kept[] = {"enable", "disable", "pin",   "get",   "ref",     "hold",
                                       "grab",   "acquire", "claim", "block", "reserve", "power",
                                       "freeze", "mask",    "busy",  NULL};
    static const char *const levels[] = {"push", "up",    "down", "level", "kh",
                                         "iter", "slide", "next", NULL};
    static const char *const goes_on[] = {"start", "notify", NULL};
    static const char *const states[] = {"on",      "activate", "nonblock", "ndelay",
                                         "suspend", "resume",   "cork",     NULL};
    int left = 0;
    if (judge->site->resource != R_PAIR)
        return false;
    if (name_has_any(judge->site->acquire, told) ||
        strncmp(judge->site->acquire, "g_timer_", 8) == 0 ||
        name_is_constant(judge->site->acquire) || release_is_asked(judge) || gives_handle(judge))
        return true;
    if (class != CLASS_FAILURE && !judge->success_release && !judge->unknown_release &&
        begins_too(judge->ir->function->name, judge->site->acquire))
        return true;
    if (name_has_any(judge->site->acquire, kept))
        return false;
    if (name_has_any(judge->site->acquire, states))
        return true; /* it may stay so */
    if (class != CLASS_FAILURE && ends_where_it_began(judge, state))
        return false;
    bool stays = !judge->success_release && !judge->unknown_release &&
                 name_has_any(judge->site->acquire, goes_on);
    if (class != CLASS_FAILURE || (!stays && !name_has_any(judge->site->acquire, levels)))
        return class != CLASS_FAILURE;
    EACH (event, &judge->simulation->events)
        left += event->kind == EV_EXIT && event->state->acquired >= 0;
    return judge->releases < 2 * left;
}

/* if (connection_make(&c, fd) != 0) { close(fd); return; } On a way on which this has not failed, c has the descriptor.
 * `after`: behind the first branch after the call. */
static bool makes_owner(const struct judge *judge, int index, const struct state *after)
{
    const struct instr *call = instr_at(judge, index);
    struct failing failing;
    bool passed = false, made = false;
    if (call->kind != I_CALL || !after || !call->callee || model_acquirer(call->callee) ||
        !name_acquires(call->callee) || !site_failing(judge->ir, index, &failing))
        return false;
    for (int i = 0; i < call->arg_count; i++) {
        const struct operand *argument = &call->args[i];
        const struct decl *owner = argument->kind == O_ADDRESS
                                       ? judge->ir->places.at[argument->place].decl
                                       : NULL;
        made |= owner && owner->type.stars == 1;
        passed |= argument->kind == O_PLACE && argument->place == judge->site->place;
    }
    const struct instr *branch = instr_at(judge, after->from->instr);
    return passed && made && branch->left.place == failing.place &&
           (after->instr == branch->next) != failing.truth;
}

/* c = connection_for(fd); if (!c) { close(fd); return; } On a way on which there is a c, it has the descriptor. */
bool judge_has_new_owner(const struct judge *judge, const struct event *event)
{
    const struct decl *held = judge->site->place >= 0
                                  ? judge->ir->places.at[judge->site->place].decl
                                  : NULL;
    if (!held || held->type.stars > 0 || judge->site->argument || judge->site->by_address)
        return false;
    const struct state *at = event->state->from;
    if (at && at->instr == event->state->acquired)
        at = at->from; /* lost in the next round, where it is acquired again */
    const struct state *before = NULL, *after = NULL; /* the first branch after `at` */
    for (; at && at->instr != event->state->acquired; before = at, at = at->from) {
        const struct instr *call = instr_at(judge, at->instr);
        if (call->kind == I_BRANCH)
            after = before;
        if (makes_owner(judge, at->instr, after))
            return true;
        const struct decl *owner = call->kind == I_CALL && call->callee && call->dst >= 0 &&
                                           !model_acquirer(call->callee)
                                       ? judge->ir->places.at[call->dst].decl
                                       : NULL;
        struct operand result = {.kind = O_PLACE, .place = call->dst};
        if (!owner || owner->type.stars != 1 || is_error_object(judge->ir, call->dst) ||
            facts_of(event->state->facts, &result).signs == ZERO)
            continue;
        for (int i = 0; i < call->arg_count; i++)
            if (call->args[i].kind == O_PLACE && call->args[i].place == judge->site->place)
                return true;
    }
    return false;
}

/* job->path = strdup(scratch), job->name = scratch + n: somebody else can remove the file. */
bool judge_name_is_copied(const struct judge *judge)
{
    int name = judge->site->place;
    EACH (instr, &judge->ir->code) {
        bool copies = instr->kind == I_CALL && instr->callee &&
                      (strstr(instr->callee, "dup") || strstr(instr->callee, "opy"));
        for (int i = 0; copies && i < instr->arg_count; i++)
            if (instr->args[i].place >= 0 && (i > 0 || strstr(instr->callee, "dup")) &&
                place_within(judge->ir, instr->args[i].place, name))
                return true;
        if (instr->kind == I_ASSIGN && instr->left.place >= 0 && instr->dst >= 0 &&
            judge->ir->places.at[instr->dst].kind == P_PART &&
            judge->ir->places.at[instr->dst].through &&
            place_within(judge->ir, instr->left.place, name))
            return true;
    }
    return false;
}

/* FOR_EACH_LOCKED(x, list) takes and gives back the locks of the elements in its own way. */
bool judge_kept_by_macro(const struct judge *judge, const struct state *state)
{
    const struct instr *acquire = instr_at(judge, state->acquired);
    EACH (event, &judge->simulation->events) {
        const struct instr *release = instr_at(judge, event->instr);
        if (event->kind == EV_RELEASE && acquire->expanded && release->expanded &&
            release->line == acquire->line)
            return true;
    }
    return false;
}

/* n = get_all(&list); if (n < 0) return n; if (n == 0) return 0; An empty list is a null pointer. */
bool judge_gave_nothing(const struct judge *judge, const struct state *state)
{
    const struct failing *failing = &state->acquisition->failing;
    if (failing->sign != '<' || !judge_by_address(judge, state))
        return false;
    int result = failing->place;
    for (const struct state *at = state; at->from && at->from->instr != state->acquired;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_ASSIGN && instr->left.place == failing->place)
            result = instr->dst;
    }
    for (const struct state *at = state; at->from && at->from->instr != state->acquired;
         at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if ((instr->kind == I_ASSIGN || instr->kind == I_CALL) && instr->dst == result &&
            instr->left.place != failing->place)
            return false;
        bool zero = instr->kind == I_BRANCH && instr->left.place == result &&
                    instr->right.kind == O_NUMBER && instr->right.number == 0;
        if (zero && (instr->sign == S2('=', '=') || instr->sign == S2('!', '=')) &&
            (at->instr == instr->next) == (instr->sign == S2('=', '=')))
            return true;
    }
    return false;
}

static bool is_fork_result(const struct judge *judge, int place)
{
    EACH (instr, &judge->ir->code)
        if (instr->kind == I_CALL && instr->callee && instr->dst == place && place >= 0 &&
            strstr(instr->callee, "fork"))
            return true;
    return false;
}

/* The child of a fork ends soon, whatever it does. */
bool judge_in_child(const struct judge *judge, const struct state *state)
{
    for (const struct state *at = state; at->from; at = at->from) {
        const struct instr *instr = instr_at(judge, at->from->instr);
        if (instr->kind == I_BRANCH && instr->right.kind == O_NUMBER && instr->right.number == 0 &&
            (instr->sign == S2('=', '=') || instr->sign == S2('!', '=')) &&
            (at->instr == instr->next) == (instr->sign == S2('=', '=')) &&
            is_fork_result(judge, instr->left.place))
            return true;
    }
    return false;
}

/* The name of the temporary file is only in a variable of this function, which is not a parameter. A cleanup may free it. */
bool judge_has_local_name(const struct judge *judge)
{
    const struct place *name = &judge->ir->places.at[judge->site->place];
    const struct decl *decl = name->decl;
    return name->kind == P_LOCAL && decl &&
           (!decl->attribute ||
            model_frees_one_level(decl->cleanup ? decl->cleanup : decl->attribute));
}

/* unlock(); callback(); lock(); with the lock of the caller: it is given back to it. */
bool judge_is_callers_lock(const struct judge *judge, const struct state *state)
{
    bool before = false;
    for (const struct state *at = state->from; at; at = at->from) {
        before |= at->instr == state->acquired;
        if (!before)
            continue;
        EACH (event, &judge->simulation->events)
            if (event->kind == EV_UNHELD && event->instr == at->instr)
                return true;
    }
    return false;
}

/* CLEANUP_FILE_UNLOCK(fd): from here on the end of the block unlocks. */
static bool unlocked_by_macro(const struct judge *judge)
{
    EACH (instr, &judge->ir->code)
        if (instr->kind == I_CALL && instr->callee && strstr(instr->callee, "CLEANUP") &&
            name_unlocks(instr->callee) && instr->arg_count > 0 &&
            instr->args[0].place == judge->site->place)
            return true;
    return false;
}

/* CLEANUP_ARRAY(list, n, list_free), pthread_cleanup_push(close_at, &fd): from here on the end of the block releases what the
 * variable has. */
bool judge_cleaned_by_macro(const struct judge *judge)
{
    EACH (instr, &judge->ir->code) {
        if (instr->kind != I_CALL || !instr->callee || instr->arg_count < 2)
            continue;
        const struct operand *last = &instr->args[instr->arg_count - 1];
        bool array = strncmp(instr->callee, "CLEANUP_", 8) == 0 &&
                     instr->args[0].place == judge->site->place;
        bool pushed = judge->site->place >= 0 && strstr(instr->callee, "cleanup_push") &&
                      last->kind == O_ADDRESS && last->place == judge->site->place;
        if (array || pushed)
            return true;
    }
    return false;
}

/* _cleanup_(posix_unlockp) int *unlock = &file->lock; as CLEANUP_POSIX_UNLOCK(file->lock) says. */
static bool cleaned_by_pointer(const struct judge *judge)
{
    EACH (instr, &judge->ir->code) {
        const struct decl *decl = instr->kind == I_ASSIGN && instr->dst >= 0
                                      ? judge->ir->places.at[instr->dst].decl
                                      : NULL;
        if (decl && (decl->attribute || decl->cleanup) && judge->site->place >= 0 &&
            (instr->left.kind == O_ADDRESS || instr->left.kind == O_PLACE) &&
            instr->left.place == judge->site->place)
            return true;
    }
    return false;
}

bool judge_cleaned_lock(const struct judge *judge)
{
    const struct decl *decl = judge->site->place >= 0
                                  ? judge->ir->places.at[judge->site->place].decl
                                  : NULL;
    return (decl && (decl->attribute || decl->cleanup)) || unlocked_by_macro(judge) ||
           cleaned_by_pointer(judge);
}

bool judge_cleaned_file(const struct judge *judge)
{
    static const char *const words[] = {"unlink", "remove", "rmdir",  "rm",    "delete",
                                        "tmp",    "temp",   "tmpdir", "erase", NULL};
    const struct decl *decl = judge->ir->places.at[judge->site->place].decl;
    if (!decl || (!decl->attribute && !decl->cleanup))
        return false;
    return decl->type.stars == 0 || (decl->cleanup && name_has_any(decl->cleanup, words));
}

bool judge_is_kept(const struct judge *judge, const struct state *state)
{
    for (const struct state *at = state->from; at && at->instr != state->acquired; at = at->from) {
        const struct instr *branch = instr_at(judge, at->instr);
        if (branch->kind == I_BRANCH && branch->left.place >= 0 &&
            name_has(judge->ir->places.at[branch->left.place].text, "keep"))
            return true;
    }
    return false;
}
