/* Returning early with an error.
 *
 *     lg_error *start(const char *path)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_try(load_settings(path), "start with %s", path);
 *             lg_try(open_database());
 *             …
 *         }
 *     }
 */
#ifndef LIFOGUARD_TRY_H
#define LIFOGUARD_TRY_H

#include <lifoguard/defer.h>
#include <lifoguard/error.h>

#ifndef __cplusplus

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_try(expression): if the lg_error * that the expression gives is not NULL, returns the error from the function, as
 * lg_return(error) does. Compiles only in an lg_func (lg_error *, …), and not in a deferred block.
 *
 * lg_try(expression, format, …): the same, and the error is wrapped by lg_error_wrap with the printf-style message. The
 * values of the message are evaluated only if there is an error.
 *
 * Around a wait: the error of a wait that a cancellation has ended (&lg_error_cancelled) is returned like any other error. So
 * a member of a cancelled group fails with it (group.h): for a stop without an error, let the member return NULL if
 * lg_group_is_cancelled. Without a message, the group knows its own cancellation again and adds nothing to its result (G9);
 * an error that lg_try has wrapped is joined to the result. */
#define lg_try(...)                                                                                \
    do {                                                                                           \
        LGI_TAKE(lgi_result, lg_return_stands_only_in_an_lg_func)                                  \
        _Static_assert(!LGI_TRY_WRONG(lgi_result), LGI_TRY_TEXT);                                  \
        lg_error *lgi_tried = LGI_FIRST(__VA_ARGS__);                                              \
        if (lgi_tried) {                                                                           \
            lgi_set_result((void *)lgi_result,                                                     \
                           LGI_TRY_PICK(__VA_ARGS__, LGI_TRY_MORE, LGI_TRY_MORE, LGI_TRY_MORE,     \
                                        LGI_TRY_MORE, LGI_TRY_MORE, LGI_TRY_MORE, LGI_TRY_MORE,    \
                                        LGI_TRY_MORE, LGI_TRY_MORE, LGI_TRY_MORE, LGI_TRY_MORE,    \
                                        LGI_TRY_ONE, 0)(__VA_ARGS__));                             \
            lgi_return_result();                                                                   \
        }                                                                                          \
    } while (0)
/* (What is not declared is no pointer, and has been complained of.) */
#define LGI_TRY_WRONG(result)                                                                      \
    (LGI_CLASS(result) == LGI_POINTER &&                                                           \
     !__builtin_types_compatible_p(__typeof__(result), lg_error **))
#define LGI_TRY_TEXT "lg_try returns the error from the function: write lg_func (lg_error *, err)"
#define LGI_TRY_PICK(a, b, c, d, e, f, g, h, i, j, k, l, picked, ...) picked
#define LGI_TRY_ONE(expression) lgi_tried
#define LGI_TRY_MORE(expression, ...) lg_error_wrap(lgi_tried, __VA_ARGS__)

#endif /* !__cplusplus */
#endif
