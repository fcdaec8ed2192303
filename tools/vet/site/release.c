/* Which calls release a place, and so own what the place holds? */
#include "site_parts.h"

#include "config.h"
#include "names.h"
#include "once.h"
#include "type.h"

#include <string.h>
#include <strings.h>

static bool argument_is(const struct ir *ir, const struct operand *argument, int place)
{
    if (argument->kind != O_PLACE && argument->kind != O_ADDRESS)
        return false;
    if (argument->place == place)
        return true;
    /* close(fds[0]) releases what pipe(fds) made. */
    const struct place *at = &ir->places.at[argument->place];
    return at->kind == P_PART && at->parent == place && !at->through && strchr(at->text, '[');
}

const char *told_release(const struct ir *ir, const char *acquire)
{
    const char *given = config_release_of(acquire);
    const char *attribute = given ? given : map_get(&ir->unit->deallocators, acquire);
    return attribute ? attribute : library_release(acquire);
}

static bool releases_perhaps(const char *name)
{
    return name_releases(name) > 0;
}

static bool releases_surely(const char *name)
{
    return name_releases(name) == 2;
}

/* As name_releases says, unless an attribute, the configuration or a library says more. */
static int release_level(const struct ir *ir, const char *callee)
{
    bool told = config_is_release(callee) || map_get(&ir->unit->ends, callee) ||
                ask_once(model_ends, callee);
    return told                                  ? 2
           : !ask_once(releases_perhaps, callee) ? 0
           : ask_once(releases_surely, callee)   ? 2
                                                 : 1;
}

/* Does a function whose name makes a pair with `release` give this place its value? */
static bool paired_acquirer(const struct ir *ir, int place, const char *release)
{
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || !instr->callee || !names_pair(instr->callee, release))
            continue;
        if (instr->dst == place)
            return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
                return true;
    }
    return false;
}

/* trans = start_transaction(root, 1); … commit_transaction(trans, root) ends what the other began. */
static bool ends_transaction(const struct ir *ir, const struct instr *call, int place)
{
    static const char *const words[] = {"commit", "end", "stop", "finish", NULL};
    return name_ends_with(call->callee, "_transaction") && name_has_any(call->callee, words) &&
           paired_acquirer(ir, place, call->callee);
}

int call_releases(const struct ir *ir, const struct instr *call, int place, int *argument)
{
    static const char *const stores[] = {"put", "finalize", NULL};
    for (int i = 0; i < call->arg_count; i++) {
        if (!argument_is(ir, &call->args[i], place))
            continue;
        *argument = i;
        if (call->implicit)
            return 2;
        if (!call->callee || shapes_text(call->callee))
            return 0; /* buffer_json_object_close(buffer) writes a sign */
        int level = release_level(ir, call->callee);
        if (level < 2 && i == 0 && call->args[i].kind == O_PLACE &&
            ends_transaction(ir, call, place))
            return 2;
        if (level == 2 && call->expr && call->expr->kind == E_CALL && call->expr->a &&
            call->expr->a->kind == E_MEMBER && !name_only_frees(call->callee))
            level = 1; /* stream->close(stream): what it frees is its own affair */
        if (level == 2 && call->expr && call->expr->kind == E_CALL && call->expr->a &&
            call->expr->a->kind == E_MEMBER && call->expr->a->a &&
            call->expr->a->a->kind == E_MEMBER)
            level = 1; /* r->grouping.free(r) */
        if (i == 0 && call->arg_count > 1 && name_has_any(call->callee, stores) &&
            !name_only_releases(call->callee))
            return 0; /* map_put(map, key, x) */
        /* map_put(map, x) keeps x; queue_end(queue, x) … */
        if (level > 0 && i > 0 && name_keeps(call->callee) && !name_only_releases(call->callee))
            return 0;
        if (i > 0 && call->args[i].kind == O_ADDRESS && place_is_pointer(ir, place) &&
            name_ends_with(call->callee, "finish"))
            return 0; /* read_finish(reader, &text) delivers */
        if (call->arg_count > 2 && name_has(call->callee, "delete"))
            return 0; /* string_delete(text, from, count), object_delete(repository, kind, name) */
        if (i > 0 && strstr(call->callee, "_and_"))
            return 0; /* free_and_strdup(&to, from) */
        if (level == 2 && call->arg_count > 2 && i > 1)
            return 1;
        return level;
    }
    return 0;
}

/* close, safe_close, p_close, close_fd, CLOSE_FD; not session_close_by_pid. */
bool closes_number(const char *name)
{
    size_t length = strlen(name);
    return strncasecmp(name, "close", 5) == 0 || strstr(name, "_fd") || strstr(name, "_FD") ||
           (length > 5 && strcasecmp(name + length - 5, "close") == 0);
}

bool is_error_object(const struct ir *ir, int place)
{
    static const char *const names[] = {"cause",  "err",  "error",  "errmsg", "errstr",
                                        "errbuf", "emsg", "reason", NULL};
    const struct decl *decl = ir->places.at[place].decl;
    if (decl && decl->type.stars == 1 && word_in(decl->name, names))
        return true;
    return decl && type_is_error(&decl->type);
}

