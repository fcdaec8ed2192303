/* Cleanup attributes whose function releases too little, too much, or something else than the variable holds. */
#include "cleanup.h"
#include "edit.h"
#include "engine_parts.h"
#include "ir.h"
#include "model.h"
#include "names.h"

#include <string.h>

static bool is_text(const struct decl *decl)
{
    for (int i = 0; i < decl->type.count; i++)
        if (strcmp(decl->type.words[i], "char") == 0 || strcmp(decl->type.words[i], "gchar") == 0)
            return true;
    return false;
}

/* strv_split_full(&v, …), message_read_strv(…, &v), strv_extend(&v, text). strv_push(&v, text) puts the text itself
 * there, and GLib's format strings say whether it is a copy. */
static bool fills_with_copies(const char *name)
{
    static const char *const borrow[] = {"realloc", "greedy", "push",    "append",
                                         "variant", "dump",   "prepend", "patch",
                                         "_filter", "insert", NULL};
    for (const char *const *word = borrow; *word; word++)
        if (strstr(name, *word))
            return false;
    return true;
}

/* for (iter = list; *iter; iter++) { g_autofree char *line = *iter; … } Each string has a cleanup of its own. */
static bool cleans_elements(const struct ir *ir)
{
    EACH (instr, &ir->code) {
        const struct decl *decl = instr->kind == I_ASSIGN ? ir->places.at[instr->dst].decl : NULL;
        if (decl && (decl->cleanup || decl->attribute) && decl->type.stars == 1 &&
            instr->left.kind == O_PLACE && ir->places.at[instr->left.place].kind == P_PART &&
            ir->places.at[instr->left.place].text[0] == '*')
            return true;
    }
    return false;
}

/* Is an element of the vector allocated on its own? Or does a function that makes string vectors fill it? */
static bool owns_elements(const struct ir *ir, int place)
{
    EACH (instr, &ir->code) {
        if (instr->dst >= 0 && ir->places.at[instr->dst].kind == P_PART &&
            ir->places.at[instr->dst].parent == place && instr->kind == I_CALL && instr->callee &&
            name_constructs(instr->callee))
            return true;
        if (instr->kind != I_CALL || !instr->callee || instr->implicit)
            continue;
        bool result = instr->dst == place, address = false;
        for (int i = 0; i < instr->arg_count; i++)
            address |= instr->args[i].kind == O_ADDRESS && instr->args[i].place == place;
        const char *name = instr->callee;
        if (result &&
            (strstr(name, "strv") || strstr(name, "split") || strstr(name, "list") ||
             strstr(name, "decompose") || (strstr(name, "dup") && !strstr(name, "memdup"))) &&
            !strstr(name, "new0") && !strstr(name, "get_strv") && !strstr(name, "keys"))
            return true;
        if (address && fills_with_copies(name))
            return true;
    }
    return false;
}

/* Is it made by a function of its own, and not just allocated? */
static bool constructed(const struct ir *ir, const struct decl *decl)
{
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || !instr->callee || !name_constructs(instr->callee) ||
            model_acquirer(instr->callee) || strncmp(instr->callee, "new", 3) == 0 ||
            strstr(instr->callee, "alloc") || strstr(instr->callee, "_new0"))
            continue;
        bool gives = instr->dst >= 0 && ir->places.at[instr->dst].decl == decl;
        for (int i = 0; i < instr->arg_count; i++)
            gives |= instr->args[i].kind == O_ADDRESS &&
                     ir->places.at[instr->args[i].place].decl == decl;
        if (gives)
            return true;
    }
    return false;
}

/* take_all(list->items, list->count): what the variable holds has another owner. */
static bool gives_content(const struct ir *ir, const struct decl *decl)
{
    EACH (instr, &ir->code)
        for (int i = 0; instr->kind == I_CALL && instr->callee && i < instr->arg_count; i++) {
            int place = instr->args[i].place;
            if (place >= 0 && ir->places.at[place].kind == P_PART &&
                ir->places.at[ir->places.at[place].root].decl == decl && name_gives(instr->callee))
                return true;
        }
    return false;
}

/* The release that a cleanup of the usual name stands for; NULL: another one. */
static const char *release_of_cleanup(const char *cleanup)
{
    static const char *const streams[] = {"fclose", "pclose", "closedir", NULL};
    if (model_frees_one_level(cleanup))
        return "free";
    for (const char *const *stream = streams; *stream; stream++)
        if (strncmp(cleanup, "_cleanup_", 9) == 0 && strstr(cleanup, *stream))
            return *stream;
    return NULL;
}

/* What must release the result of this call, if the cleanup calls another function; NULL: nothing is wrong. */
static const char *right_release(const char *acquire, const char *release)
{
    const struct acquirer *acquirer = model_acquirer(acquire);
    const char *own = library_release(acquire);
    bool stream = acquirer && (acquirer->resource == R_STREAM || acquirer->resource == R_PROCESS ||
                               acquirer->resource == R_FOLDER);
    if (stream)
        own = resource_release(acquirer->resource);
    if (!own || strcmp(own, release) == 0 || model_frees_memory(own) ||
        (!stream && (strcmp(release, "free") != 0 || !model_mismatch(acquire, "free"))))
        return NULL;
    return own;
}

/* _cleanup_free_ FILE *f = fopen(…) */
static const char *acquired_for_another(const struct ir *ir, int place, const char *release)
{
    const struct decl *decl = ir->places.at[place].decl;
    /* NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): the count is never more than the array has */
    const char *type = decl->type.count > 0 ? decl->type.words[decl->type.count - 1] : "";
    if (decl->type.stars == 1 && strcmp(type, "GError") == 0 && strcmp(release, "free") == 0)
        return "g_error_free";
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && !instr->implicit && instr->dst == place) {
            const char *right = right_release(instr->callee, release);
            if (right)
                return right;
        }
    return NULL;
}

