/* Locks and other pairs: what is taken on something, and given back with the same name. */
#include "config.h"
#include "helper.h"
#include "names.h"
#include "site_parts.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct pair {
    const char *acquire, *release;
    size_t acquire_length, release_length;
};

#define PAIR(a, b) {a, b, sizeof(a) - 1, sizeof(b) - 1}

static const struct pair pairs[] = {
    PAIR("enable", "disable"),
    PAIR("begin", "end"),
    PAIR("start", "stop"),
    PAIR("pause", "resume"),
    PAIR("hold", "release"),
    PAIR("push", "pop"),
    PAIR("suspend", "resume"),
    PAIR("save", "restore"),
    PAIR("acquire", "release"),
    PAIR("enter", "leave"),
    PAIR("enter", "exit"),
    PAIR("get", "put"),
    PAIR("attach", "detach"),
    PAIR("ref", "unref"),
    PAIR("block", "unblock"),
    PAIR("freeze", "thaw"),
    PAIR("freeze", "unfreeze"),
    PAIR("pin", "unpin"),
    PAIR("inhibit", "uninhibit"),
    PAIR("grab", "ungrab"),
    PAIR("lock", "unlock"),
    PAIR("switch", "restore"),
    PAIR("rdlock", "unlock"),
    PAIR("wrlock", "unlock"),
    PAIR("read_lock", "read_unlock"),
    PAIR("map", "unmap"),
    PAIR("incref", "decref"),
    PAIR("prepare", "unprepare"),
    PAIR("inc", "dec"),
    PAIR("register", "unregister"),
    PAIR("register", "deregister"),
    PAIR("connect", "disconnect"),
    PAIR("mount", "umount"),
    PAIR("mount", "unmount"),
    PAIR("arm", "disarm"),
    PAIR("mask", "unmask"),
    PAIR("reserve", "unreserve"),
    PAIR("reserve", "release"),
    PAIR("subscribe", "unsubscribe"),
    PAIR("join", "leave"),
    PAIR("claim", "release"),
    PAIR("claim", "unclaim"),
    PAIR("up", "down"),
    PAIR("retain", "release"),
    PAIR("load", "unload"),
    PAIR("setup", "teardown"),
    PAIR("on", "off"),
    PAIR("capture", "uncapture"),
    PAIR("capture", "release"),
    PAIR("addref", "release"),
    PAIR("begin", "commit"),
    PAIR("begin", "rollback"),
    PAIR("begin", "abort"),
    PAIR("request", "release"),
    PAIR("activate", "deactivate"),
    PAIR("bind", "unbind"),
    PAIR("install", "uninstall"),
    PAIR("assert", "deassert"),
    PAIR("init", "destroy"),
    PAIR("init", "fini"),
    PAIR("init", "deinit"),
    PAIR("init", "uninit"),
    PAIR("init", "exit"),
    PAIR("open", "close"),
    PAIR("setup", "cleanup"),
    PAIR("get_sync", "put"),
    PAIR("get_sync", "put_sync"),
    PAIR("prepare_enable", "disable_unprepare"),
    PAIR("grab", "release"),
    PAIR("preempt_disable", "preempt_enable"),
    PAIR("irq_disable", "irq_enable"),
    PAIR("bh_disable", "bh_enable"),
    PAIR("irq_save", "irq_restore"),
    PAIR("sem_wait", "sem_post"),
    PAIR("sem_trywait", "sem_post"),
    PAIR("sem_timedwait", "sem_post"),
    PAIR("hide", "show"),
    PAIR("mute", "unmute"),
    PAIR("pause", "unpause"),
    PAIR("grab", "drop"),
    PAIR("borrow", "return"),
    PAIR("start_transaction", "end_transaction"),
    PAIR("start_transaction", "commit_transaction"),
    PAIR("start_transaction", "abort_transaction"),
    PAIR("transaction_start", "transaction_end"),
    PAIR("transaction_start", "transaction_commit"),
    PAIR("transaction_start", "transaction_abort"),
    PAIR("watch_add", "watch_remove"),
    PAIR("add_watch", "remove_watch"),
    PAIR("add_watch", "rm_watch"),
    PAIR("select", "deselect"),
    PAIR("isolate", "putback"),
    PAIR("watch", "unwatch"),
    PAIR("resume_and_get", "put"),
    PAIR("resume_and_get", "put_sync"),
    PAIR("resume_and_get", "put_autosuspend"),
    PAIR("get_sync", "put_autosuspend"),
    PAIR("request_irq", "free_irq"),
    PAIR("request_threaded_irq", "free_irq"),
};

