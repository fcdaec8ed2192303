/* late-permissions: a file is created so that others may read it, something is written to it, and only then its
 * permissions are narrowed. */
#include "check.h"
#include "names.h"
#include "reach.h"
#include "walk.h"

#include <string.h>

#define USUAL_UMASK 022

static const struct {
    const char *name;
    long bits;
} mode_names[] = {
    {"S_IRUSR", 0400}, {"S_IWUSR", 0200}, {"S_IXUSR", 0100}, {"S_IRWXU", 0700},  {"S_IRGRP", 040},
    {"S_IWGRP", 020},  {"S_IXGRP", 010},  {"S_IRWXG", 070},  {"S_IROTH", 04},    {"S_IWOTH", 02},
    {"S_IXOTH", 01},   {"S_IRWXO", 07},   {"S_IREAD", 0400}, {"S_IWRITE", 0200}, {"S_IEXEC", 0100},
};

/* -1: not known */
static long mode_of(const struct expr *expr)
{
    if (!expr)
        return -1;
    if (expr->kind == E_CAST)
        return mode_of(expr->a);
    if (expr->kind == E_NUMBER)
        return expr->number;
    if (expr->kind == E_BINARY && expr->sign == '|') {
        long a = mode_of(expr->a), b = mode_of(expr->b);
        return a < 0 || b < 0 ? -1 : (a | b);
    }
    for (size_t i = 0; expr->kind == E_NAME && i < sizeof(mode_names) / sizeof(*mode_names); i++)
        if (strcmp(mode_names[i].name, expr->name) == 0)
            return mode_names[i].bits;
    return -1;
}

static void ask_create(void *data, const struct expr *expr)
{
    if (expr->kind == E_NAME && strcmp(expr->name, "O_CREAT") == 0)
        *(bool *)data = true;
}

struct created {
    int instr, file, stream; /* the places of the descriptor or stream, and of the stream over it */
    const struct operand *name;
    long mode;
};

/* The mode that the file is created with; -1: none is created, or the mode is not known. */
static long created_mode(const struct instr *call, int *name_argument)
{
    const struct expr *expr = call->expr;
    *name_argument = 0;
    if (!expr || expr->kind != E_CALL || !call->callee)
        return -1;
    int count = expr->args.count;
    if (strncmp(call->callee, "fopen", 5) == 0 && count == 2) {
        const struct expr *how = expr->args.at[1];
        bool writes = how->kind == E_STRING && how->number > 2 &&
                      (how->name[1] == 'w' || how->name[1] == 'a');
        return writes ? 0666 : -1;
    }
    if (strcmp(call->callee, "creat") == 0 && count == 2)
        return mode_of(expr->args.at[1]);
    int flags = strcmp(call->callee, "open") == 0     ? 1
                : strcmp(call->callee, "openat") == 0 ? 2
                                                      : -1;
    bool creates = false;
    if (flags < 0 || count != flags + 2)
        return -1;
    *name_argument = flags - 1;
    each_within(expr->args.at[flags], ask_create, &creates);
    return creates ? mode_of(expr->args.at[flags + 1]) : -1;
}

static bool same_name(const struct operand *a, const struct operand *b)
{
    if (a->kind == O_STRING && b->kind == O_STRING)
        return a->number == b->number && memcmp(a->text, b->text, (size_t)a->number) == 0;
    return a->kind == O_PLACE && b->kind == O_PLACE && a->place == b->place;
}

static bool is_file(const struct created *created, int place)
{
    return place >= 0 && (place == created->file || place == created->stream);
}

/* fileno(f), a value of its own */
static bool is_number_of(const struct ir *ir, const struct created *created, int place)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && strcmp(instr->callee, "fileno") == 0 &&
            instr->dst == place && instr->arg_count == 1 && is_file(created, instr->args[0].place))
            return true;
    return false;
}

