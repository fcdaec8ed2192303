/* cleanup attributes: variables that can be left unset, functions of the wrong depth, and what is not theirs to
 * release. */
#include "check.h"
#include "edit.h"
#include "engine_parts.h"
#include "ir.h"
#include "model.h"
#include "names.h"

#include <stdio.h>
#include <string.h>

static const char *cleanup_name(const struct decl *decl)
{
    return decl->cleanup ? decl->cleanup : decl->attribute;
}

/* _cleanup_(erase_char) char c; _cleanup_(leave) dummy_t dummy; Whatever it is, the cleanup can have it. */
static bool holds_nothing(const struct decl *decl)
{
    static const char *const words[] = {"char", "bool", "gboolean", "_Bool", NULL};
    /* NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): the count is never more than the array has */
    const char *last = decl->type.count > 0 ? decl->type.words[decl->type.count - 1] : "";
    return decl->type.stars == 0 && (word_in(last, words) || strstr(last, "dummy"));
}

/* g_auto(T) and kernel classes initialise themselves, or have a valid empty value. */
static bool needs_value(const struct decl *decl)
{
    if (!decl->attribute || decl->value || decl->type.is_static || decl->type.is_extern)
        return false;
    return strcmp(decl->attribute, "CLASS") != 0 && !holds_nothing(decl);
}

struct walk {
    const struct ir *ir;
    unsigned char *seen;
    int place;
    bool may_fail; /* a callee that fails sets nothing */
};

static bool sets(const struct walk *walk, const struct instr *instr)
{
    if (instr->dst >= 0 &&
        (instr->dst == walk->place || place_within(walk->ir, instr->dst, walk->place)) &&
        instr->kind != I_DECLARE)
        return true;
    if (instr->kind != I_CALL || instr->implicit)
        return false;
    for (int i = 0; i < instr->arg_count; i++)
        if (instr->args[i].kind == O_ADDRESS && instr->args[i].place >= 0 &&
            place_within(walk->ir, instr->args[i].place, walk->place))
            return true;
    return false;
}

/* r = f(&x); if (r < 0) …: where does it go on if f failed, and so perhaps has not set x? -1: not known. */
static int fails_to(const struct walk *walk, int at)
{
    const struct instr *call = &walk->ir->code.at[at];
    int status = call->dst;
    if (call->kind != I_CALL || status < 0 || status == walk->place)
        return -1;
    at = call->next;
    for (int steps = 0; at >= 0 && steps < 8; steps++) {
        const struct instr *instr = &walk->ir->code.at[at];
        at = instr->next;
        if (instr->kind == I_ASSIGN && instr->left.place == status)
            status = instr->dst;
        if (instr->kind == I_BRANCH && instr->left.place == status && instr->sign == S2('=', '=') &&
            instr->right.kind != O_NUMBER) {
            at = instr->other; /* if (r == -ENXIO) …; else if (r < 0) … */
            continue;
        }
        if (instr->kind == I_BRANCH)
            return instr->left.place == status && instr->sign == '<' &&
                           instr->right.kind == O_NUMBER && instr->right.number == 0
                       ? instr->next
                       : -1;
        if (instr->kind != I_ASSIGN && instr->kind != I_JOIN)
            return -1;
    }
    return -1;
}

/* From the declaration, without a value on the way: which cleanup call is reached? -1: none. */
static int reaches_cleanup(struct walk *walk, int at)
{
    for (; at >= 0 && !walk->seen[at];) {
        walk->seen[at] = 1;
        const struct instr *instr = &walk->ir->code.at[at];
        if (instr->implicit && instr->kind == I_CALL && instr->arg_count == 1 &&
            instr->args[0].place == walk->place)
            return at;
        if (sets(walk, instr) && walk->may_fail && fails_to(walk, at) >= 0) {
            at = fails_to(walk, at);
            continue;
        }
        if (sets(walk, instr) || instr->kind == I_RETURN || instr->kind == I_STOP)
            return -1;
        if (instr->kind == I_BRANCH) {
            int found = reaches_cleanup(walk, instr->other);
            if (found >= 0)
                return found;
        }
        at = instr->next;
    }
    return -1;
}

static bool by_value_macro(const struct ir *ir, int place)
{
    /* A struct that is passed by address to an initialiser is set by it. */
    return ir->places.at[place].decl->type.is_array;
}

static bool is_plain_number(const struct decl *decl)
{
    return decl->type.count == 1 && strcmp(decl->type.words[0], "int") == 0 &&
           strstr(cleanup_name(decl), "close");
}

static void initialise(struct unit *unit, struct finding *finding, const struct decl *decl)
{
    const struct token *name = edit_token(unit, decl->line, decl->column);
    if (!name || (name[1].sign != ';' && name[1].sign != ','))
        return;
    if (decl->type.stars > 0)
        edit_after(unit, finding, name, " = NULL");
    else if (is_plain_number(decl))
        edit_after(unit, finding, name, " = -1");
}

