#define _GNU_SOURCE
#include "secrecy.h"

#include "buffer.h"

#include <ctype.h>
#include <fnmatch.h>
#include <lifoguard/defer.h>
#include <stdlib.h>
#include <string.h>

static secrecy_names *further;

void secrecy_add_names(secrecy_names *also)
{
    further = also;
}

void secrecy_add(const char *names)
{
    const char *before = getenv(SECRECY_VARIABLE);
    struct buffer all = {0};
    lg_defer(buffer_free, &all);
    buffer_format(&all, "%s%s%s", before ? before : "", before && *before ? "," : "", names);
    setenv(SECRECY_VARIABLE, all.text, 1);
}

static bool says_so(const char *name, size_t length)
{
    static const char *const parts[] = {"SECRET",  "TOKEN",   "PASSWORD", "PASSWD", "PASSPHRASE",
                                        "CREDENT", "PRIVATE", "API_KEY",  "APIKEY", "ACCESS_KEY"};
    static const char end[] = "_PAT"; /* a personal access token */
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strstr(name, parts[i]))
            return true;
    return length >= strlen(end) && strcmp(name + length - strlen(end), end) == 0;
}

/* "A,B_*", which the user may have written with blanks. */
static bool is_listed(const char *name, const char *list)
{
    char *patterns = need_copy(list, strlen(list)), *rest = NULL;
    lg_defer(free, patterns);
    for (const char *pattern = strtok_r(patterns, ", ", &rest); pattern;
         pattern = strtok_r(NULL, ", ", &rest))
        if (fnmatch(pattern, name, 0) == 0)
            return true;
    return false;
}

const char *secrecy_password(const char *value, size_t *length)
{
    const char *user = strstr(value, "://");
    if (!user)
        return NULL;
    user += strlen("://");
    /* A password may have an @ in it that should have been %40: the last one counts. */
    size_t place = strcspn(user, "/?# \t\n");
    const char *at = memrchr(user, '@', place);
    const char *colon = at ? memchr(user, ':', (size_t)(at - user)) : NULL;
    if (!colon || colon + 1 == at)
        return NULL;
    *length = (size_t)(at - colon - 1);
    return colon + 1;
}

bool secrecy_covers(const char *assignment)
{
    char name[128], upper[128];
    size_t whole = strcspn(assignment, "="), length = whole;
    if (length >= sizeof(name))
        length = sizeof(name) - 1;
    for (size_t i = 0; i < length; i++)
        upper[i] = (char)toupper((unsigned char)(name[i] = assignment[i]));
    name[length] = upper[length] = '\0';
    const char *list = getenv(SECRECY_VARIABLE);
    size_t size;
    return says_so(upper, length) || (list && is_listed(name, list)) ||
           (assignment[whole] && secrecy_password(assignment + whole + 1, &size)) ||
           (further && further(assignment, whole));
}
