#include "once.h"

#include "base.h"

#include <string.h>

/* Each thread remembers its latest answers, in a table without chains: a new answer replaces an older one. */
#define ROOM 4096

struct answer {
    const char
        *name; /* as it was passed: where a name is not interned, another may stand there later */
    const char *text; /* the same name, interned */
    uintptr_t question;
    const void *found;
};

static struct answer *place_of(uintptr_t question, const char *name)
{
    static _Thread_local struct answer answers[ROOM];
    uint64_t mixed = ((uintptr_t)name ^ question * 31) * 0x9e3779b97f4a7c15u;
    return &answers[mixed >> 52];
}

static bool is_known(const struct answer *answer, uintptr_t question, const char *name)
{
    return answer->name == name && answer->question == question &&
           (answer->text == name || strcmp(answer->text, name) == 0);
}

static void remember(struct answer *answer, uintptr_t question, const char *name, const void *found)
{
    *answer = (struct answer){name, intern_string(name), question, found};
}

bool ask_once(ask_fn *ask, const char *name)
{
    static const char yes;
    struct answer *answer = place_of((uintptr_t)ask, name);
    if (!is_known(answer, (uintptr_t)ask, name))
        remember(answer, (uintptr_t)ask, name, ask(name) ? &yes : NULL);
    return answer->found != NULL;
}

const void *find_once(find_fn *find, const char *name)
{
    struct answer *answer = place_of((uintptr_t)find, name);
    if (!is_known(answer, (uintptr_t)find, name))
        remember(answer, (uintptr_t)find, name, find(name));
    return answer->found;
}