/* Do the names differ only in this pair of words? `same`: so many characters stand at the beginning of both. */
static bool differ_in(const char *a, const char *b, size_t same, const struct pair *pair)
{
    size_t na = pair->acquire_length, nb = pair->release_length;
    for (size_t before = 0; before <= same; before++)
        if (strncasecmp(a + before, pair->acquire, na) == 0 &&
            strncasecmp(b + before, pair->release, nb) == 0 &&
            strcmp(a + before + na, b + before + nb) == 0)
            return true;
    return false;
}

bool names_pair(const char *acquire, const char *release)
{
    const char *given = config_release_of(acquire);
    if (given && strcmp(given, release) == 0)
        return true;
    size_t same = 0;
    while (acquire[same] && acquire[same] == release[same])
        same++;
    ptrdiff_t longer = (ptrdiff_t)strlen(acquire + same) - (ptrdiff_t)strlen(release + same);
    for (const struct pair *pair = pairs; pair < pairs + sizeof(pairs) / sizeof(*pairs); pair++)
        if ((ptrdiff_t)(pair->acquire_length - pair->release_length) == longer &&
            differ_in(acquire, release, same, pair))
            return true;
    return false;
}

const char *operand_text(struct ir *ir, const struct operand *operand)
{
    char text[300];
    switch (operand->kind) {
    case O_PLACE: return ir->places.at[operand->place].text;
    case O_ADDRESS:
        snprintf(text, sizeof(text), "&%s", ir->places.at[operand->place].text);
        return intern_string(text);
    case O_SYMBOL: return operand->text;
    case O_NUMBER: snprintf(text, sizeof(text), "%ld", operand->number); return intern_string(text);
    default: return "";
    }
}

/* What a lock is taken on: the argument that names it. (HA_SPIN_LOCK(LABEL, &lock): the second.) */
int key_argument(const struct instr *instr)
{
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_PLACE || instr->args[i].kind == O_ADDRESS)
            return i;
    return instr->arg_count > 0 ? 0 : -1;
}

static const char *key_text(struct ir *ir, const struct instr *instr)
{
    int argument = key_argument(instr);
    return argument < 0 ? "" : operand_text(ir, &instr->args[argument]);
}

static bool same_key(struct ir *ir, const struct instr *a, const struct instr *b)
{
    return strcmp(key_text(ir, a), key_text(ir, b)) == 0;
}

static bool takes_lock(const char *name)
{
    return name_locks(name) || name_trylocks(name) != 0 || name_tries_lock(name);
}

/* lg_mutex_lock_until returns an error, or NULL. */
static bool gives_error(const char *name)
{
    return strncmp(name, "lg_", 3) == 0 && name_has(name, "until");
}

/* trylock: its result says whether the lock is held. */
static struct failing failing_try(const struct instr *call)
{
    bool zero_fails = name_trylocks(call->callee) > 0;
    return (struct failing){.place = call->dst,
                            .sign = zero_fails ? S2('=', '=') : S2('!', '='),
                            .right = {.kind = O_NUMBER, .place = -1},
                            .truth = true};
}

/* A lock that is not always taken. */
static bool may_give_up(const char *name)
{
    static const char *const words[] = {"until",         "timed",    "timedlock", "timeout",
                                        "interruptible", "killable", "try",       NULL};
    return name_has_any(name, words) || name_tries_lock(name);
}

