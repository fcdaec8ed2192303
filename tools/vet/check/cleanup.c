/* Cleanup attributes: variables that can be left unset, and what is not theirs to release. (depth.c: functions of the
 * wrong depth.) */
#include "cleanup.h"
#include "edit.h"
#include "engine_parts.h"
#include "ir.h"

#include <string.h>

const char *cleanup_name(const struct decl *decl)
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

bool cleanup_sets(const struct cleanup_walk *walk, const struct instr *instr)
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

int cleanup_fails_to(const struct cleanup_walk *walk, int at)
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
static int reaches_cleanup(struct cleanup_walk *walk, int at)
{
    for (; at >= 0 && !walk->seen[at];) {
        walk->seen[at] = 1;
        const struct instr *instr = &walk->ir->code.at[at];
        if (instr->implicit && instr->kind == I_CALL && instr->arg_count == 1 &&
            instr->args[0].place == walk->place)
            return at;
        if (cleanup_sets(walk, instr) && walk->may_fail && cleanup_fails_to(walk, at) >= 0) {
            at = cleanup_fails_to(walk, at);
            continue;
        }
        if (cleanup_sets(walk, instr) || instr->kind == I_RETURN || instr->kind == I_STOP)
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
    struct cleanup_walk walk = {.ir = ir,
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
        check_cleanup_depth(ir, arena, findings, place);
        check_plain_free(ir, arena, findings, place);
    }
}
