#include "check.h"

#include "harness.h"
#include "headers.h"
#include "knowledge.h"
#include "neighbours.h"
#include "project.h"
#include "summarise.h"
#include "verdict.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_FUNCTION 40000  /* statements */
#define MOST_SITE_STEPS 1000000 /* of all resources of a function together */

static void check_sites(struct ir *ir, struct knowledge *knowledge, finding_vec *findings)
{
    site_vec sites = {0};
    long steps = 0;
    sites_find(ir, &sites, knowledge);
    EACH (site, &sites) {
        if (steps > MOST_SITE_STEPS)
            break;
        if (site->acquisitions.count == 0 || site->untold)
            continue;
        struct arena arena = {0};
        struct simulation simulation = {
            .ir = ir, .arena = &arena, .site = site, .parameter = -1, .knowledge = knowledge};
        simulate(&simulation);
        steps += simulation.steps;
        judge_site(&simulation, ir->arena, findings);
        arena_free(&arena);
    }
}

/* One mistake, one finding: a variable that is set again after its release was deferred is not a leak too, and what is
 * released too early is not used after its release too. */
static void drop_what_follows(const struct ir *ir, finding_vec *findings)
{
    static const char *const causes[] = {"defer-changed", "release-order", "cleanup-order", NULL};
    EACH (cause, findings)
        if (word_in(cause->check, causes) && cause->function == ir->function->name)
            EACH (other, findings)
                if (other->about && other->about == cause->about &&
                    other->function == cause->function && !word_in(other->check, causes))
                    other->level = LEVEL_NONE;
}

/* What a test has written is only for the test. */
static void excuse_tests(const struct ir *ir, finding_vec *findings)
{
    static const char *const checks[] = {"ignored-close-error", "temp-file", "late-permissions",
                                         NULL};
    if (!is_of_test(ir))
        return;
    EACH (finding, findings)
        if (finding->function == ir->function->name && word_in(finding->check, checks))
            finding->level = LEVEL_ALL;
}

static void check_function(struct ir *ir, struct knowledge *knowledge, finding_vec *findings)
{
    if (ir->code.count > LARGEST_FUNCTION)
        return;
    check_sites(ir, knowledge, findings);
    check_cleanup_attributes(ir, ir->arena, findings);
    check_close_errors(ir, ir->arena, findings);
    check_orders(ir, ir->arena, findings);
    check_after(ir, ir->arena, findings);
    check_stored_cleanups(ir, ir->arena, findings);
    check_unchecked(ir, ir->arena, findings);
    check_exits(ir, ir->arena, findings);
    check_gotos(ir, ir->arena, findings);
    check_defers(ir, ir->arena, findings);
    check_recovers(ir, ir->arena, findings);
    check_scopes(ir, ir->arena, findings);
    check_spawns(ir, ir->arena, findings);
    check_modes(ir, ir->arena, findings);
    check_release_order(ir, ir->arena, findings);
    drop_what_follows(ir, findings);
    excuse_tests(ir, findings);
    check_syntax(ir, ir->arena, findings);
    check_parameters(ir, knowledge, ir->arena, findings);
    check_discarded(ir, knowledge, ir->arena, findings);
    check_dropped(ir, ir->arena, findings);
    check_each(ir, ir->arena, findings);
    check_families(ir, ir->arena, findings);
    check_elements(ir, ir->arena, findings);
    check_on_error(ir, ir->arena, findings);
    check_entries(ir, ir->arena, findings);
    check_unwinds(ir, ir->arena, findings);
    check_members(ir, ir->arena, findings);
    check_streams(ir, knowledge, ir->arena, findings);
    check_mismatches(ir, ir->arena, findings);
    check_preconditions(ir, ir->arena, findings);
    check_overwritten(ir, ir->arena, findings);
    check_helpers(ir, knowledge, ir->arena, findings);
    check_relocks(ir, knowledge, ir->arena, findings);
    check_late_changes(ir, ir->arena, findings);
    check_teardowns(ir, ir->arena, findings);
    check_lifetimes(ir, ir->arena, findings);
    check_unflushed(ir, ir->arena, findings);
    check_forgotten_members(ir, knowledge, ir->arena, findings);
    check_shells(ir, knowledge, ir->arena, findings);
    check_temporary_names(ir, ir->arena, findings);
    check_commits(ir, ir->arena, findings);
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

/* The variable that the message begins with: 'name'. */
static size_t first_name(const char *message, const char **name)
{
    const char *open = strchr(message, '\''), *close = open ? strchr(open + 1, '\'') : NULL;
    *name = open;
    return close ? (size_t)(close - open) : 0;
}

/* Two checks have seen the same mistake. */
static bool same_mistake(const struct finding *a, const struct finding *b)
{
    const char *one, *other;
    if (a->line != b->line || strcmp(a->check, b->check) != 0 || a->function != b->function)
        return false;
    size_t length = first_name(a->message, &one);
    return length > 0 && length == first_name(b->message, &other) &&
           memcmp(one, other, length) == 0;
}

static bool said_before(const finding_vec *findings, const struct finding *finding)
{
    for (const struct finding *before = findings->at; before < finding; before++)
        if (before->level != LEVEL_NONE && before->level >= finding->level &&
            same_mistake(before, finding))
            return true;
    return false;
}

static bool wanted(const struct options *options, const struct finding *finding)
{
    if (listed(finding->check, options->without.at, options->without.count))
        return false;
    if (strcmp(finding->check, "lock-across-io") == 0 && options->only.count == 0)
        return false; /* only when it is asked for */
    if (options->only.count > 0 && !listed(finding->check, options->only.at, options->only.count))
        return false;
    return finding->level != LEVEL_NONE && (options->all || finding->level != LEVEL_ALL);
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
        finding->key = hash_bytes(key, &same, sizeof(same));
    }
}

void check_unit(struct unit *unit, const struct options *options, finding_vec *findings)
{
    finding_vec raw = {0};
    struct knowledge knowledge;
    parse_unit(unit);
    struct scope *scope = scope_new(neighbours_used() ? unit : NULL);
    knowledge_gather(&knowledge, unit, scope, &summarise_hooks);
    EACH (ir, &knowledge.irs)
        check_function(ir, &knowledge, &raw);
    knowledge_free(&knowledge);
    EACH (name, scope_used(scope))
        *ADD(&unit->arena, &unit->asked) = *name;
    scope_free(scope);
    if (raw.count > 1)
        qsort(raw.at, (size_t)raw.count, sizeof(*raw.at), by_line);
    EACH (finding, &raw)
        if (wanted(options, finding) && !said_before(&raw, finding))
            *ADD(&unit->arena, findings) = *finding;
    set_keys(findings);
    suppress(unit, findings);
}
