/* Making deferred calls. */
#ifndef LGI_DEFER_CALL_H
#define LGI_DEFER_CALL_H

#include "defer/opaque.h"
#include "defer/record.h"

struct lgi_unwinding;

/* Makes a deferred call from its words. */
#if defined(__clang__)
/* The function's type is not known here; that its parameters are words was checked where it was deferred. */
__attribute__((no_sanitize("function", "cfi")))
#endif
static inline void lgi_make_call(lgi_function function, const uintptr_t *w, unsigned count)
{
    typedef uintptr_t word;
    function = lgi_opaque(function);
    // NOLINTBEGIN(clang-analyzer-security.ArrayBound): `w` has `count` words, behind the record
    /* Most have one, and a test is cheaper than the switch's jump. */
    if (__builtin_expect(count == 1, 1)) {
        ((void (*)(word))function)(w[0]);
        return;
    }
    switch (count) {
    case 0: ((void (*)(void))function)(); break;
    case 2: ((void (*)(word, word))function)(w[0], w[1]); break;
    case 3: ((void (*)(word, word, word))function)(w[0], w[1], w[2]); break;
    case 4: ((void (*)(word, word, word, word))function)(w[0], w[1], w[2], w[3]); break;
    default: /* five: a panic goes first */
        ((void (*)(word, word, word, word, word))function)(w[0], w[1], w[2], w[3], w[4]);
        break;
    }
    // NOLINTEND(clang-analyzer-security.ArrayBound)
}

/* Makes the call of a function that returns an error, with at most five arguments. */
lg_error *lgi_make_call_reporting(lgi_function function, const uintptr_t *w, unsigned count);

/* Makes the call while `unwinding` goes through the caller's frame, and lets no panic out: a new panic replaces the one in
 * flight (P4). The panic is the first argument, if the site is a recovering one. */
void lgi_call_unwinding(struct lgi_unwinding *unwinding, const struct lgi_site *site,
                        lgi_function function, const uintptr_t *word);

/* Makes the call, for `unwinding` or, if that is NULL, while nothing unwinds the caller. True: the call was left by an
 * unwinding, which is then in *stopped. */
bool lgi_call_catching(struct lgi_unwinding *unwinding, lgi_function function,
                       const uintptr_t *word, unsigned count, struct lgi_unwinding **stopped);

/* Makes a contained call, for the unwinding that goes through its frame, or NULL. */
void lgi_contain_unwinding(struct lgi_unwinding *unwinding, const struct lgi_record *record);
void lgi_contain_call(struct lgi_unwinding *unwinding, struct lgi_frame *frame,
                      const struct lgi_site *site, lgi_function function, const uintptr_t *word);

/* limited.c: in the child after a fork, none of the calls with a limit runs. */
void lgi_limited_forked(void);

#endif
