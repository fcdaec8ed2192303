/* What a program outside this tree sees of Lifoguard: every form once, through the installed headers. */
#include <lifoguard/lifoguard.h>

#include <stdio.h>
#include <string.h>

static char trace[64];

static void note(const char *text)
{
    strncat(trace, text, sizeof(trace) - strlen(trace) - 1);
}

static void annotate(lg_error **error)
{
    *error = lg_error_wrap(*error, "work");
}

static lg_error *work(int steps)
{
    lg_func (lg_error *, error) {
        lg_defer(annotate, &error);
        lg_defer_block {
            note("b");
        }
        lg_scope(scope);
        for (int i = 0; i < steps; i++)
            lg_defer_in(&scope, note, "s");
        lg_deferred *const dismissed = lg_defer_in(&scope, note, "never");
        lg_deferred_dismiss(dismissed);
        lg_return(lg_error_new("disk full"));
    }
}

static void stop(lg_panic_info *panic, int *result)
{
    if (lg_recover(panic))
        *result = 42;
}

static int survive(void)
{
    lg_func_recovers (int, result) {
        lg_defer_recover(stop, &result);
        lg_defer(note, "p");
        lg_panic("nothing left of %d", 3);
    }
}

int main(void)
{
    lg_error *error = work(2);
    char text[64];
    lg_error_format(error, text, sizeof(text));
    lg_error_free(error);
    const int answer = survive();

    printf("%s, %s, %d\n", text, trace, answer);
    return strcmp(text, "work: disk full") != 0 || strcmp(trace, "ssbp") != 0 || answer != 42;
}
