/* What the tests of lg_move share. */
#ifndef LGI_TESTING_MOVE_H
#define LGI_TESTING_MOVE_H

#include "testing/memory.h"
#include "testing/test.h"

__attribute__((unused)) static void add(lg_scope *scope, int from, int to)
{
    for (int i = from; i < to; i++)
        lg_defer_in(scope, note_number, i);
}

__attribute__((unused)) static void expect_numbers(int from, int down_to)
{
    static char expected[sizeof(trace_text)];
    expected[0] = '\0';
    size_t used = 0;
    for (int i = from; i >= down_to; i--)
        used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%d", used ? " " : "",
                                 i);
    expect_trace(expected);
}

#endif