static bool names_a_release(struct ir *ir, const struct decl *decl, const char **own)
{
    /* struct foo with foo_free or foo_unref in this file or its headers */
    if (decl->type.stars != 1 || decl->type.count == 0 || is_text(decl) || !constructed(ir, decl))
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): the count is never more than the array has */
    const char *type = decl->type.words[decl->type.count - 1];
    static const char *const plain[] = {"void", "int", "unsigned", "long", "size_t", NULL};
    const char *found = word_in(type, plain) ? NULL : map_get(&ir->unit->cleanups, type);
    if (found && /* DEFINE_TRIVIAL_CLEANUP_FUNC(void *, OPENSSL_free) says nothing of other buffers */
        !gives_content(ir, decl)) {
        *own = found;
        return true;
    }
    return false;
}

/* From a statement that fills the variable: is its cleanup reached while the variable still has what it was given?
 * `skip`: where it goes on if the statement has failed. */
static bool stays_filled(struct cleanup_walk *walk, int at, int skip)
{
    while (at >= 0 && at != skip && !walk->seen[at]) {
        const struct instr *instr = &walk->ir->code.at[at];
        walk->seen[at] = 1;
        if (instr->implicit && instr->kind == I_CALL && instr->arg_count == 1 &&
            instr->args[0].place == walk->place)
            return true;
        if (cleanup_sets(walk, instr) || instr->kind == I_RETURN || instr->kind == I_STOP)
            return false;
        bool null = instr->kind == I_BRANCH && instr->left.place == walk->place &&
                    instr->right.kind == O_NUMBER && instr->right.number == 0;
        bool failed = instr->kind == I_BRANCH && instr->right.kind == O_PLACE &&
                      place_is_error_number(walk->ir, instr->right.place);
        if ((null || failed) && instr->sign == S2('=', '=')) {
            at = instr->other;
            continue;
        }
        if (instr->kind == I_BRANCH && !null && stays_filled(walk, instr->other, skip))
            return true;
        at = instr->next;
    }
    return false;
}

/* Or does a transfer always come first? Then the wrong cleanup never has anything to do. */
static bool cleaned_while_filled(struct ir *ir, struct arena *arena, int place)
{
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        struct cleanup_walk walk = {.ir = ir, .place = place};
        if (instr->kind != I_CALL || instr->implicit || !cleanup_sets(&walk, instr))
            continue;
        walk.seen = arena_take(arena, (size_t)ir->code.count);
        if (stays_filled(&walk, instr->next, instr->dst == place ? -1 : cleanup_fails_to(&walk, i)))
            return true;
    }
    return false;
}

static void report_depth(struct ir *ir, struct arena *arena, finding_vec *findings,
                         const struct decl *decl, const char *message, const char *advice)
{
    struct finding *finding = finding_add(arena, findings, "cleanup-depth", LEVEL_SURE,
                                          ir->unit->path, ir->function->name, decl->line,
                                          decl->column);
    finding->message = message;
    finding->advice = advice;
}

/* DEFINE_TRIVIAL_CLEANUP_FUNC(T *, f) defines fp. */
static void use_own(struct ir *ir, struct arena *arena, struct finding *finding,
                    const struct decl *decl, const char *own)
{
    EACH (token, &ir->unit->lexed.tokens)
        if (token->line == decl->line && token_is(token, "_cleanup_free_") && !decl->joint)
            edit_replace(ir->unit, finding, token, arena_format(arena, "_cleanup_(%sp)", own));
}

static void check_kind(struct ir *ir, struct arena *arena, finding_vec *findings, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    const char *cleanup = cleanup_name(decl), *release = release_of_cleanup(cleanup);
    const char *right = release && decl->type.stars == 1 ? acquired_for_another(ir, place, release)
                                                         : NULL;
    if (right && cleaned_while_filled(ir, arena, place))
        report_depth(ir, arena, findings, decl,
                     arena_format(arena, "'%s' does not release what '%s' holds; %s does", cleanup,
                                  decl->name, right),
                     arena_format(arena, "use the cleanup that calls %s", right));
}

void check_cleanup_depth(struct ir *ir, struct arena *arena, finding_vec *findings, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    const char *cleanup = cleanup_name(decl), *own = NULL;
    check_kind(ir, arena, findings, place);
    if (!model_frees_one_level(cleanup) || !cleaned_while_filled(ir, arena, place))
        return;
    if (decl->type.stars == 2 && !decl->type.is_const && is_text(decl) &&
        owns_elements(ir, place) && !cleans_elements(ir))
        report_depth(ir, arena, findings, decl,
                     arena_format(arena, "'%s' frees the vector '%s' but not its strings", cleanup,
                                  decl->name),
                     "use the cleanup of a string vector: _cleanup_strv_free_, g_auto(GStrv)");
    else if (names_a_release(ir, decl, &own) && own && !strstr(own, "g_free") &&
             strcmp(own, "free") != 0)
        report_depth(ir, arena, findings, decl,
                     arena_format(arena, "'%s' frees '%s' but not what it holds; its type has '%s'",
                                  cleanup, decl->name, own),
                     arena_format(arena, "use the cleanup that calls %s", own));
    else
        return;
    if (own && strcmp(cleanup, "_cleanup_free_") == 0)
        use_own(ir, arena, &findings->at[findings->count - 1], decl, own);
}
