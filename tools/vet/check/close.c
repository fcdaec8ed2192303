/* ignored-close-error: what was written to a file is only safe when close, or the last flush, has succeeded. */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "site_parts.h"
#include "type.h"
#include "walk.h"
#include "written.h"

#include <string.h>

/* ---- what kind of file -------------------------------------------------------------------------- */

enum kind { KIND_UNKNOWN, KIND_WRITTEN, KIND_OTHER };

static void ask_access(void *data, const struct expr *expr)
{
    /* What is only opened for writing, and must be there, is mostly a device or a file of the kernel. */
    static const char *const writing[] = {"O_CREAT", "O_TRUNC", "O_APPEND", NULL};
    if (expr->kind == E_NAME && word_in(expr->name, writing))
        *(bool *)data = true;
}

static bool mode_writes(const struct expr *mode)
{
    if (mode->kind != E_STRING)
        return false;
    return mode->name[1] == 'w' || mode->name[1] == 'a' ||
           memchr(mode->name, '+', (size_t)mode->number);
}

/* "/proc/self/oom_score_adj": the kernel has taken what was written, or has said that it has not. */
static void ask_kernel_file(void *data, const struct expr *expr)
{
    if (expr->kind == E_STRING && (strstr(expr->name, "/proc/") || strstr(expr->name, "/sys/") ||
                                   strstr(expr->name, "/dev/")))
        *(bool *)data = true;
}

static bool opens_kernel_file(const struct expr *call)
{
    bool kernel = false;
    each_within(call, ask_kernel_file, &kernel);
    return kernel;
}

/* What does the call say of the file that it opens? */
static enum kind opened_by(const struct instr *call)
{
    static const char *const files[] = {"creat", "mkstemp", "mkostemp", "mkstemps", NULL};
    const struct expr *expr = call->expr;
    bool writes = false;
    if (!call->callee || !expr || expr->kind != E_CALL)
        return KIND_UNKNOWN;
    if (word_in(call->callee, files))
        return KIND_WRITTEN;
    if (opens_kernel_file(expr))
        return KIND_OTHER;
    if (strncmp(call->callee, "fopen", 5) == 0 || strcmp(call->callee, "gzopen") == 0 ||
        strcmp(call->callee, "g_fopen") == 0 || strcmp(call->callee, "freopen") == 0) {
        bool known = expr->args.count >= 2 && expr->args.at[1]->kind == E_STRING;
        return known ? (mode_writes(expr->args.at[1]) ? KIND_WRITTEN : KIND_OTHER) : KIND_UNKNOWN;
    }
    if (strcmp(call->callee, "popen") == 0)
        return expr->args.count == 2 && mode_writes(expr->args.at[1]) ? KIND_WRITTEN : KIND_OTHER;
    if (strcmp(call->callee, "open") == 0 || strcmp(call->callee, "openat") == 0 ||
        strcmp(call->callee, "open64") == 0) {
        each_within(expr, ask_access, &writes);
        return writes ? KIND_WRITTEN : KIND_OTHER;
    }
    return KIND_OTHER;
}

/* What the last call before `before` in the text says of the file. */
static enum kind kind_of(const struct ir *ir, int place, const struct instr *before)
{
    const struct place *at = &ir->places.at[place];
    enum kind kind = KIND_UNKNOWN;
    if (at->kind != P_LOCAL)
        return KIND_UNKNOWN;
    EACH (instr, &ir->code) {
        if (instr == before)
            break;
        if (instr->dst == place && instr->kind == I_CALL)
            kind = opened_by(instr);
    }
    return kind;
}

static bool is_stream(const struct ir *ir, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    return decl && decl->type.stars == 1 && decl->type.count > 0 &&
           strcmp(decl->type.words[decl->type.count - 1], "FILE") == 0;
}

/* Another call says whether all arrived: fflush, fsync, fclose, safe_fclose, fflush_and_check … */
static bool checked_otherwise(const struct ir *ir, int place)
{
    static const char *const words[] = {
        "ferror", "fflush", "fsync",  "fdatasync", "fclose",          "closestream", "flush",
        "sync",   "commit", "syncfs", "fdopen",    "sync_file_range", NULL};
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee &&
            (name_has_any(instr->callee, words) || strstr(instr->callee, "close_stream")) &&
            call_passes(instr, place) && instr->dst >= 0 && place_is_used(ir, instr->dst))
            return true;
    return false;
}

