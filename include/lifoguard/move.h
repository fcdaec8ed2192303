/* Moving deferred calls to another owner: the calls of a scope are moved to another scope, or to an object that outlives the
 * block (D17).
 *
 *     struct server {
 *         lg_cleanups cleanups;        // zero: holds nothing
 *         …
 *     };
 *
 *     lg_error *server_new(struct server **result)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_scope(undo);                                        // if the function fails half-way
 *             struct server *server = lg_adopt(&undo, calloc(1, sizeof(*server)), free);
 *             …                                                      // each step adopts into `undo`
 *             lg_move(&undo, &server->cleanups);                     // the server is whole, and owns everything
 *             *result = server;
 *         }
 *     }
 *
 *     void server_free(struct server *server)
 *     {
 *         lg_cleanups_run(&server->cleanups);                        // the last call frees the server itself
 *     }
 *
 * Moving:
 *   - All calls are moved at once, in their order, on top of the calls that the receiver holds. The giver keeps no call, and
 *     can be used again.
 *   - Moving needs no memory, unless the receiver has no room left for the giver's first eight calls. If that memory is not
 *     available, lg_move panics, and everything stays where it was.
 *   - While a call of the giver runs, the calls that have not run yet can be moved. To a receiver whose calls are being
 *     run, the moved calls are the next to run. Moving to the giver itself does nothing.
 *   - An object that a moved call uses by pointer must live as long as the new owner.
 *   - An lg_deferred * of a moved call must not be used any more.
 *   - lg_pending_visit lists moved calls where the new owner's calls stand.
 *
 * Threads: the calls of a scope belong to the goroutine or thread that declared the scope; lg_move panics if the caller moves
 * calls out of or into the scope of another goroutine or thread. An lg_cleanups belongs to no thread: one thread at a time may
 * use an lg_cleanups, and the calls run on the thread that calls lg_cleanups_run. So an lg_cleanups can carry calls from one
 * thread to another thread.
 */
#ifndef LIFOGUARD_MOVE_H
#define LIFOGUARD_MOVE_H

#include <lifoguard/defer.h>

LG_BEGIN_DECLS

/* lg_cleanups: deferred calls that an object holds. All bytes zero: it holds nothing, so calloc, static storage and
 * `= {0}` need no further initialisation. lg_defer_in and lg_adopt take the address of an lg_cleanups as they take that of a
 * scope. Nothing runs by itself: the owner calls lg_cleanups_run. Never copy or move the memory of an lg_cleanups that holds
 * calls. */

/* Runs all calls, last registered first, as the end of a block with a scope does: if a call panics, the other calls still run.
 * `cleanups` is empty before the first call runs, so a call may free the object that holds the lg_cleanups. Does nothing for
 * NULL. */
LG_API void lg_cleanups_run(lg_cleanups *cleanups);

/* Removes all calls without running them. Here and in the functions below, `cleanups` must not be NULL. */
LG_API void lg_cleanups_dismiss(lg_cleanups *cleanups);

/* The number of calls. */
LG_API size_t lg_cleanups_count(const lg_cleanups *cleanups);

/* Like lg_pending_visit and lg_pending_print, for the calls of `cleanups`. */
LG_API size_t lg_cleanups_visit(const lg_cleanups *cleanups,
                                bool (*visit)(const lg_pending_call *call, void *data), void *data);
LG_API void lg_cleanups_print(const lg_cleanups *cleanups, FILE *stream);

LG_END_DECLS

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_move(from, to): moves all calls. Each of the two is an `lg_scope *` or an `lg_cleanups *`. */
#define lg_move(...)                                                                               \
    LGI_SEVENTH(__VA_ARGS__, LGI_MOVE_WRONG, LGI_MOVE_WRONG, LGI_MOVE_WRONG, LGI_MOVE_WRONG,       \
                LGI_MOVE, LGI_MOVE_WRONG, ~)(__VA_ARGS__)
#define LGI_MOVE(from, to)                                                                         \
    __extension__({                                                                                \
        LGI_OWNER(giver, from)                                                                     \
        LGI_OWNER(receiver, to)                                                                    \
        lgi_move(LGI_OWNED(giver), LGI_OWNED(receiver));                                           \
    })
#define LGI_MOVE_WRONG(...)                                                                        \
    __extension__({                                                                                \
        _Static_assert(                                                                            \
            0, "write lg_move(&from, &to): what holds the calls, and what is to hold them");       \
    })

#endif /* !__cplusplus */
#endif