static void add_pair(struct ir *ir, site_vec *sites, int index, const struct instr *release)
{
    struct instr *instr = &ir->code.at[index];
    int argument = key_argument(instr);
    int place = argument >= 0 ? instr->args[argument].place : -1;
    struct site *site = NULL;
    EACH (known, sites)
        if (known->argument && strcmp(known->argument, key_text(ir, instr)) == 0 &&
            ((known->resource == R_LOCK && takes_lock(instr->callee)) ||
             known->acquire == instr->callee))
            site = known;
    if (!site) {
        site = ADD(ir->arena, sites);
        site->place = place;
        site->resource = takes_lock(instr->callee) ? R_LOCK : R_PAIR;
        site->argument = key_text(ir, instr);
        site->acquire = instr->callee;
        site->release = release ? release->callee : NULL;
        site->has_release = release != NULL;
    }
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, place, {0}, true, 1, false};
    if (name_trylocks(instr->callee) || gives_error(instr->callee)) {
        acquisition->failing = failing_try(instr);
        return;
    }
    acquisition->failing = failing_status(ir, index, instr->dst, -1);
    bool mirrored;
    int status = instr->dst;
    if (first_test(ir, instr->next, &status, &mirrored))
        return;
    acquisition->failing.sign = 0;
    if (may_give_up(instr->callee))
        site->untold = true;
}

/* lock = lock_file("name"); … unlock_file(lock); is an object that is acquired and released. */
static bool makes_lock(const struct ir *ir, int index)
{
    const struct instr *lock = &ir->code.at[index];
    int argument = key_argument(lock), place = place_variable(ir, index, lock->dst);
    if (argument >= 0 &&
        (lock->args[argument].kind == O_PLACE || lock->args[argument].kind == O_ADDRESS))
        return false;
    EACH (other, &ir->code)
        if (other->kind == I_CALL && other->callee && name_unlocks(other->callee))
            for (int i = 0; i < other->arg_count; i++)
                if (other->args[i].place == place && place >= 0)
                    return true;
    return false;
}

/* A function of the file that completes the pair for this one. */
static const struct instr *released_by_helper(const struct ir *ir, int index, bool locks,
                                              const struct knowledge *knowledge)
{
    const struct instr *instr = &ir->code.at[index], *release = NULL;
    int argument = key_argument(instr);
    int place = argument >= 0 ? instr->args[argument].place : -1;
    if (!knowledge || instr->implicit || (argument >= 0 && place < 0))
        return NULL;
    EACH (other, &ir->code)
        if (!release && other->kind == I_CALL && other->callee && other != instr)
            release = helper_release(knowledge, ir, other, instr->callee, locks, place);
    if (release && !locks && release->arg_count > instr->arg_count)
        return NULL;
    bool moves_data = release && !locks && release->arg_count > 1 && name_has(instr->callee, "get");
    return moves_data ? NULL : release;
}

/* v = object_ref(*p): the variable has the new reference from then on, and not *p. */
static bool gives_reference(const struct ir *ir, int index)
{
    const struct instr *instr = &ir->code.at[index];
    int variable = place_variable(ir, index, instr->dst);
    return name_has(instr->callee, "ref") && variable >= 0 &&
           ir->places.at[variable].kind != P_TEMPORARY && instr->arg_count == 1 &&
           instr->args[0].place != variable;
}

/* resend(att, pdu, on_done, request_ref(request), request_unref): the other call gets the new reference. */
static bool passes_reference(const struct ir *ir, int index)
{
    const struct instr *instr = &ir->code.at[index];
    if (!name_has(instr->callee, "ref") || instr->dst < 0 ||
        ir->places.at[instr->dst].kind != P_TEMPORARY)
        return false;
    EACH (call, &ir->code)
        for (int i = 0; call->kind == I_CALL && i < call->arg_count; i++)
            if (call->args[i].kind == O_PLACE && call->args[i].place == instr->dst &&
                !(call->callee && name_releases(call->callee)))
                return true;
    return false;
}