/* ---- what is said --------------------------------------------------------------------------------- */

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
        if (returns_truth(ir) && instr->kind == I_ASSIGN && instr->left.kind == O_PLACE &&
            strncmp(ir->places.at[instr->left.place].text, "==(", 3) == 0)
            return ir->places.at[place].kind == P_LOCAL; /* ok = write(…) == length */
        bool good = instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER &&
                    (instr->left.number == 0) != returns_truth(ir);
        success |= good;
        failure |= !good;
    }
    return success && failure && ir->places.at[place].kind == P_LOCAL;
}

static bool is_success(const struct ir *ir, long number)
{
    return (number == 0) != returns_truth(ir) && number >= 0;
}

static bool implies_success(const struct ir *ir, const struct operand *result)
{
    if (result->kind == O_SYMBOL)
        return strstr(result->text, "OK") || strstr(result->text, "SUCCESS");
    if (result->kind == O_PLACE)
        return begins_as_success(ir, result->place);
    return result->kind == O_NUMBER && is_success(ir, result->number);
}

/* return rename(scratch, name): what may be incomplete takes the place of what was good. */
static bool replaces(const struct instr *call)
{
    return call->kind == I_CALL && call->callee &&
           (strcmp(call->callee, "rename") == 0 || strcmp(call->callee, "renameat") == 0);
}

/* return next_step(x): the function goes on, as if all went well. */
static bool is_other_call(const struct ir *ir, const struct operand *result)
{
    return result->kind == O_PLACE && ir->places.at[result->place].kind == P_TEMPORARY;
}

#define MOST_TO_END 400 /* statements on all ways to the end */

static bool ends_well_within(const struct ir *ir, int at, bool stream, bool sync, int *budget)
{
    int set = -1;
    long value = 0;
    for (int steps = 0; at >= 0 && steps < 25 && --*budget > 0; steps++) {
        const struct instr *instr = &ir->code.at[at];
        if (instr->kind == I_RETURN && instr->left.kind == O_PLACE && instr->left.place == set)
            return is_success(ir, value);
        if (instr->kind == I_RETURN)
            return implies_success(ir, &instr->left) || (sync && is_other_call(ir, &instr->left));
        if (instr->kind == I_STOP)
            return false;
        if (stream && replaces(instr))
            return true;
        if (instr->kind == I_BRANCH)
            return (instr->next > at && /* not back to the head of a loop */
                    ends_well_within(ir, instr->next, stream, sync, budget)) ||
                   (instr->other > at && ends_well_within(ir, instr->other, stream, sync, budget));
        if (instr->kind == I_ASSIGN && instr->left.kind == O_NUMBER) {
            set = instr->dst;
            value = instr->left.number;
        }
        if (instr->next <= at)
            return false;
        at = instr->next;
    }
    return false;
}

/* From here on straight to a return that says that all went well? */
static bool ends_well(const struct ir *ir, int at, bool stream, bool sync)
{
    int budget = MOST_TO_END;
    return ends_well_within(ir, at, stream, sync, &budget);
}

static bool can_fail(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_RETURN &&
            ((instr->left.kind == O_NUMBER && !implies_success(ir, &instr->left)) ||
             instr->left.kind == O_PLACE ||
             (instr->left.kind == O_SYMBOL && !implies_success(ir, &instr->left))))
            return true;
    return false;
}

/* ---- the check ------------------------------------------------------------------------------------ */

/* fd = pty_get_fd(pty): nothing of a terminal lasts. */
static bool is_terminal(const struct ir *ir, int place)
{
    static const char *const words[] = {"pty", "tty", "terminal", "console", NULL};
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *call = &ir->code.at[i];
        if (call->kind == I_CALL && call->callee && place >= 0 &&
            place_variable(ir, i, call->dst) == place && name_has_any(call->callee, words))
            return true;
    }
    return false;
}

