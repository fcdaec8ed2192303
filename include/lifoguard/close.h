/* Closers: each function here releases a resource and joins its failure to a result (E6).
 *
 *     lg_error *save(const char *path)
 *     {
 *         lg_func (lg_error *, err) {
 *             FILE *file = fopen(path, "w");
 *             if (!file)
 *                 lg_return(lg_error_new_errno("open %s", path));
 *             lg_defer(lg_fclose, file, &err);
 *             fputs("text\n", file);              // if the disk is full, err says so
 *         }
 *     }
 *
 * For every closer:
 *   - A closer that is deferred sets *result when its block is left. So `result` is the named result of an lg_func, or a
 *     variable of an outer block: a plain `return err;` in the same block is evaluated before.
 *   - The failure is joined to *result, after the errors that *result already holds. So an earlier error is never
 *     masked and stays the first error, and lg_error_is finds both. (Joining takes no memory.) With a NULL `result` the
 *     failure is dropped.
 *   - The object NULL and the descriptor -1 mean that there is nothing to close: the closer does nothing.
 *   - The resource is released even if the closer fails: never close the resource again.
 *   - errno is preserved. pthread_cancel takes effect only after the closer has finished.
 *   - Any thread may call a closer. A closer does not panic, except where its comment says so.
 */
#ifndef LIFOGUARD_CLOSE_H
#define LIFOGUARD_CLOSE_H

#include <stdio.h>

#include <lifoguard/defer.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

/* "already closed": the error of a call that uses a closed lg_file (file.h), or that waits for a descriptor when lg_close
 * closes the descriptor. */
extern LG_API lg_error lg_error_closed;

/* Calls fclose, and reports every failure of the stream: buffered data that cannot be written, an earlier failed read or
 * write (ferror), a failed close. The error names the path if /proc knows the path. For a stream from popen use
 * lg_defer_checked(pclose, …). */
LG_API void lg_fclose(FILE *file, lg_error **result);

/* Calls close. On Linux the descriptor is released even if a signal interrupts close, so EINTR is not a failure, and
 * lg_close does not try again, because another thread may already have got the same number. Goroutines and threads that
 * wait for the descriptor in a call of io.h are woken with lg_error_closed. */
LG_API void lg_close(int fd, lg_error **result);

/* Calls close(object), which returns 0 on success, or -1 and sets errno. Any other value is a failure too; the error
 * states the value as a number and does not interpret it as an errno value. `name`, the name of the function, begins the
 * message and must stay alive until the call; NULL: no name. A panic of `close` propagates to the caller. */
LG_API void lg_close_with(int (*close)(void *object), void *object, const char *name,
                          lg_error **result);

/* Like lg_close_with, for a function that returns 0 or an errno value, as the pthread_… functions do, or 0 or a negative
 * errno value, as the kernel and libuv do. */
LG_API void lg_close_with_errno(int (*close)(void *object), void *object, const char *name,
                                lg_error **result);

LG_END_DECLS

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

/* lg_defer_checked(fn, object, result): like lg_defer(fn, object), for a function that takes one pointer of any type
 * and returns an int. A failure, as defined for lg_close_with, is joined to *result. lg_defer_checked_errno does the
 * same for functions that lg_close_with_errno accepts.
 *
 *     lg_defer_checked(closedir, directory, &err);
 *     lg_defer_checked(unlink, "scratch.txt", &err);
 *     lg_defer_checked_errno(pthread_mutex_destroy, &mutex, &err); */
// clang-format off: the compilers show every line of a macro with an error
#define lg_defer_checked(fn, object, result)                                                       \
    LGI_NEEDS_BRACES LGI_NUMBERED(LGI_CHECKED, __COUNTER__, lg_close_with, #fn ", " #object, #fn, fn, object, result)
#define lg_defer_checked_errno(fn, object, result)                                                 \
    LGI_NEEDS_BRACES LGI_NUMBERED(LGI_CHECKED, __COUNTER__, lg_close_with_errno, #fn ", " #object, #fn, fn, object, result)

/* The library calls the function through another type. */
#define LGI_CHECKED(id, closer, text, name, fn, object, result)                                    \
    enum { lgi_pointer_##id = LGI_CLASS(((void)0, (object))) == LGI_POINTER };                     \
    _Static_assert(!!lgi_pointer_##id, "only a pointer can be given; for a descriptor there is lg_close"); \
    typedef __typeof__((fn)(object)) lgi_checked_##id; \
    _Static_assert(!!__builtin_types_compatible_p(lgi_checked_##id, int), "only a function that returns an int can be checked"); \
    LGI_PLAIN(id, 4, text, closer, (int (*)(void *))(void (*)(void))(fn), (void *)(uintptr_t)(object), name, (result))
// clang-format on

#endif /* !__cplusplus */
#endif
