/* What the tests of nested panics share. */
#ifndef LGI_TESTING_NESTED_H
#define LGI_TESTING_NESTED_H

#include "testing/memory.h"
#include "testing/test.h"

__attribute__((unused)) static void panics_below(int depth, int kind)
{
    lg_scope(scope);
    lg_defer_in(&scope, note_number, depth);
    if (depth > 0)
        panics_below(depth - 1, kind);
    else if (kind == 0)
        lg_panic("%s %d%%", "text", 5);
    else
        lg_panic_with_pointer(&kind);
}

__attribute__((unused)) static void catches(int depth, int kind)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        panics_below(depth, kind);
    }
}

__attribute__((unused)) static void chain(lg_panic_info *panic)
{
    for (const lg_panic_info *p = panic; p; p = lg_panic_previous(p))
        note(lg_panic_message(p));
    lg_recover(panic);
}

#endif
