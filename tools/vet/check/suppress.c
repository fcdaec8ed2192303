#define _GNU_SOURCE
/* `// lifoguard-vet: allow CHECK: reason` on the line of a finding, or alone on the line before it. */
#include "check.h"

#include <ctype.h>
#include <string.h>

static const char *skip_space(const char *at, const char *end)
{
    while (at < end && isspace((unsigned char)*at))
        at++;
    return at;
}

/* What stands after `allow CHECK`; NULL if the comment is not about this check. */
static const char *after_allow(const struct remark *remark, const char *check)
{
    const char *end = remark->text + remark->length;
    const char *at = memmem(remark->text, (size_t)remark->length, "lifoguard-vet:", 14);
    at = skip_space(at + 14, end);
    if (end - at < 5 || strncmp(at, "allow", 5) != 0)
        return NULL;
    at = skip_space(at + 5, end);
    size_t length = strlen(check);
    if ((size_t)(end - at) < length || strncmp(at, check, length) != 0)
        return NULL;
    at += length;
    return at < end && (isalnum((unsigned char)*at) || *at == '-') ? NULL : at;
}

/* `: reason`; NULL if there is none. */
static const char *reason_at(struct unit *unit, const struct remark *remark, const char *at)
{
    const char *end = remark->text + remark->length;
    at = skip_space(at, end);
    if (at >= end || *at != ':')
        return NULL;
    at = skip_space(at + 1, end);
    while (end > at && (isspace((unsigned char)end[-1]) || end[-1] == '*' || end[-1] == '/'))
        end--;
    return end > at ? arena_copy(&unit->arena, at, (size_t)(end - at)) : NULL;
}

void suppress(struct unit *unit, finding_vec *findings)
{
    EACH (remark, &unit->lexed.remarks)
        EACH (finding, findings) {
            if (finding->suppressed ||
                (finding->line != remark->line && finding->line != remark->line + 1))
                continue;
            const char *after = after_allow(remark, finding->check);
            if (!after)
                continue;
            finding->suppressed = reason_at(unit, remark, after);
            if (!finding->suppressed)
                finding_note(&unit->arena, finding, remark->line, 1,
                             "this comment allows nothing without a reason: `allow %s: REASON`",
                             finding->check);
        }
}
