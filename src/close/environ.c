/* Changing an environment variable for a while. */
#define _GNU_SOURCE
#include <lifoguard/close.h>
#include <lifoguard/environ.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Name and value in one block. */
static lg_error *remember(const char *name, lg_env_saved *saved)
{
    const char *value = getenv(name);
    size_t name_size = strlen(name) + 1;
    size_t value_size = value ? strlen(value) + 1 : 0;
    char *block = malloc(name_size + value_size);
    if (!block)
        return lg_error_wrap(&lg_error_out_of_memory, "set variable %s", name);
    saved->lgi_name = memcpy(block, name, name_size);
    if (value)
        saved->lgi_value = memcpy(block + name_size, value, value_size);
    return NULL;
}

static void forget(lg_env_saved *saved)
{
    free(saved->lgi_name);
    *saved = (lg_env_saved){NULL, NULL};
}

static int put(const char *name, const char *value)
{
    return value ? setenv(name, value, 1) : unsetenv(name);
}

lg_error *lg_env_set(const char *name, const char *value, lg_env_saved *saved)
{
    *saved = (lg_env_saved){NULL, NULL};
    lg_error *err = remember(name, saved);
    if (err)
        return err;
    if (put(name, value) != 0) {
        err = lg_error_new_errno("set variable %s", name);
        forget(saved);
    }
    return err;
}

void lg_env_restore(lg_env_saved *saved, lg_error **result)
{
    if (!saved || !saved->lgi_name)
        return;
    int saved_errno = errno;
    if (put(saved->lgi_name, saved->lgi_value) != 0)
        lg_error_join_into(result, lg_error_new_errno("restore variable %s", saved->lgi_name));
    forget(saved);
    errno = saved_errno;
}
