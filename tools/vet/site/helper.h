/* Functions of the file that complete a pair, or unlock a lock, for their caller. */
#ifndef VET_HELPER_H
#define VET_HELPER_H

#include "site.h"

struct knowledge;

/* static void leave(struct s *s) { unlock(&s->lock); }: which of its calls ends, for this call, what `acquire` began on `place`
 * (or on nothing, -1)? NULL: none. */
const struct instr *helper_release(const struct knowledge *knowledge, const struct ir *ir,
                                   const struct instr *call, const char *acquire, bool lock,
                                   int place);

/* Does it, before anything else that it does with this lock, take it by `lock`? */
bool helper_locks(const struct knowledge *knowledge, const struct ir *ir, const struct instr *call,
                  const char *lock, int place);

/* Does the called function of the file complete such a pair of anything? */
bool helper_completes(const struct knowledge *knowledge, const struct ir *ir,
                      const struct instr *call, const char *acquire, bool lock);

#endif