static void check_unset(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *declaration = &ir->code.at[index];
    const struct decl *decl = ir->places.at[declaration->dst].decl;
    if (!decl || !needs_value(decl) || by_value_macro(ir, declaration->dst))
        return;
    struct walk walk = {.ir = ir,
                        .place = declaration->dst,
                        .may_fail = decl->type.stars > 0 || is_plain_number(decl)};
    walk.seen = arena_take(arena, (size_t)ir->code.count);
    int at = reaches_cleanup(&walk, declaration->next);
    if (at < 0)
        return;
    struct finding *finding = finding_add(arena, findings, "uninit-cleanup", LEVEL_SURE,
                                          ir->unit->path, ir->function->name, decl->line,
                                          decl->column);
    finding->message = arena_format(
        arena, "'%s' can be left before it is set: its cleanup would release garbage", decl->name);
    finding_note(arena, finding, ir->code.at[at].line, 1, "left here");
    initialise(ir->unit, finding, decl);
    finding->advice = decl->type.stars > 0
                          ? arena_format(arena, "initialise it: %s = NULL", decl->name)
                          : arena_format(arena, "initialise '%s' where it is declared", decl->name);
}

/* ---- depth -------------------------------------------------------------------------------------- */

bool cleanup_frees_one_level(const char *cleanup)
{
    static const char *const names[] = {"_cleanup_free_",
                                        "g_autofree",
                                        "gs_free",
                                        "freep",
                                        "cleanup_free",
                                        "__do_free",
                                        "auto_free",
                                        "g_free",
                                        "autofree",
                                        "__autofree",
                                        "erase_and_freep",
                                        "cleanup_freep",
                                        "_cleanup_erase_and_free_",
                                        "free_ptr",
                                        "g_autoptr_cleanup_generic_gfree",
                                        NULL};
    return word_in(cleanup, names);
}

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
    if (cleanup_frees_one_level(cleanup))
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
static bool stays_filled(struct walk *walk, int at, int skip)
{
    while (at >= 0 && at != skip && !walk->seen[at]) {
        const struct instr *instr = &walk->ir->code.at[at];
        walk->seen[at] = 1;
        if (instr->implicit && instr->kind == I_CALL && instr->arg_count == 1 &&
            instr->args[0].place == walk->place)
            return true;
        if (sets(walk, instr) || instr->kind == I_RETURN || instr->kind == I_STOP)
            return false;
        bool null = instr->kind == I_BRANCH && instr->left.place == walk->place &&
                    instr->right.kind == O_NUMBER && instr->right.number == 0;
        bool failed = instr->kind == I_BRANCH && instr->right.kind == O_PLACE &&
                      is_error_number(walk->ir, instr->right.place);
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
        struct walk walk = {.ir = ir, .place = place};
        if (instr->kind != I_CALL || instr->implicit || !sets(&walk, instr))
            continue;
        walk.seen = arena_take(arena, (size_t)ir->code.count);
        if (stays_filled(&walk, instr->next, instr->dst == place ? -1 : fails_to(&walk, i)))
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

static void check_depth(struct ir *ir, struct arena *arena, finding_vec *findings, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    const char *cleanup = cleanup_name(decl), *own = NULL;
    check_kind(ir, arena, findings, place);
    if (!cleanup_frees_one_level(cleanup) || !cleaned_while_filled(ir, arena, place))
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

/* Does the cleanup function take what the variable holds, and not the variable's address? */
static bool takes_value(const struct ir *ir, const struct decl *decl)
{
    static const char *const known[] = {"free",
                                        "fclose",
                                        "close",
                                        "closedir",
                                        "pclose",
                                        "freeaddrinfo",
                                        "freeifaddrs",
                                        "dlclose",
                                        "munmap",
                                        "g_free",
                                        "g_object_unref",
                                        "g_strfreev",
                                        "g_error_free",
                                        "g_variant_unref",
                                        "kfree",
                                        "vfree",
                                        "kvfree",
                                        "endmntent",
                                        "sqlite3_close",
                                        "sqlite3_finalize",
                                        "json_decref",
                                        "curl_easy_cleanup",
                                        "xmlFreeDoc",
                                        "lg_error_free",
                                        "lg_context_free",
                                        "freelocale",
                                        "iconv_close",
                                        "mq_close",
                                        "sem_close",
                                        "globfree64",
                                        NULL};
    if (word_in(decl->cleanup, known))
        return true;
    EACH (function, &ir->unit->functions) {
        if (strcmp(function->name, decl->cleanup) != 0 || function->parameters.count != 1)
            continue;
        const struct type *type = &function->parameters.at[0].type;
        if (type->count > 0 && strcmp(type->words[type->count - 1], "void") == 0)
            return false; /* an address is a void * too */
        return decl->type.stars == type->stars && decl->type.stars <= 1 && !type->is_array &&
               !decl->type.is_array && type->count > 0 && decl->type.count > 0 &&
               type->words[type->count - 1] == decl->type.words[decl->type.count - 1];
    }
    return false;
}

/* The declaration's tokens lie between two semicolons or braces. */
static const struct token *attribute_function(const struct unit *unit, const struct decl *decl)
{
    const struct token *name = edit_token(unit, decl->line, decl->column), *at = name;
    if (!name)
        return NULL;
    while (at > unit->lexed.tokens.at && at[-1].sign != ';' && at[-1].sign != '{' &&
           at[-1].sign != '}')
        at--;
    for (; at->kind != TOKEN_END && at->sign != ';'; at++)
        if ((token_is(at, "cleanup") || token_is(at, "__cleanup__")) && at[1].sign == '(' &&
            token_is(at + 2, decl->cleanup))
            return at + 2;
    return NULL;
}

static bool frees_memory(const char *name)
{
    static const char *const names[] = {"free", "g_free", "kfree", "vfree", "kvfree", NULL};
    return word_in(name, names);
}

static const char *type_text(struct arena *arena, const struct type *type)
{
    const char *text = "";
    for (int i = 0; i < type->count; i++)
        text = arena_format(arena, "%s%s ", text, type->words[i]);
    return text;
}

static bool is_defined(const struct unit *unit, const char *name)
{
    EACH (function, &unit->functions)
        if (strcmp(function->name, name) == 0)
            return true;
    return false;
}

static bool is_mentioned(const struct unit *unit, const char *name)
{
    EACH (token, &unit->lexed.tokens)
        if (token_is(token, name))
            return true;
    return false;
}

/* The body of a wrapper that is passed the variable's address; NULL: none is known. */
static const char *wrapper(struct arena *arena, const struct decl *decl, const char *name)
{
    const char *function = decl->cleanup, *type = type_text(arena, &decl->type);
    if (decl->type.is_array || decl->type.is_const || decl->type.count == 0)
        return NULL;
    if (decl->type.stars == 1 && frees_memory(function))
        return arena_format(arena,
                            "static void %s(void *variable)\n{\n    %s(*(void **)variable);\n}\n\n",
                            name, function);
    if (decl->type.stars == 1)
        return arena_format(arena,
                            "static void %s(%s**variable)\n{\n    if (*variable)\n"
                            "        %s(*variable);\n}\n\n",
                            name, type, function);
    if (decl->type.stars == 0 && strcmp(function, "close") == 0)
        return arena_format(arena,
                            "static void %s(int *variable)\n{\n    if (*variable >= 0)\n"
                            "        close(*variable);\n}\n\n",
                            name);
    return NULL;
}

static void use_wrapper(struct ir *ir, struct arena *arena, struct finding *finding,
                        const struct decl *decl)
{
    const char *name = arena_format(arena, "cleanup_%s", decl->cleanup);
    const struct token *function = attribute_function(ir->unit, decl);
    const char *definition = wrapper(arena, decl, name);
    if (!function || !definition)
        return;
    if (!is_defined(ir->unit, name)) {
        if (is_mentioned(ir->unit, name) || ir->function->start_line == 0)
            return;
        edit_define(ir->unit, finding, ir->function, definition);
    }
    edit_replace(ir->unit, finding, function, name);
}

static void check_plain_free(struct ir *ir, struct arena *arena, finding_vec *findings, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    if (!decl->cleanup || !decl->attribute || strcmp(decl->attribute, "cleanup") != 0 ||
        !takes_value(ir, decl))
        return;
    struct finding *finding = finding_add(arena, findings, "cleanup-free", LEVEL_SURE,
                                          ir->unit->path, ir->function->name, decl->line,
                                          decl->column);
    finding->message =
        arena_format(arena, "cleanup(%s) is called with the address of '%s', not with its value",
                     decl->cleanup, decl->name);
    finding->advice = "use a function that takes a pointer to the variable";
    use_wrapper(ir, arena, finding, decl);
}

void check_cleanup_attributes(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    for (int i = 0; i < ir->code.count; i++)
        if (ir->code.at[i].kind == I_DECLARE)
            check_unset(ir, arena, findings, i);
    for (int place = 0; place < ir->places.count; place++) {
        const struct place *at = &ir->places.at[place];
        if (at->kind != P_LOCAL || !at->decl || !cleanup_name(at->decl))
            continue;
        check_depth(ir, arena, findings, place);
        check_plain_free(ir, arena, findings, place);
    }
}
