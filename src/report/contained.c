/* Calls whose panic becomes an error. */
#include <lifoguard/panic.h>

#include "defer/call.h"
#include "defer/unwinding.h"
#include "report/capture.h"

LGI_JUMPS_BEGIN

struct contained {
    const struct lgi_site *site;
    lgi_function function;
    const uintptr_t *words;
    bool returns_error;
    lg_error *error;
};

static void make(struct contained *call)
{
    if (!call->function)
        lgi_null_function(call->site);
    if (call->returns_error)
        call->error = lgi_make_call_reporting(call->function, call->words, call->site->count);
    else
        lgi_make_call(call->function, call->words, call->site->count);
}

lg_error *lgi_call_contained(const struct lgi_site *site, lgi_function function,
                             const uintptr_t *words, bool returns_error)
{
    struct contained call = {site, function, words, returns_error, NULL};
    const uintptr_t argument = (uintptr_t)&call;
    struct lgi_unwinding *stopped;

    if (!lgi_call_catching(NULL, (lgi_function)make, &argument, 1, &stopped))
        return call.error;
    lg_panic_info *panic = stopped->panic;
    stopped->panic = NULL;
    if (stopped->leaving !=
        LGI_NOT_LEAVING) { /* and a panic in what it has deferred is stopped (P6) */
        lgi_panic_free(panic);
        lgi_resume_leaving(stopped);
    }
    lgi_unwinding_free(stopped);
    return lgi_panic_capture(panic);
}

LGI_JUMPS_END
