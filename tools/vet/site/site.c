/* The places of a function that hold a resource: which calls acquire it? */
#include "site_parts.h"

#include "knowledge.h"
#include "names.h"

#include <ctype.h>
#include <string.h>

bool tracked(const struct ir *ir, int place)
{
    if (place < 0)
        return false;
    const struct place *at = &ir->places.at[place];
    if (at->kind == P_LOCAL)
        return true;
    if (at->kind != P_PART || at->through || !at->text)
        return false;
    for (const char *index = strchr(at->text, '['); index; index = strchr(index + 1, '['))
        if (!isdigit((unsigned char)index[1]))
            return false;
    return ir->places.at[at->root].kind == P_LOCAL;
}

/* A temporary that is copied to a variable at once stands for it. */
struct site *site_at(struct ir *ir, site_vec *sites, int place)
{
    EACH (site, sites)
        if (site->place == place)
            return site;
    struct site *site = ADD(ir->arena, sites);
    site->place = place;
    site->resource = R_OBJECT;
    return site;
}

static bool is_number_type(const char *word)
{
    static const char *const parts[] = {"int32", "INT", "int_t",  "status", "Status", "_rc",
                                        "_RC",   "err", "size_t", "enum",   "_code",  NULL};
    for (const char *const *part = parts; *part; part++)
        if (strstr(word, *part))
            return true;
    return false;
}

/* A number is no resource, unless it is closed. */
bool is_number(const struct ir *ir, int place)
{
    static const char *const words[] = {"int",      "size_t",  "ssize_t",  "bool",     "long",
                                        "unsigned", "uint8_t", "uint16_t", "uint32_t", "uint64_t",
                                        "gboolean", "char",    "off_t",    "time_t",   "pid_t",
                                        "gsize",    "guint",   "gint",     "int32_t",  "int64_t",
                                        "u32",      "u64",     "u16",      "u8",       NULL};
    const struct place *at = &ir->places.at[place];
    if (!at->decl || at->decl->type.stars > 0)
        return false;
    for (int i = 0; i < at->decl->type.count; i++)
        if (word_in(at->decl->type.words[i], words) || is_number_type(at->decl->type.words[i]))
            return true;
    return false;
}

/* pipe(ends) fails by what is not zero, whatever the function does then. */
static struct failing failing_known_status(const struct ir *ir, int index, int place)
{
    static const char *const names[] = {"pipe",       "pipe2",   "socketpair",     "getaddrinfo",
                                        "getifaddrs", "regcomp", "posix_memalign", "glob",
                                        "wordexp",    NULL};
    struct failing failing = failing_status(ir, index, ir->code.at[index].dst, place);
    bool zero = failing.right.kind == O_NUMBER && failing.right.number == 0;
    if (zero && (failing.sign == S2('!', '=') || failing.sign == S2('=', '=')) &&
        word_in(ir->code.at[index].callee, names))
        failing.truth = failing.sign == S2('!', '=');
    if (failing.tested && failing.right.kind == O_SYMBOL &&
        word_in(ir->code.at[index].callee, names)) { /* r == REG_ESPACE is one failure of several */
        failing.sign = S2('!', '=');
        failing.right = (struct operand){.kind = O_NUMBER, .place = -1};
        failing.truth = true;
    }
    return failing;
}

static void add_known(struct ir *ir, site_vec *sites, int index, const struct acquirer *acquirer)
{
    struct instr *instr = &ir->code.at[index];
    int place = instr->dst, holder = instr->dst;
    if (acquirer->argument >= 0) {
        if (acquirer->argument >= instr->arg_count)
            return;
        place = holder = instr->args[acquirer->argument].place;
        if (instr->args[acquirer->argument].kind == O_PLACE && place >= 0 &&
            place_is_pointer(ir, place) && !place_is_array(ir, place))
            return; /* timer_create(clock, &event, timer): where the pointer leads to */
        if (acquirer->resource == R_OBJECT && place >= 0 && place_is_array(ir, place) &&
            ir->places.at[place].decl && ir->places.at[place].decl->type.stars == 0)
            return; /* request_firmware(name), of another library than &firmware */
    } else {
        place = place_variable(ir, index, place);
        if (place >= 0 && acquirer->resource != R_DESCRIPTOR && is_number(ir, place)) {
            /* r = fopen_unlocked(name, "re", &f): a variant that returns a status. */
            const struct operand *last = &instr->args[instr->arg_count - 1];
            if (instr->arg_count == 0 || last->kind != O_ADDRESS)
                return;
            struct acquirer variant = *acquirer;
            variant.argument = instr->arg_count - 1;
            variant.failure = FAILS_STATUS;
            add_known(ir, sites, index, &variant);
            return;
        }
    }
    bool passed_on = acquirer->resource == R_CONTEXT && place >= 0 && acquirer->argument < 0 &&
                     ir->places.at[place].kind == P_TEMPORARY; /* ask(lg_context_with_…(…)) */
    if (!tracked(ir, place) && !passed_on)
        return;
    struct site *site = site_at(ir, sites, place);
    if (!site->known)
        site->resource = acquirer->resource;
    site->known = true;
    if (!site->release)
        site->release = library_release(instr->callee);
    if (site->release && acquirer->argument >= 0 && library_releases_struct(site->release))
        site->by_address = true;
    struct acquisition *acquisition = ADD(ir->arena, &site->acquisitions);
    *acquisition = (struct acquisition){index, holder, {0}, true, 2, false};
    if (acquirer->argument < 0)
        acquisition->failing = failing_value(ir, index, holder, acquirer->failure);
    else if (acquirer->failure == FAILS_RESULT_NULL)
        acquisition->failing = failing_value(ir, index, instr->dst, FAILS_NULL);
    else if (acquirer->failure == FAILS_STATUS)
        acquisition->failing = failing_known_status(ir, index, place);
    bool mirrored;
    int status = instr->dst;
    if (acquirer->resource == R_CONTEXT && acquirer->argument >= 0 &&
        !first_test(ir, instr->next, &status, &mirrored))
        site->acquisitions.count--; /* nobody knows whether it failed */
}