/* Must the result of closing this file be looked at? */
static bool must_check(const struct ir *ir, const struct instr *call, int place)
{
    enum kind kind = kind_of(ir, place, call);
    if (strcmp(call->callee, "fsync") == 0 || strcmp(call->callee, "fdatasync") == 0)
        return !is_terminal(ir, place);
    if (strstr(call->callee, "sync")) /* of a terminal, perhaps */
        return kind == KIND_WRITTEN;
    if (kind == KIND_OTHER || checked_otherwise(ir, place))
        return false;
    bool stream = is_stream(ir, place) || strcmp(call->callee, "fclose") == 0 ||
                  strcmp(call->callee, "gzclose") == 0;
    if (kind == KIND_WRITTEN && stream)
        return writes_to(ir, place);
    return (kind == KIND_WRITTEN || stream) && checks_writes(ir, place);
}

/* Is the result dropped on purpose: (void)fclose(f)? */
static bool said_to_be_ignored(const struct ir *ir, const struct instr *call)
{
    if (!call->expr)
        return false;
    const struct token *first = ir->unit->lexed.tokens.at;
    EACH (token, &ir->unit->lexed.tokens)
        if (token->line == call->line && token->column == call->column)
            return token - first >= 3 && token[-1].sign == ')' && token_is(token - 2, "void");
    return false;
}

static bool closes_by_cleanup(const struct instr *instr)
{
    return instr->callee && (strstr(instr->callee, "fclose") || strstr(instr->callee, "closefp"));
}

static bool reported(const struct ir *ir, const finding_vec *findings, int line)
{
    EACH (finding, findings)
        if (finding->line == line && finding->function == ir->function->name &&
            strcmp(finding->check, "ignored-close-error") == 0)
            return true;
    return false;
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings,
                   const struct instr *instr, int place)
{
    const struct decl *decl = ir->places.at[place].decl;
    bool attribute = instr->implicit && decl;
    int line = attribute ? decl->line : instr->line;
    if (reported(ir, findings, line))
        return;
    struct finding *finding = finding_add(arena, findings, "ignored-close-error", LEVEL_LIKELY,
                                          ir->unit->path, ir->function->name, line,
                                          attribute ? decl->column : instr->column);
    finding->message = arena_format(
        arena, "the result of %s(%s) is ignored, and success is reported for what was written",
        attribute ? "the cleanup, fclose" : instr->callee, place_text(ir, place));
    finding->advice =
        instr->deferred
            ? "flush and check before the return: fflush, ferror (or lg_defer(lg_fclose, file, &err))"
            : arena_format(arena, "return a failure if %s fails", instr->callee);
}

static bool is_close(const struct instr *instr)
{
    static const char *const closes[] = {"fclose",    "close",   "fflush", "fsync",
                                         "fdatasync", "gzclose", "pclose", NULL};
    if (instr->kind != I_CALL || !instr->callee || instr->arg_count != 1)
        return false;
    if (instr->implicit)
        return closes_by_cleanup(instr) && instr->args[0].kind == O_ADDRESS;
    return word_in(instr->callee, closes) && instr->args[0].kind == O_PLACE;
}

/* n = fwrite(…, file); … fflush(file); return n; The caller is told that all was written. */
static bool returns_written(const struct ir *ir, const struct instr *flush)
{
    static const char *const words[] = {"fwrite", "fputs", "fprintf", "vfprintf", NULL};
    if (strcmp(flush->callee, "fflush") != 0)
        return false;
    for (int i = 0; i < ir->code.count; i++) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_CALL && instr->callee && word_in(instr->callee, words) &&
            call_passes(instr, flush->args[0].place) && instr->dst >= 0 &&
            reaches(ir, i, (int)(flush - ir->code.at)) &&
            place_is_returned(ir, place_variable(ir, i, instr->dst)))
            return true;
    }
    return false;
}

