/* Linearizability: could the operations that several goroutines did at the same time have been done one after the
 * other, each at some moment between its call and its return, by a plain sequential model? Found out by trying all
 * orders that the calls and returns allow, without going into the same situation twice. */
#ifndef LG_TESTS_LINEAR_H
#define LG_TESTS_LINEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINEAR_MOST = 64 }; /* operations in a history */

struct linear_times {
    uint64_t called, returned; /* from linear_now */
};

struct linear_model {
    size_t state_size; /* of plain bytes: equal states are equal bytes. It begins as all zero */
    /* Does the operation to the state; false: the model cannot do that, with this result, now. */
    bool (*step)(void *state, size_t operation);
    /* The same for two that are done in one moment; NULL: there are none. */
    bool (*meet)(void *state, size_t first, size_t second);
};

/* The next moment. Never the same twice. */
uint64_t linear_now(void);

/* True: it could. */
bool linear_check(const struct linear_model *model, const struct linear_times *times, size_t count);

/* Runs round(number) again and again, for some seconds, but at least a few times. */
void linear_rounds(void (*round)(unsigned number));

/* ---- chance, the same for each start ---- */

struct linear_random {
    uint64_t state;
};
unsigned linear_below(struct linear_random *random, unsigned limit);

#endif