static bool narrows(const struct ir *ir, const struct instr *call, const struct created *created)
{
    if (call->kind != I_CALL || !call->callee || !call->expr || call->arg_count != 2)
        return false;
    bool by_name = strcmp(call->callee, "chmod") == 0;
    if (!by_name && strcmp(call->callee, "fchmod") != 0)
        return false;
    const struct expr *expr = call->expr;
    long mode = expr->kind == E_CALL && expr->args.count == 2 ? mode_of(expr->args.at[1]) : -1;
    if (mode < 0 || !(created->mode & ~USUAL_UMASK & 066 & ~mode))
        return false;
    return by_name ? same_name(&call->args[0], created->name)
                   : is_file(created, call->args[0].place) ||
                         is_number_of(ir, created, call->args[0].place);
}

static bool writes(const struct instr *call, const struct created *created)
{
    static const char *const harmless[] = {
        "fchmod", "fchown",          "fstat",     "close",  "fclose", "fsync",     "fileno",
        "flock",  "fcntl",           "setvbuf",   "lseek",  "isatty", "ftruncate", "fallocate",
        "fdopen", "posix_fallocate", "fdatasync", "setbuf", "lockf",  NULL};
    if (call->kind != I_CALL || call->deferred ||
        (call->callee && (word_in(call->callee, harmless) || name_releases(call->callee) == 2)))
        return false;
    for (int i = 0; i < call->arg_count; i++)
        if (call->args[i].kind == O_PLACE && is_file(created, call->args[i].place))
            return true;
    return false;
}

static void find_stream(const struct ir *ir, struct created *created)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && strcmp(instr->callee, "fdopen") == 0 &&
            instr->arg_count > 0 && instr->args[0].place == created->file)
            created->stream = instr->dst;
}

static int narrowed_after(const struct ir *ir, const struct created *created, int write)
{
    for (int i = 0; i < ir->code.count; i++)
        if (narrows(ir, &ir->code.at[i], created) && reaches(ir, write, i))
            return i;
    return -1;
}

static bool narrowed_before(const struct ir *ir, const struct created *created, int write)
{
    for (int i = 0; i < ir->code.count; i++)
        if (narrows(ir, &ir->code.at[i], created) && reaches(ir, created->instr, i) &&
            reaches(ir, i, write))
            return true;
    return false;
}

static void report(struct ir *ir, struct arena *arena, finding_vec *findings,
                   const struct created *created, int at)
{
    const struct instr *instr = &ir->code.at[at], *create = &ir->code.at[created->instr];
    struct finding *finding = finding_at(ir, arena, findings, "late-permissions", LEVEL_SURE,
                                         instr);
    finding->message =
        "the permissions are narrowed only after something was written: until then others can open the file";
    finding_note(arena, finding, create->line, create->column, "created here, readable by others");
    finding->advice = "create the file with open(…, O_CREAT | O_EXCL, 0600)";
}

static bool changes_umask(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && name_has(instr->callee, "umask"))
            return true;
    return false;
}

static void check_created(struct ir *ir, struct arena *arena, finding_vec *findings, int index)
{
    const struct instr *call = &ir->code.at[index];
    int name;
    long mode = created_mode(call, &name);
    if (mode < 0 || call->dst < 0 || name >= call->arg_count)
        return;
    struct created created = {
        .instr = index, .file = call->dst, .stream = -1, .name = &call->args[name], .mode = mode};
    find_stream(ir, &created);
    for (int i = 0; i < ir->code.count; i++) {
        if (!writes(&ir->code.at[i], &created) || !reaches(ir, index, i))
            continue;
        int at = narrowed_after(ir, &created, i);
        if (at >= 0 && !narrowed_before(ir, &created, i)) {
            report(ir, arena, findings, &created, at);
            return;
        }
    }
}

static bool narrows_somewhere(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee &&
            (strcmp(instr->callee, "chmod") == 0 || strcmp(instr->callee, "fchmod") == 0))
            return true;
    return false;
}

void check_modes(struct ir *ir, struct arena *arena, finding_vec *findings)
{
    if (!narrows_somewhere(ir) || changes_umask(ir))
        return;
    for (int i = 0; i < ir->code.count; i++)
        if (ir->code.at[i].kind == I_CALL)
            check_created(ir, arena, findings, i);
}
