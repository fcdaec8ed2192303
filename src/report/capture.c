#include "report/capture.h"

#include <stdlib.h>

#include "error/error_internal.h"
#include "report/hooks.h"
#include "report/trace.h"

struct captured {
    lg_panic_info
        *panic; /* with the previous ones; allocated, since the pool is for panics under way */
    char who[256];
};

static void destroy(void *payload)
{
    struct captured *captured = payload;
    lgi_panic_free(captured->panic);
    free(captured);
}

static void print(const void *payload, FILE *file, int indent)
{
    const struct captured *captured = payload;
    struct lgi_stream to = lgi_stream(file, indent);
    if (captured->panic->previous || captured->panic->abandoned)
        lgi_print_panics(&to.sink, captured->panic);
    if (captured->who[0])
        lgi_print(&to.sink, "in %s\n", captured->who);
    lgi_print_calls(&to.sink, captured->panic);
    lgi_print_overruns(&to.sink, captured->panic);
    lgi_print_stack(&to.sink, captured->panic);
}

const lg_error_kind lg_panic_kind = {.name = "panic", .free = destroy, .print = print};

/* Copies the chain, as far as there is memory. The copies own the errors. */
static lg_panic_info *keep(lg_panic_info *panic)
{
    lg_panic_info *first = NULL, **end = &first;
    for (; panic; panic = panic->previous) {
        lg_panic_info *copy = malloc(sizeof(*copy));
        if (!copy)
            break;
        *copy = *panic;
        panic->error = panic->abandoned = NULL;
        copy->previous = NULL;
        *end = copy;
        end = &copy->previous;
    }
    return first;
}

lg_error *lgi_panic_capture(lg_panic_info *panic)
{
    lg_error *cause = panic->error, *error;
    panic->error = NULL;
    struct captured *captured = calloc(1, sizeof(*captured));
    if (captured && !(captured->panic = keep(panic))) {
        free(captured);
        captured = NULL;
    }
    if (captured && lgi_report_hooks.describe)
        lgi_report_hooks.describe(captured->who, sizeof(captured->who));
    if (cause)
        error = lgi_error_wrap_kind(panic->file, (int)panic->line, cause, &lg_panic_kind, captured,
                                    "panic");
    else
        error = lgi_error_new_kind(panic->file, (int)panic->line, &lg_panic_kind, captured,
                                   "panic: %s", panic->message);
    lgi_panic_free(panic);
    return error;
}
