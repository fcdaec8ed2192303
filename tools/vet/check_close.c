/* Close, flush and synchronise: their results matter for what was written. */
#include "check.h"
#include "ir.h"
#include "names.h"

#include <string.h>

static bool is_used(const struct ir *ir, int place)
{
    EACH (instr, &ir->code) {
        if (instr->left.place == place || instr->right.place == place)
            return true;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place == place)
                return true;
    }
    for (int i = 0; i < ir->places.count; i++)
        for (int k = 0; k < ir->places.at[i].parts.count; k++)
            if (ir->places.at[i].parts.at[k] == place)
                return true;
    return false;
}

static bool writes(const char *name)
{
    static const char *const words[] = {"write",          "fwrite", "pwrite", "writev", "fprintf",
                                        "vfprintf",       "fputs",  "fputc",  "putc",   "puts",
                                        "fputs_unlocked", "xwrite", "writen", NULL};
    return name_has_any(name, words);
}

static bool reads_only(const char *name)
{
    return strcmp(name, "lseek") == 0 || strcmp(name, "fseek") == 0;
}

/* Is something written to `place`, and does the function look whether that worked? */
static bool checked_writes(const struct ir *ir, int place)
{
    bool written = false, checked = false;
    EACH (instr, &ir->code) {
        if (instr->kind != I_CALL || !instr->callee || !writes(instr->callee) ||
            reads_only(instr->callee))
            continue;
        for (int i = 0; i < instr->arg_count; i++)
            if (instr->args[i].place == place) {
                written = true;
                checked |= instr->dst >= 0 && is_used(ir, instr->dst);
            }
    }
    return written && checked;
}

static bool checked_otherwise(const struct ir *ir, int place)
{
    static const char *const names[] = {"ferror",       "fflush", "fsync", "fdatasync",
                                        "close_stream", "fclose", NULL};
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && word_in(instr->callee, names) &&
            instr->arg_count > 0 && instr->args[0].place == place && instr->dst >= 0 &&
            is_used(ir, instr->dst))
            return true;
    return false;
}

static bool returns_truth(const struct ir *ir)
{
    for (int i = 0; i < ir->function->type.count; i++)
        if (strstr(ir->function->type.words[i], "bool"))
            return true;
    return false;
}

/* A status that is set to success somewhere, and to something else elsewhere. */
static bool begins_as_success(const struct ir *ir, int place)
{
    bool success = false, failure = false;
    EACH (instr, &ir->code) {
        if (instr->dst != place)
            continue;
        bool good = instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER &&
                    (instr->left.number == 0) != returns_truth(ir);
        success |= good;
        failure |= !good;
    }
    return success && failure && ir->places.at[place].kind == P_LOCAL;
}

static bool says_success(const struct ir *ir, const struct operand *result)
{
    if (result->kind == O_SYMBOL)
        return strstr(result->text, "OK") || strstr(result->text, "SUCCESS");
    if (result->kind == O_PLACE)
        return begins_as_success(ir, result->place);
    return result->kind == O_NUMBER && (result->number == 0) != returns_truth(ir) &&
           result->number >= 0;
}

/* From here on straight to a return that says that all went well? */
static bool ends_well(const struct ir *ir, int at)
{
    for (int steps = 0; at >= 0 && steps < 25; steps++) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_RETURN)
            return says_success(ir, &instr->left);
        if (instr->kind == I_STOP)
            return false;
        if (instr->kind == I_BRANCH)
            return ends_well(ir, instr->next) || ends_well(ir, instr->other);
        if (instr->next <= at)
            return false;
        at = instr->next;
    }
    return false;
}

static bool can_fail(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN &&
            ((instr->left.kind == O_NUMBER && !says_success(ir, &instr->left)) ||
             instr->left.kind == O_PLACE ||
             (instr->left.kind == O_SYMBOL && !says_success(ir, &instr->left))))
            return true;
    return false;
}

void check_close_errors(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    static const char *const closes[] = {"fclose",    "close",   "fflush", "fsync",
                                         "fdatasync", "gzclose", NULL};
    if (ir->function->type.stars > 0 || !can_fail(ir))
        return;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind != I_CALL || instr->implicit || !instr->callee ||
            !word_in(instr->callee, closes) || instr->arg_count != 1 ||
            instr->args[0].kind != O_PLACE || (instr->dst >= 0 && is_used(ir, instr->dst)))
            continue;
        int place = instr->args[0].place;
        bool sync = strstr(instr->callee, "sync") != NULL;
        if ((!sync && (!checked_writes(ir, place) || checked_otherwise(ir, place))) ||
            !ends_well(ir, instr->next))
            continue;
        struct finding *finding = finding_add(arena, findings, "ignored-close-error", LEVEL_LIKELY,
                                              ir->unit->path, ir->function->name, instr->line,
                                              instr->column);
        finding->message = arena_format(
            arena, "the result of %s(%s) is ignored, and success is reported for what was written",
            instr->callee, place_text(ir, place));
        finding->advice = arena_format(arena, "return a failure if %s fails", instr->callee);
    }
}