/* rc = -EIO */
static bool sets_failure(const struct ir *ir, const struct instr *instr)
{
    if (instr->kind != I_ASSIGN || instr->dst < 0 || ir->places.at[instr->dst].kind != P_LOCAL)
        return false;
    if (instr->left.kind == O_SYMBOL)
        return name_means(instr->left.text) < 0;
    if (instr->left.kind == O_PLACE)
        return strncmp(ir->places.at[instr->left.place].text, "-(", 2) == 0;
    return instr->left.kind == O_NUMBER && instr->left.number < 0;
}

/* report_error("…"); fclose(f); return …; has failed, and says so. */
static bool after_complaint(const struct ir *ir, int at)
{
    static const char *const words[] = {"error", "err",   "warn",   "warning", "perror",
                                        "fail",  "errno", "failed", "warnx",   NULL};
    for (int i = at - 1; i >= 0 && at - i < 12; i--) {
        const struct instr *instr = &ir->code.at[i];
        if (instr->kind == I_BRANCH || instr->kind == I_JOIN || instr->kind == I_RETURN)
            return false;
        if (sets_failure(ir, instr) ||
            (instr->kind == I_CALL && instr->callee && name_has_any(instr->callee, words)))
            return true;
    }
    return false;
}

/* fclose(f); f = NULL; … if (f) fclose(f); When all went well there is no f any more. */
static bool closed_before(const struct ir *ir, const struct instr *close, int place)
{
    EACH (instr, &ir->code) {
        const struct instr *next = instr->kind == I_CALL && instr != close && instr->next >= 0
                                       ? &ir->code.at[instr->next]
                                       : NULL;
        if (next && instr < close && instr->callee == close->callee && call_passes(instr, place) &&
            next->kind == I_ASSIGN && next->dst == place && next->left.kind == O_NUMBER)
            return true;
    }
    return false;
}

static bool is_tested_once(const struct ir *ir, int place)
{
    int tests = 0;
    EACH (instr, &ir->code)
        tests += instr->kind == I_BRANCH && instr->left.place == place;
    return tests == 1;
}

/* if (f) { …; fclose(f); } Who goes on in the same way if there is no file does not rely on what is in it. */
static bool is_optional(const struct ir *ir, const struct instr *close, int place)
{
    for (const struct instr *branch = close - 1; branch >= ir->code.at; branch--) {
        if (branch->kind != I_BRANCH || branch->left.place != place ||
            branch->right.kind != O_NUMBER || branch->right.number != 0)
            continue;
        int null = branch->sign == S2('=', '=') ? branch->next : branch->other;
        return null > (int)(close - ir->code.at) && is_tested_once(ir, place) &&
               after_joins(ir, null) == after_joins(ir, close->next) &&
               kind_of(ir, place, close) == KIND_WRITTEN &&
               kind_of(ir, place, branch) == KIND_WRITTEN;
    }
    return false;
}

/* fflush(stderr), fflush(console): shown at once, and no file. */
static bool is_screen(const struct ir *ir, const struct instr *call, int place)
{
    static const char *const words[] = {"stderr",   "console", "tty", "term",
                                        "terminal", "screen",  NULL};
    return strcmp(call->callee, "fflush") == 0 && name_has_any(place_text(ir, place), words);
}

void check_close_errors(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if ((ir->function->type.stars > 0 && !type_gives_error(&ir->function->type)) || !can_fail(ir))
        return;
    EACH (instr, &ir->code) {
        if (!is_close(instr) || (instr->dst >= 0 && place_is_used(ir, instr->dst)))
            continue;
        int place = instr->args[0].place;
        if (after_complaint(ir, (int)(instr - ir->code.at)) || is_screen(ir, instr, place) ||
            closed_before(ir, instr, place) || is_optional(ir, instr, place))
            continue;
        if (instr->deferred && kind_of(ir, place, instr) != KIND_WRITTEN)
            continue;
        bool relied_on = returns_written(ir, instr) ||
                         (must_check(ir, instr, place) &&
                          (returns_status_of_write(ir, instr->next, place) ||
                           ends_well(ir, instr->next, is_stream(ir, place),
                                     strstr(instr->callee, "sync") && checks_writes(ir, place))));
        if (relied_on && !said_to_be_ignored(ir, instr))
            report(ir, arena, findings, instr, place);
    }
}
