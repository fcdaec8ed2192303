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

#include <errno.h>
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

/* ---- adopting --------------------------------------------------------------------------------------- */

/* Adopting: acquiring a value and registering its release in one expression (D16).
 *
 *     lg_error *copy(const char *from, const char *to)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_scope(scope);
 *             int in, out;
 *             lg_try(lg_adopt_fd(&scope, &in, open(from, O_RDONLY | O_CLOEXEC), &err, "open %s", from));
 *             lg_try(lg_adopt_fd(&scope, &out, creat(to, 0600), &err, "create %s", to));
 *             char *buffer = lg_adopt(&scope, malloc(SIZE), free);
 *             …
 *         }
 *     }
 *
 * For every form:
 *   - A value that is NULL or -1 means failure: nothing is registered.
 *   - The release function and the arguments that follow it are evaluated before the value is acquired. So nothing can
 *     come between acquiring the value and registering its release.
 *   - The release function is called with the value as its first argument; at most three arguments may follow. Every
 *     function that lg_defer (defer.h) can defer can be a release function.
 *   - If no memory is left to register the release, the value is released at once, and then the goroutine panics (D6).
 */

#ifndef __cplusplus

#include <lifoguard/impl/adopt.h>

// clang-format off: the compilers show every line of a macro with an error

/* lg_adopt(scope, value, release, args…): evaluates `value`, registers release(value, args…) with the `lg_scope *`,
 * and returns the value.
 *
 *     FILE *file = lg_adopt(&scope, fopen(path, "w"), fclose);
 *     FILE *file = lg_adopt(&scope, fopen(path, "w"), lg_fclose, &err);    // a failure of the close lands in err */
#define lg_adopt(scope, value, ...)                                                                \
    LGI_LINED(LGI_ADOPT, __LINE__, LGI_COUNT(__VA_ARGS__), scope, LGI_IS_RESOURCE, LGI_ADOPT_TEXT(#value, #__VA_ARGS__), value, __VA_ARGS__)

/* lg_adopt_if(scope, value, valid, release, args…): like lg_adopt, but the release is registered if `valid(value)` is true:
 * for functions that report a failure by other values than NULL and -1. `valid` is a function or a macro.
 *
 *     ssize_t size = lg_adopt_if(&scope, reserve(pool, 100), is_positive, give_back, pool); */
#define lg_adopt_if(scope, value, valid, ...)                                                      \
    LGI_LINED(LGI_ADOPT, __LINE__, LGI_COUNT(__VA_ARGS__), scope, valid, LGI_ADOPT_TEXT(#value, #__VA_ARGS__), value, __VA_ARGS__)

/* lg_adopt_as(name, value, release, args…): declares the constant `name` with the value, and defers
 * release(name, args…) to the end of the enclosing block. Needs no scope and no memory.
 *
 *     lg_adopt_as(file, fopen(path, "r"), fclose);
 *     if (!file)
 *         return false;
 *
 * lg_adopt_as_if(name, value, valid, release, args…): the same with a predicate, as for lg_adopt_if. */
#define lg_adopt_as(name, value, ...)                                                              \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_ADOPT_AS, __COUNTER__, LGI_COUNT(__VA_ARGS__), name, LGI_IS_RESOURCE, LGI_ADOPT_TEXT(#value, #__VA_ARGS__), value, __VA_ARGS__)
#define lg_adopt_as_if(name, value, valid, ...)                                                    \
    LGI_NEEDS_BRACES                                                                               \
    LGI_NUMBERED(LGI_ADOPT_AS, __COUNTER__, LGI_COUNT(__VA_ARGS__), name, valid, LGI_ADOPT_TEXT(#value, #__VA_ARGS__), value, __VA_ARGS__)

/* lg_adopt_out(scope, &variable, call, release, args…): for a function that stores the acquired value in an out-parameter.
 * Sets the variable to NULL or -1, makes the call, registers release(variable, args…) if the variable then holds
 * neither NULL nor -1, and returns the result of the call (0 for a call that returns nothing). So a value that a failed
 * call has left in the variable is released too, as sqlite3_open and similar functions demand.
 *
 *     int code = lg_adopt_out(&scope, &db, sqlite3_open(path, &db), sqlite3_close);
 *     lg_try(lg_adopt_out(&scope, &fd, lg_accept(listener, NULL, NULL, until, &fd), lg_close, &err));
 *
 * lg_adopt_out_if(scope, &variable, call, succeeded, release, args…): like lg_adopt_out, but registers the release if
 * succeeded(result of the call) is true: for variables in which NULL and -1 do not mean a failure. */
#define lg_adopt_out(scope, variable, call, ...)                                                   \
    LGI_LINED(LGI_ADOPT_OUT, __LINE__, LGI_COUNT(__VA_ARGS__), scope, variable, LGI_OUT_IS_RESOURCE, LGI_ADOPT_TEXT(#variable, #__VA_ARGS__), call, __VA_ARGS__)
#define lg_adopt_out_if(scope, variable, call, succeeded, ...)                                     \
    LGI_LINED(LGI_ADOPT_OUT, __LINE__, LGI_COUNT(__VA_ARGS__), scope, variable, succeeded LGI_OUTCOME_IN_PARENTHESES, LGI_ADOPT_TEXT(#variable, #__VA_ARGS__), call, __VA_ARGS__)
#define LGI_OUTCOME_IN_PARENTHESES(id) (LGI_OUTCOME(id))

/* lg_adopt_errno(scope, &variable, value, release, format, …): stores the value in the variable and registers
 * release(value). Returns NULL, or, if the value is NULL or -1, an error with errno and the printf-style message
 * (lg_error_new_errno).
 *
 * lg_adopt_fd(scope, &variable, fd, result, format, …): the same for a descriptor, which is released by
 * lg_close(fd, result): a failure of the close lands in *result; NULL drops the failure. */
#define lg_adopt_errno(scope, variable, value, release, ...)                                       \
    LGI_LINED(LGI_ADOPT_ERRNO, __LINE__, 0, scope, variable, LGI_ADOPT_TEXT(#value, #release), value, (__VA_ARGS__), release)
#define lg_adopt_fd(scope, variable, fd, result, ...)                                              \
    LGI_LINED(LGI_ADOPT_ERRNO, __LINE__, 1, scope, variable, LGI_ADOPT_TEXT(#fd, "lg_close, " #result), fd, (__VA_ARGS__), lg_close, result)

// clang-format on

#endif /* !__cplusplus */

#endif
