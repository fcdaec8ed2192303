/* Calling a function whose panic becomes an error: for tests, plugin hosts, and other programs that call code that may panic.
 *
 *     lg_error *err = lg_call_contained(plugin->render, page, output);
 *     if (err)
 *         lg_error_print_tree(err, stderr);         // "panic: …", with its stack
 */
#ifndef LIFOGUARD_CONTAINED_H
#define LIFOGUARD_CONTAINED_H

#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <lifoguard/panic.h>

LG_BEGIN_DECLS

LG_API lg_error *lgi_call_contained(const struct lgi_site *site, lgi_function function,
                                    const uintptr_t *words, bool returns_error)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/call.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_call_contained(fn, args…): calls fn(args…) now. Returns NULL if the function returned; or, if the function returns an
 * lg_error *, that error. A panic of the function stops here and is returned as an error of the kind lg_panic_kind (panic.h),
 * whose cause is the error that the panic was begun with, if any. The function's deferred calls have run then (P1).
 *
 * lg_goexit and lg_exit in the function are not stopped; they continue through the caller. The function and its arguments
 * follow the rules of lg_defer. A result of another type than lg_error * is dropped. */
#define lg_call_contained(...)                                                                     \
    LGI_LINED(LGI_CALL_CONTAINED, __LINE__, LGI_COUNT(__VA_ARGS__), #__VA_ARGS__, __VA_ARGS__)

// clang-format off
#define LGI_CALL_CONTAINED(id, n, text, ...)                                                      \
    LGI_USED(__extension__({                                                                                \
        LGI_PRELUDE_##n(id, , , , LGI_ADVICE_DEFER, __VA_ARGS__)                                       \
        LGI_HANDED(id, n, text)                                                                    \
        lgi_call_contained(LGI_HANDED_ARGS(id),                                                    \
                           __builtin_types_compatible_p(LGI_RESULT(id), lg_error *));              \
    }))
// clang-format on

#endif /* !__cplusplus */
#endif
