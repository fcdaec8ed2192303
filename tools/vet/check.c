#include "check.h"

#include "headers.h"
#include "knowledge.h"
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_FUNCTION 40000 /* statements */

static void check_sites(struct ir *ir, struct knowledge *knowledge, finding_vec *findings)
{
    site_vec sites = {0};
    sites_find(ir, &sites, knowledge);
    EACH (site, &sites) {
        if (site->acquisitions.count == 0)
            continue;
        struct arena arena = {0};
        struct simulation simulation = {
            .ir = ir, .arena = &arena, .site = site, .parameter = -1, .knowledge = knowledge};
        simulate(&simulation);
        judge_site(&simulation, ir->arena, findings);
        arena_free(&arena);
    }
}

static void check_function(struct ir *ir, struct knowledge *knowledge, finding_vec *findings)
{
    if (ir->code.count > LARGEST_FUNCTION)
        return;
    check_sites(ir, knowledge, findings);
    check_cleanup_attributes(ir, ir->arena, findings);
    check_close_errors(ir, ir->arena, findings);
    check_orders(ir, ir->arena, findings);
    check_syntax(ir, ir->arena, findings);
    check_armed(ir, knowledge, ir->arena, findings);
    check_borrowed(ir, ir->arena, findings);
    check_dangling(ir, knowledge, ir->arena, findings);
}

static int by_line(const void *a, const void *b)
{
    const struct finding *one = a, *other = b;
    if (one->line != other->line)
        return one->line < other->line ? -1 : 1;
    return one->column != other->column ? (one->column < other->column ? -1 : 1)
                                        : strcmp(one->check, other->check);
}

static bool listed(const char *name, const char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static bool wanted(const struct options *options, const struct finding *finding)
{
    if (listed(finding->check, options->without.at, options->without.count))
        return false;
    if (options->only.count > 0 && !listed(finding->check, options->only.at, options->only.count))
        return false;
    return options->all || finding->level != LEVEL_ALL;
}

/* The key of the baseline: what is said where, without lines. */
static void set_keys(finding_vec *findings)
{
    EACH (finding, findings) {
        const char *parts[] = {finding->check, finding->function ? finding->function : "",
                               finding->message};
        uint64_t key = HASH_START;
        for (int i = 0; i < 3; i++)
            key = hash_bytes(key, parts[i], strlen(parts[i]) + 1);
        int same = 0;
        for (struct finding *before = findings->at; before < finding; before++)
            same += before->check == finding->check && before->function == finding->function &&
                    strcmp(before->message, finding->message) == 0;
        finding->key = hash_bytes(key, &same, sizeof same);
    }
}

void check_unit(struct unit *unit, const struct options *options, finding_vec *findings)
{
    finding_vec raw = {0};
    struct knowledge knowledge;
    parse_unit(unit);
    knowledge_gather(&knowledge, unit);
    EACH (ir, &knowledge.irs)
        check_function(ir, &knowledge, &raw);
    knowledge_free(&knowledge);
    if (raw.count > 1)
        qsort(raw.at, (size_t)raw.count, sizeof *raw.at, by_line);
    EACH (finding, &raw)
        if (wanted(options, finding))
            *ADD(&unit->arena, findings) = *finding;
    set_keys(findings);
    suppress(unit, findings);
}
