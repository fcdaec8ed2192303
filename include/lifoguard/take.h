/* Giving a pointer or a descriptor away: the variable keeps nothing, so a cleanup of the variable has nothing to do.
 *
 *     lg_error *open_log(const char *path, FILE **result)
 *     {
 *         lg_auto(file) FILE *file = fopen(path, "a");     // auto.h: closed on every exit …
 *         …
 *         *result = lg_take(file);                         // … but this one
 *         return NULL;
 *     }
 *
 * lg_take works on variables. A value that lg_adopt or lg_defer has registered is not in a variable any more: for such a
 * value dismiss the call (lg_deferred_dismiss), or move the scope (move.h).
 */
#ifndef LIFOGUARD_TAKE_H
#define LIFOGUARD_TAKE_H

#ifndef __cplusplus

/* lg_take(variable): returns the pointer that the variable holds, and leaves NULL in the variable. */
#define lg_take(variable)                                                                          \
    __extension__({                                                                                \
        _Static_assert(__builtin_classify_type(((void)0, (variable))) == 5,                        \
                       "lg_take takes a variable that holds a pointer: for a descriptor write "    \
                       "lg_take_fd(variable)");                                                    \
        __typeof__(variable) *const lgi_taken_from = &(variable);                                  \
        __typeof__(variable) const lgi_taken = *lgi_taken_from;                                    \
        *lgi_taken_from = (__typeof__(variable))0;                                                 \
        lgi_taken;                                                                                 \
    })

/* lg_take_fd(variable): returns the descriptor that the int variable holds, and leaves -1 in the variable. */
#define lg_take_fd(variable) lgi_take_fd(&(variable))

__attribute__((__warn_unused_result__)) static inline int lgi_take_fd(int *variable)
{
    int fd = *variable;
    *variable = -1;
    return fd;
}

#endif /* !__cplusplus */
#endif