/* mmap(address, …, MAP_FIXED, …) takes the place of a part of an older mapping. */
static bool maps_fixed(const struct ir *ir, const struct instr *call)
{
    if (strcmp(call->callee, "mmap") != 0 || call->arg_count < 4)
        return false;
    const struct operand *flags = &call->args[3];
    const char *text = flags->kind == O_SYMBOL  ? flags->text
                       : flags->kind == O_PLACE ? ir->places.at[flags->place].text
                                                : "";
    return strstr(text, "MAP_FIXED") != NULL;
}

/* realpath(name, buffer), BN_bin2bn(bytes, n, number): they return what they were passed. */
static bool fills_argument(const struct instr *call)
{
    int last = strcmp(call->callee, "realpath") == 0    ? 1
               : strcmp(call->callee, "BN_bin2bn") == 0 ? 2
                                                        : -1;
    return last >= 0 && call->arg_count == last + 1 &&
           !(call->args[last].kind == O_NUMBER && call->args[last].number == 0);
}

/* talloc_new(NULL): a context that belongs to no other. */
static const struct acquirer *context_of_its_own(const struct instr *call)
{
    static const struct acquirer context = {"", R_OBJECT, -1, FAILS_NULL};
    bool top = call->arg_count > 0 && call->args[0].kind == O_NUMBER && call->args[0].number == 0;
    return top &&
                   (strcmp(call->callee, "talloc") == 0 ||
                    strncmp(call->callee, "talloc_", 7) == 0) &&
                   name_releases(call->callee) == 0
               ? &context
               : NULL;
}

/* Behind the '%': the conversion's letters; `argument` is set to whether it takes one. Returns what comes after it. */
static const char *after_conversion(const char *at, bool *allocates, bool *argument)
{
    *allocates = false;
    *argument = *at != '%' && *at != '*';
    for (; *at && strchr("*'0123456789hlLjzqtm", *at); at++)
        *allocates |= *at == 'm';
    if (*at != '[')
        return *at ? at + 1 : at;
    at += at[1] == '^' ? 2 : 1; /* a ']' that comes first belongs to the set */
    const char *end = *at ? strchr(at + 1, ']') : NULL;
    return end ? end + 1 : at;
}

/* sscanf(line, "%ms %d", &name, &size) allocates the name. */
static void add_scanned(struct ir *ir, site_vec *sites, int index)
{
    static const char *const names[] = {"sscanf", "fscanf", "scanf", NULL};
    const struct instr *call = &ir->code.at[index];
    int format = strcmp(call->callee, "scanf") == 0 ? 0 : 1, argument = format + 1;
    if (!word_in(call->callee, names) || call->arg_count <= format ||
        call->args[format].kind != O_STRING)
        return;
    for (const char *at = strchr(call->args[format].text, '%'); at; at = strchr(at, '%')) {
        bool allocates, takes;
        at = after_conversion(at + 1, &allocates, &takes);
        struct acquirer acquirer = {"", R_MEMORY, argument, FAILS_STATUS};
        if (takes && allocates)
            add_known(ir, sites, index, &acquirer);
        argument += takes;
    }
}

/* req = tevent_req_create(mem_ctx, &state, struct fetch_state): the request owns its state, and what is made in that. */
static bool is_of_request(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee &&
            (strncmp(instr->callee, "tevent_req_", 11) == 0 ||
             strncmp(instr->callee, "talloc_", 7) == 0))
            return true;
    return false;
}

