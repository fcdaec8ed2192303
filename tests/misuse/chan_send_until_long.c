// A compound literal of more values than the form takes apart.
// gcc: a compound literal of more than eight values stands in parentheses
// clang: a compound literal of more than eight values stands in parentheses
#include <lifoguard/lifoguard.h>

struct row {
    int cell[9];
};

lg_error *f(lg_chan(struct row) rows)
{
    return lg_chan_send_until(rows, (struct row){{1, 2, 3, 4, 5, 6, 7, 8, 9}}, lg_until_now());
}
