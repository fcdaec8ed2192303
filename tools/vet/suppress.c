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

/* Returns the reason, or NULL if the comment does not allow this check. */
static const char *reason_for(struct unit *unit, const struct remark *remark, const char *check)
{
    const char *end = remark->text + remark->length;
    const char *at = memmem(remark->text, (size_t)remark->length, "lifoguard-vet:", 14);
    at = skip_space(at + 14, end);
    if (end - at < 5 || strncmp(at, "allow", 5) != 0)
        return NULL;
    at = skip_space(at + 5, end);
    size_t length = strlen(check);
    if ((size_t)(end - at) <= length || strncmp(at, check, length) != 0 || at[length] != ':')
        return NULL;
    at = skip_space(at + length + 1, end);
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
            finding->suppressed = reason_for(unit, remark, finding->check);
        }
}
