/* A variable with a cleanup holds what its function does not own: it was borrowed from another object, is held by a
 * second such variable, was given to a function that always takes it, or stored in an object that outlives it. */
#include "check.h"
#include "ir.h"
#include "knowledge.h"
#include "names.h"
#include "site_parts.h"
#include "use.h"

#include <string.h>

static const struct decl *owner(const struct ir *ir, int place)
{
    if (place < 0 || ir->places.at[place].kind != P_LOCAL)
        return NULL;
    const struct decl *decl = ir->places.at[place].decl;
    const char *cleanup = decl && (decl->attribute || decl->cleanup)
                              ? (decl->cleanup ? decl->cleanup : decl->attribute)
                              : NULL;
    return cleanup && decl->type.stars == 1 && !name_unlocks(cleanup) ? decl : NULL;
}

/* g_subprocess_get_stdout_pipe(process): of GLib's getters, these lend what belongs to the object. Of the others, about as many
 * give their caller a reference or a copy: g_list_model_get_item, g_content_type_get_description. */
static bool lends_property(const char *name)
{
    static const char *const lenders[] = {"g_subprocess_get_std",
                                          "g_io_stream_get_",
                                          "g_task_get_",
                                          "g_filter_input_stream_get_",
                                          "g_filter_output_stream_get_",
                                          "g_dbus_message_get_",
                                          "g_dbus_method_invocation_get_",
                                          "g_dbus_proxy_get_connection",
                                          "g_dbus_proxy_get_name",
                                          "g_dbus_connection_get_",
                                          "g_file_info_get_",
                                          "g_inet_socket_address_get_",
                                          "g_application_get_",
                                          "g_bytes_get_",
                                          NULL};
    for (const char *const *lender = lenders; *lender; lender++)
        if (strncmp(name, *lender, strlen(*lender)) == 0)
            return !strstr(name, "_get_name_owner") && !strstr(name, "_date_time");
    return false;
}

/* The result belongs to the object that it was asked of, by the conventions of GLib and of tables. */
static bool lends(const char *name)
{
    static const char *const exactly[] = {"g_list_nth_data",
                                          "g_slist_nth_data",
                                          "g_ptr_array_index",
                                          "g_object_get_data",
                                          "g_hash_table_lookup",
                                          "g_type_class_peek",
                                          "g_queue_peek_head",
                                          "g_queue_peek_tail",
                                          "json_variant_by_key",
                                          "json_variant_by_index",
                                          "json_object_get_member",
                                          "strv_find",
                                          NULL};
    static const char *const tables[] = {"hashmap", "set", "table", "dict", "map", NULL};
    if (word_in(name, exactly))
        return true;
    size_t length = strlen(name);
    if (length > 4 && name_has_any(name, tables) && strcmp(name + length - 4, "_get") == 0)
        return true;
    return lends_property(name);
}

struct walk {
    const struct ir *ir;
    unsigned char *seen;
    int place, other;
    int table; /* that the value was borrowed from; -1: none */
};

/* map_replace(map, key, new), or map_remove(map, key): what was in the table is free from then on. */
static bool takes_out(const struct instr *call, int table)
{
    static const char *const words[] = {"replace", "remove", "steal", "update", NULL};
    return call->kind == I_CALL && call->callee && table >= 0 && call->arg_count > 0 &&
           name_has_any(call->callee, words) && call->args[0].place == table;
}

static bool is_cleanup_of(const struct instr *instr, int place)
{
    return instr->kind == I_CALL && instr->implicit && instr->arg_count == 1 &&
           instr->args[0].place == place;
}

static bool resets(const struct ir *ir, const struct instr *instr, int place)
{
    if (instr->dst >= 0 && place_within(ir, place, instr->dst))
        return true;
    for (int i = 0; instr->kind == I_CALL && !instr->implicit && i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS && instr->args[i].place == place)
            return true;
    return false;
}

/* if (!x): on this way there is nothing that was borrowed. Which way is it? 0: the next, 1: the other, -1: it does not say. */
static int null_way(const struct instr *branch, int place)
{
    if (branch->left.kind != O_PLACE || branch->left.place != place ||
        branch->right.kind != O_NUMBER || branch->right.number != 0)
        return -1;
    return branch->sign == S2('=', '=') ? 0 : branch->sign == S2('!', '=') ? 1 : -1;
}

/* The cleanup of `place` that is reached without its getting another value; -1: none. */
static int reaches(struct walk *walk, int at)
{
    while (at >= 0 && !walk->seen[at]) {
        const struct instr *instr = &walk->ir->code.at[at];
        walk->seen[at] = 1;
        if (is_cleanup_of(instr, walk->place))
            return at;
        if (instr->kind == I_RETURN || instr->kind == I_STOP ||
            use_references(instr, walk->place) || resets(walk->ir, instr, walk->place) ||
            takes_out(instr, walk->table) ||
            (walk->other >= 0 && resets(walk->ir, instr, walk->other)))
            return -1;
        int null = instr->kind == I_BRANCH ? null_way(instr, walk->place) : 1;
        if (instr->kind == I_BRANCH && null != 1) {
            int found = reaches(walk, instr->other);
            if (found >= 0)
                return found;
        }
        at = null == 0 ? -1 : instr->next;
    }
    return -1;
}