/* libusb_init(&usb): the variable has an object from then on, which is followed as such. */
static bool makes_object(const struct ir *ir, const struct instr *call)
{
    const struct acquirer *acquirer = model_acquirer(call->callee);
    return acquirer && acquirer->argument >= 0 && acquirer->argument < call->arg_count &&
           tracked(ir, call->args[acquirer->argument].place);
}

/* The calls of one function, and of those that complete what it begins. A large function has thousands of calls of a few
 * hundred functions, so that names are compared once for each two functions. */
struct callee {
    const char *name;
    bool locks, searched;
    VEC(int) calls;
    VEC(const struct callee *) partners;
};

struct callees {
    struct map by_name;
    VEC(struct callee *) all;
};

static void callees_find(struct ir *ir, struct callees *callees)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (call->kind != I_CALL || !call->callee)
            continue;
        struct callee *callee = map_get(&callees->by_name, call->callee);
        if (!callee) {
            callee = NEW(ir->arena, struct callee);
            callee->name = call->callee;
            callee->locks = takes_lock(call->callee);
            map_set(&callees->by_name, call->callee, callee);
            *ADD(ir->arena, &callees->all) = callee;
        }
        *ADD(ir->arena, &callee->calls) = i;
    }
}

static void find_partners(struct ir *ir, const struct callees *callees, struct callee *callee)
{
    if (callee->searched)
        return;
    callee->searched = true;
    EACH (other, &callees->all)
        if (*other != callee && (callee->locks ? name_unlocks((*other)->name)
                                               : names_pair(callee->name, (*other)->name)))
            *ADD(ir->arena, &callee->partners) = *other;
}

/* Can this call complete what the other begins, if their names say so? */
static bool completes(struct ir *ir, const struct instr *instr, bool locks,
                      const struct instr *other)
{
    if (!locks && other->arg_count > instr->arg_count)
        return false;
    if (!locks && other->arg_count > 1 && name_has(instr->callee, "get"))
        return false; /* get_string(buffer, …) and put_string(buffer, …) move data */
    return same_key(ir, instr, other);
}

/* The first call that completes the pair; NULL: there is none. */
static const struct instr *first_release(struct ir *ir, const struct instr *instr,
                                         const struct callee *callee)
{
    const struct instr *first = NULL;
    EACH (partner, &callee->partners)
        EACH (index, &(*partner)->calls) {
            const struct instr *other = &ir->code.at[*index];
            if (first && other > first)
                break;
            if (completes(ir, instr, callee->locks, other))
                first = other;
        }
    return first;
}

static void find_pair(struct ir *ir, site_vec *sites, const struct knowledge *knowledge, int index,
                      const struct callees *callees)
{
    struct instr *instr = &ir->code.at[index];
    if (instr->kind != I_CALL || !instr->callee || name_releases(instr->callee) == 2)
        return;
    struct callee *callee = map_get(&callees->by_name, instr->callee);
    bool locks = callee->locks;
    if (!locks &&
        (gives_reference(ir, index) || passes_reference(ir, index) || makes_object(ir, instr)))
        return;
    find_partners(ir, callees, callee);
    const struct instr *release = first_release(ir, instr, callee);
    if (!release)
        release = released_by_helper(ir, index, locks, knowledge);
    if (release || (locks && !makes_lock(ir, index) && !name_locks_file(instr->callee)))
        add_pair(ir, sites, index, release);
}

void find_pairs(struct ir *ir, site_vec *sites, const struct knowledge *knowledge)
{
    struct callees callees = {0};
    callees_find(ir, &callees);
    for (int i = 0; i < ir->code.count; i++)
        find_pair(ir, sites, knowledge, i, &callees);
    map_free(&callees.by_name);
}
