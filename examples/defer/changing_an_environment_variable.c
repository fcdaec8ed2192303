/* An environment variable that is set for a while, and is afterwards as it was before: set or not set.
 *
 * The environment belongs to the whole process, and C has no lock for it: no other thread may read or change it
 * meanwhile (getenv, setenv, and what calls them). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lifoguard/lifoguard.h>

static int put(const char *name, const char *value)
{
    return value ? setenv(name, value, 1) : unsetenv(name);
}

/* Takes over `before`, which is NULL if the variable was not set. */
static void restore(const char *name, char *before, lg_error **result)
{
    if (put(name, before) != 0)
        lg_error_join_into(result, lg_error_new_errno("restore variable %s", name));
    free(before);
}

static void show(const char *when)
{
    const char *value = getenv("GREETING");
    printf("%s: %s\n", when, value ? value : "not set");
}

static lg_error *greet(const char *greeting)
{
    lg_func (lg_error *, err) {
        const char *value = getenv("GREETING");
        char *before = value ? strdup(value) : NULL;
        if (value && !before)
            lg_return(&lg_error_out_of_memory);
        lg_defer(restore, "GREETING", before, &err);
        if (put("GREETING", greeting) != 0)
            lg_return(lg_error_new_errno("set variable GREETING"));
        show("meanwhile");
        lg_return(NULL);
    }
}

int main(void)
{
    lg_func (int, status) {
        unsetenv("GREETING");
        lg_error *err = greet("hello");
        show("afterwards");
        setenv("GREETING", "welcome", 1);
        err = lg_error_join(err, greet("goodbye"));
        show("afterwards");
        lg_error_print(err, stdout);
        lg_error_free(err);
        lg_return(0);
    }
}