static int cleanup_reached(struct ir *ir, struct arena *arena, int at, int place, int other,
                           int table)
{
    struct walk walk = {.ir = ir, .place = place, .other = other, .table = table};
    walk.seen = arena_take(arena, (size_t)ir->code.count);
    return reaches(&walk, at);
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings,
                   const struct instr *where, const char *check, const char *message, int cleanup)
{
    struct finding *finding = finding_at(ir, arena, findings, check, LEVEL_LIKELY, where);
    finding->message = message;
    finding_note(arena, finding, ir->code.at[cleanup].line, 1, "released by its cleanup here");
}

static void check_loan(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = &ir->code.at[index];
    const struct decl *decl = owner(ir, call->dst);
    if (!decl || decl->type.is_const || !call->callee ||
        !(lends(call->callee) || prototype_lends(ir->unit, call->callee)))
        return;
    int cleanup = cleanup_reached(ir, arena, call->next, call->dst, -1,
                                  call->arg_count > 0 ? call->args[0].place : -1);
    if (cleanup >= 0)
        report(ir, arena, findings, call, "double-release",
               arena_format(arena, "'%s' only borrows what %s returns, but its cleanup releases it",
                            decl->name, call->callee),
               cleanup);
}

static void check_second_owner(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *assign = &ir->code.at[index];
    const struct decl *to = owner(ir, assign->dst), *from = NULL;
    if (assign->left.kind == O_PLACE)
        from = owner(ir, assign->left.place);
    if (!to || !from || to == from)
        return;
    const struct instr *before = index > 0 ? &ir->code.at[index - 1] : NULL;
    while (before && before->kind == I_ASSIGN && before > ir->code.at &&
           before->left.kind == O_PLACE && before[-1].kind == I_ASSIGN &&
           before[-1].dst == before->left.place)
        before--; /* a = b = c = NULL */
    if (before && before->kind == I_ASSIGN && before->left.kind == O_NUMBER)
        return;
    int first = cleanup_reached(ir, arena, assign->next, assign->dst, assign->left.place, -1);
    int second = cleanup_reached(ir, arena, assign->next, assign->left.place, assign->dst, -1);
    if (first < 0 || second < 0)
        return;
    report(ir, arena, findings, assign, "double-release",
           arena_format(arena, "'%s' and '%s' hold the same, and the cleanups of both release it",
                        to->name, from->name),
           first);
}

/* state = &data; where data is a variable of this function. */
static bool leads_to_local(const struct ir *ir, int pointer)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_ASSIGN && instr->dst == pointer && instr->left.kind == O_ADDRESS &&
            place_is_local(ir, instr->left.place))
            return true;
    return false;
}

static bool is_made_here(const struct ir *ir, int object)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (call->kind == I_CALL && call->callee && place_variable(ir, i, call->dst) == object &&
            (name_makes(call->callee) || model_acquirer(call->callee)))
            return true;
    }
    return false;
}

/* entry->path = path; … path = NULL; on the way on which all goes well: the object is freed on the others. */
static bool is_given_up(const struct ir *ir, int index, int variable)
{
    for (int i = index + 1; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_ASSIGN && instr->dst == variable && instr->left.kind == O_NUMBER)
            return true;
    }
    return false;
}

/* Other cleanups may give up one of several references, or take the object out of what it is stored in. */
static bool frees_at_once(const struct decl *decl)
{
    return model_frees_one_level(decl->cleanup ? decl->cleanup : decl->attribute);
}

static void check_stored(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *assign = &ir->code.at[index];
    const struct decl *decl = assign->left.kind == O_PLACE ? owner(ir, assign->left.place) : NULL;
    const struct place *to = &ir->places.at[assign->dst];
    if (!decl || to->kind != P_PART || !to->through || leads_to_local(ir, to->root) ||
        (owner(ir, to->root) && frees_at_once(owner(ir, to->root))) || !frees_at_once(decl) ||
        (is_made_here(ir, to->root) && is_given_up(ir, index, assign->left.place)))
        return;
    int cleanup = cleanup_reached(ir, arena, assign->next, assign->left.place, assign->dst, -1);
    if (cleanup >= 0)
        report(ir, arena, findings, assign, "cleanup-returned",
               arena_format(arena, "'%s' is stored in '%s', but its cleanup releases it",
                            decl->name, place_text(ir, assign->dst)),
               cleanup);
}

/* strv_consume(&list, p), set_ensure_consume(…, p): take it even if they fail. The first is what it is put into; and
 * foo_new_consume gives it back if it fails. */
static void check_consumed(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = &ir->code.at[index];
    if (!call->callee || !strstr(call->callee, "_consume") || call->arg_count < 2 ||
        name_has(call->callee, "new"))
        return;
    for (int i = 1; i < call->arg_count; i++) {
        const struct decl *decl = call->args[i].kind == O_PLACE ? owner(ir, call->args[i].place)
                                                                : NULL;
        int cleanup = decl ? cleanup_reached(ir, arena, call->next, call->args[i].place, -1, -1)
                           : -1;
        if (cleanup >= 0)
            report(ir, arena, findings, call, "double-release",
                   arena_format(arena,
                                "%s takes '%s' even if it fails, but its cleanup releases it",
                                call->callee, decl->name),
                   cleanup);
    }
}

void check_borrowed(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_CALL && !instr->implicit) {
            check_loan(ir, arena, findings, i);
            check_consumed(ir, arena, findings, i);
        } else if (instr->kind == I_ASSIGN && instr->left.kind == O_PLACE) {
            check_second_owner(ir, arena, findings, i);
            check_stored(ir, arena, findings, i);
        }
    }
}
