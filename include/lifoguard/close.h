/* Ready-made closers: each releases something and lands its failure in a result (E6).
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
 * For every one of them:
 *   - `result` is where the failure lands: it is joined to what is there, after it. So an earlier
 *     error is never masked and stays the first one, and lg_error_is finds both. (Keeping the first
 *     one only would lose the other without need: joining takes no memory.) With a NULL result the
 *     failure is dropped; it takes a word to say so, unlike in plain `lg_defer(fclose, file)`.
 *   - NULL, and the descriptor -1, mean that there is nothing to close: nothing happens.
 *   - What is to be closed is released even if that fails: never close it again.
 *   - errno is left as it was. A cancellation (pthread_cancel) waits until the closer is done.
 *   - Any thread may call it. It does not panic, unless said otherwise.
 */
#ifndef LIFOGUARD_CLOSE_H
#define LIFOGUARD_CLOSE_H

#include <stdio.h>

#include <lifoguard/defer.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

/* "already closed": what a call finds that uses a closed lg_file (file.h), or waits for a descriptor that lg_close
 * closes. */
extern LG_API lg_error lg_error_closed;

/* fclose, and an error if anything went wrong with the stream: what is still in its buffer cannot
 * be written, an earlier read or write has failed (ferror), closing fails. The path is named where
 * /proc knows it. For a stream from popen there is lg_defer_checked(pclose, …). */
LG_API void lg_fclose(FILE *file, lg_error **result);

/* close. On Linux a descriptor is gone even if a signal interrupts close: EINTR is no failure, and
 * there is no second try, which might hit a descriptor that another thread has just been given.
 * Who waits for the descriptor by the calls of io.h is woken, with lg_error_closed. */
LG_API void lg_close(int fd, lg_error **result);

/* Calls close(object), which returns 0, or -1 with errno set. Any other value is a failure too, and
 * is given as a number: it is not taken for an errno. `name`, of the function, begins the message,
 * and must be alive then; NULL: no name. If close panics, the panic goes on. */
LG_API void lg_close_with(int (*close)(void *object), void *object, const char *name,
                          lg_error **result);

/* The same for a function that returns 0 or an errno value, as pthread_… do, or one with its sign
 * turned, as the kernel's and libuv's do. */
LG_API void lg_close_with_errno(int (*close)(void *object), void *object, const char *name,
                                lg_error **result);

LG_END_DECLS

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif

/* lg_defer_checked(fn, object, result): as lg_defer(fn, object), for any function of one pointer of
 * whatever type that returns an int; its failure lands in the result, by the rules of
 * lg_close_with. lg_defer_checked_errno: by those of lg_close_with_errno.
 *
 *     lg_defer_checked(closedir, directory, &err);
 *     lg_defer_checked(unlink, "scratch.txt", &err);
 *     lg_defer_checked_errno(pthread_mutex_destroy, &mutex, &err);
 */
#define lg_defer_checked(fn, object, result)                                                       \
    LGI_NUMBER(LGI_CHECKED, lg_close_with, #fn ", " #object, #fn, fn, object, result)
#define lg_defer_checked_errno(fn, object, result)                                                 \
    LGI_NUMBER(LGI_CHECKED, lg_close_with_errno, #fn ", " #object, #fn, fn, object, result)

#define LGI_CHECKED(id, closer, text, name, fn, object, result)                                    \
    LGI_PLAIN(id, 4, text, closer, LGI_CLOSER(fn, object), (void *)(uintptr_t)(object), name,      \
              (result))

/* The library calls the function through this type. */
#define LGI_CLOSER(fn, object)                                                                     \
    __extension__({                                                                                \
        _Static_assert(LGI_CLASS(((void)0, (object))) == LGI_POINTER,                              \
                       "only a pointer can be given; for a descriptor there is lg_close");         \
        _Static_assert(__builtin_types_compatible_p(__typeof__((fn)(object)), int),                \
                       "only a function that returns an int can be checked");                      \
        (int (*)(void *))(void (*)(void))(fn);                                                     \
    })

#endif /* !__cplusplus */
#endif