/* ldb_dn_new(tmp_ctx, …): such a memory context releases what was made in it. */
static bool is_in_context(const struct ir *ir, const struct instr *call)
{
    if (call->arg_count == 0 || call->args[0].kind != O_PLACE)
        return false;
    const struct place *context = &ir->places.at[call->args[0].place];
    const struct type *type = context->decl        ? &context->decl->type
                              : context->parameter ? &context->parameter->type
                                                   : NULL;
    if (type && type->count > 0 && strcmp(type->words[type->count - 1], "TALLOC_CTX") == 0)
        return true;
    if (strcmp(context->text, "state") == 0)
        return is_of_request(ir); /* fetch_send(state, …) */
    return name_has(context->text, "ctx") &&
           (name_has(context->text, "mem") || name_has(context->text, "tmp"));
}

/* apr_file_open(&file, name, flags, permissions, pool): what has been made in a pool ends with the pool. */
static bool is_in_pool(const struct ir *ir, const struct instr *call)
{
    for (int i = 0; i < call->arg_count; i++) {
        const struct place *place = call->args[i].kind == O_PLACE
                                        ? &ir->places.at[call->args[i].place]
                                        : NULL;
        const struct type *type = !place             ? NULL
                                  : place->decl      ? &place->decl->type
                                  : place->parameter ? &place->parameter->type
                                                     : NULL;
        if (type && type->stars == 1 && type->count > 0 &&
            ((i > 0 && name_ends_with(type->words[type->count - 1], "pool_t")) ||
             strcmp(type->words[type->count - 1], "pool") == 0))
            return true;
    }
    return strncmp(call->callee, "apr_", 4) == 0;
}

/* container_of(x, struct box, part), or a macro that is made of it. */
static bool finds_container(const struct ir *ir, const char *callee)
{
    const struct macro *macro = macros_find(&ir->unit->macros, callee);
    return name_has(callee, "container") || strstr(callee, "containerof") ||
           (macro && (macro_calls(macro, "container_of") || macro_calls(macro, "offsetof")));
}

static void find_acquisitions(struct ir *ir, site_vec *sites, int index,
                              struct knowledge *knowledge)
{
    const char *callee = ir->code.at[index].callee;
    const struct expr *expr = ir->code.at[index].expr;
    bool method = expr && expr->kind == E_CALL && expr->a && expr->a->kind == E_MEMBER;
    const struct acquirer *acquirer = method ? NULL : model_acquirer(callee),
                          *more = method ? NULL : model_acquirer_more(callee);
    if (!acquirer && !method && !(knowledge && knowledge_lends(knowledge, &ir->code.at[index])))
        acquirer = descriptor_wrapper(ir, index);
    if (!acquirer)
        acquirer = context_of_its_own(&ir->code.at[index]);
    bool lent = knowledge && knowledge_nobody_releases(knowledge, callee);
    if (lent && acquirer && model_allocates(callee))
        return; /* text = t_strdup(name): an arena has it */
    if (maps_fixed(ir, &ir->code.at[index]) || fills_argument(&ir->code.at[index]))
        return;
    if (more)
        add_known(ir, sites, index, more);
    if (!method)
        add_scanned(ir, sites, index);
    if (acquirer) {
        add_known(ir, sites, index, acquirer);
        return;
    }
    if (is_in_context(ir, &ir->code.at[index]) || is_in_pool(ir, &ir->code.at[index]) ||
        finds_container(ir, callee))
        return;
    bool lends = knowledge && knowledge_lends(knowledge, &ir->code.at[index]);
    add_inferred(ir, sites, index, lends);
    if (!knowledge || lends || lent)
        return;
    add_mined(ir, sites, index, knowledge);
    add_typed(ir, sites, index, knowledge);
    add_owned(ir, sites, index, knowledge);
}

/* Module_AutoMemory(ctx): what is not released at the end is released by others. */
static bool releases_itself(const struct ir *ir)
{
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee &&
            (strstr(instr->callee, "AutoMemory") || strstr(instr->callee, "auto_memory") ||
             strstr(instr->callee, "autorelease")))
            return true;
    return false;
}

void sites_find(struct ir *ir, site_vec *sites, struct knowledge *knowledge)
{
    if (releases_itself(ir))
        return;
    mark_released(ir, sites);
    mark_siblings(ir, sites);
    for (int i = 0; i < ir->code.count; i++)
        if (ir->code.at[i].kind == I_CALL && !ir->code.at[i].implicit && ir->code.at[i].callee)
            find_acquisitions(ir, sites, i, knowledge);
    find_pairs(ir, sites, knowledge);
    find_temporaries(ir, sites);
    find_tasks(ir, sites);
    find_cleaned(ir, sites);
    sites_find_errors(ir, sites);
    sites_split_pairs(ir, sites);
}