/* lock = lock_file(name): unlocking it is the release of an object, and not of a lock within it. */
static bool comes_from_lock(const struct ir *ir, int place)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        bool gives = instr->kind == I_CALL && place_variable(ir, i, instr->dst) == place;
        for (int k = 0; instr->kind == I_CALL && k < instr->arg_count; k++)
            gives |= instr->args[k].kind == O_ADDRESS && instr->args[k].place == place;
        if (gives && instr->callee &&
            (name_locks(instr->callee) || name_trylocks(instr->callee) ||
             strstr(instr->callee, "lock")) &&
            !name_unlocks(instr->callee))
            return true;
    }
    return false;
}

/* Neither a pointer nor a structure by its type, and no number that is known: an enumeration or a handle. */
static bool is_plain_value(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && decl->type.stars == 0 && !decl->type.is_array && decl->type.count > 0 &&
           strcmp(decl->type.words[0], "struct") != 0 && !is_number(ir, place);
}

/* json_object_open(&writer), json_array_open(&writer): these write a sign. */
bool shapes_text(const char *callee)
{
    static const char *const texts[] = {"json", "jsonwrt", "xml", "yaml", NULL};
    static const char *const parts[] = {"object", "array", "element", "value", "root", NULL};
    return name_has_any(callee, texts) && name_has_any(callee, parts);
}

/* pool_free(pool, p), talloc_free(p): early, since the pool or the parent releases all that is left. */
static bool releases_early(const struct instr *call, int argument)
{
    return (argument > 0 && name_has(call->callee, "pool")) ||
           strncasecmp(call->callee, "talloc_", 7) == 0;
}

/* Variables of the function that are released somewhere: what they hold, they own. */
void mark_released(struct ir *ir, site_vec *sites)
{
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || instr->implicit || !instr->callee ||
            !(release_level(ir, instr->callee) || name_ends_with(instr->callee, "_transaction")) ||
            shapes_text(instr->callee))
            continue;
        for (int i = 0; i < instr->arg_count && i < 3; i++) {
            int place = instr->args[i].place, argument;
            if (instr->args[i].kind == O_PLACE && place >= 0 &&
                ir->places.at[place].kind == P_PART && strchr(ir->places.at[place].text, '[') &&
                tracked(ir, place))
                place = ir->places.at[place].parent;
            if (!tracked(ir, place) || call_releases(ir, instr, place, &argument) == 0)
                continue;
            if (releases_early(instr, i) ||
                (is_number(ir, place) && !closes_number(instr->callee) &&
                 !paired_acquirer(ir, place, instr->callee)))
                continue;
            if (instr->args[i].kind == O_ADDRESS && i > 0)
                continue;
            if (i > 1 || (call_releases(ir, instr, place, &argument) < 2 &&
                          !paired_acquirer(ir, place, instr->callee)))
                continue;
            if (i > 0 && tracked(ir, instr->args[0].place) &&
                !strstr(instr->callee, place_text(ir, place)))
                continue;
            if (i > 0 && is_plain_value(ir, place) && instr->args[i].kind == O_PLACE &&
                !paired_acquirer(ir, place, instr->callee))
                continue; /* object_delete(repository, kind, name) */
            if (is_error_object(ir, place) ||
                (name_unlocks(instr->callee) && !comes_from_lock(ir, place)))
                continue;
            struct site *site = site_at(ir, sites, place);
            site->has_release = true;
            if (is_number(ir, place) && closes_number(instr->callee) && !site->known)
                site->resource = R_DESCRIPTOR;
            site->by_address |= instr->args[i].kind == O_ADDRESS && !place_is_pointer(ir, place);
            if (!site->release)
                site->release = instr->callee;
        }
    }
}

static bool same_structure(const struct decl *a, const struct decl *b)
{
    if (!a || !b || a->type.stars || b->type.stars || a->type.count != b->type.count ||
        a->type.is_array || b->type.is_array || a->type.is_static || a->attribute)
        return false;
    for (int i = 0; i < a->type.count; i++)
        if (a->type.words[i] != b->type.words[i])
            return false;
    return a->type.count > 1 && strcmp(a->type.words[0], "struct") == 0;
}

/* struct buffer a, b; … buffer_release(&b): then a must be released as well. */
void mark_siblings(struct ir *ir, site_vec *sites)
{
    int count = sites->count;
    for (int i = 0; i < count; i++) {
        struct site known = sites->at[i];
        if (!known.by_address || !known.has_release || known.known ||
            ir->places.at[known.place].kind != P_LOCAL)
            continue;
        for (int place = 0; place < ir->places.count; place++) {
            const struct place *at = &ir->places.at[place];
            if (at->kind != P_LOCAL || place == known.place ||
                !same_structure(at->decl, ir->places.at[known.place].decl))
                continue;
            struct site *site = site_at(ir, sites, place);
            if (site->has_release || site->known)
                continue;
            site->by_address = site->has_release = site->mined = true;
            site->release = known.release;
        }
    }
}
