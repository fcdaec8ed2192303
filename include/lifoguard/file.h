/* A file handle whose misuse is an error: closing it a second time, or using it after it was
 * closed, gives an error for which lg_error_is(err, &lg_error_closed) holds (close.h), and touches no
 * descriptor.
 *
 *     lg_error *save(const char *path, const char *text)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_file *file;
 *             err = lg_file_create(path, 0666, &file);
 *             if (err)
 *                 lg_return(err);
 *             lg_defer(lg_file_close, file, &err);
 *             lg_return(lg_file_write(file, text, strlen(text)));
 *         }
 *     }
 *
 * Lifetime: lg_file_open and its kin make a handle, lg_file_free and lg_file_close end it. In
 * between lg_file_close_now may be called at any time, by any thread; the handle stays, as a closed
 * one.
 *
 * Threads: all functions may be called for one handle by many threads at once, but for the two that
 * end it. There is no buffer. Reads and writes share the file's offset, and what concurrent ones do
 * to each other is the kernel's affair.
 *
 * Errors name the operation and the path, and carry the errno value. A call interrupted by a signal
 * goes on. Opening, reading, writing and syncing are cancellation points: if the thread is
 * cancelled there, nothing leaks. Nothing here panics.
 */
#ifndef LIFOGUARD_FILE_H
#define LIFOGUARD_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <lifoguard/close.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

typedef struct lg_file lg_file;

/* ---- a handle's life ---- */

/* As open(2), and O_CLOEXEC is added; `mode` is for O_CREAT and O_TMPFILE. On failure *file is
 * NULL. Memory is taken first: if there is none, nothing was created or truncated. */
LG_API lg_error *lg_file_open(const char *path, int flags, mode_t mode, lg_file **file)
    __attribute__((__warn_unused_result__));

/* For writing only, from nothing: O_WRONLY | O_CREAT | O_TRUNC. */
LG_API lg_error *lg_file_create(const char *path, mode_t mode, lg_file **file)
    __attribute__((__warn_unused_result__));

/* Makes a handle for a descriptor that is open already, and takes it over; if that fails, it is
 * still the caller's. `name` stands for the path in messages. */
LG_API lg_error *lg_file_adopt(int fd, const char *name, lg_file **file)
    __attribute__((__warn_unused_result__));

/* Closes. From its beginning on, the handle is closed for all threads; reads and writes that are
 * under way end as they would have, and it waits for them (it does not interrupt them: a read of a
 * pipe can take long). The descriptor is gone then even if an error is returned. Does nothing for
 * NULL. Not a cancellation point. */
LG_API lg_error *lg_file_close_now(lg_file *file) __attribute__((__warn_unused_result__));

/* Closes the handle if it is still open, lands a failure of that in *result (joined after what is
 * there; dropped if result is NULL), and frees it. The form for lg_defer; it does not mind a
 * lg_file_close_now before. Does nothing for NULL. */
LG_API void lg_file_close(lg_file *file, lg_error **result);

/* lg_file_close(file, NULL): for files that were only read, or have been closed already. */
LG_API void lg_file_free(lg_file *file);

/* ---- using it ---- */

/* Reads at most `size` bytes and sets *count to how many it were: 0 at the end of the file (or if
 * `size` is 0), and on failure. */
LG_API lg_error *lg_file_read(lg_file *file, void *buffer, size_t size, size_t *count)
    __attribute__((__warn_unused_result__));

/* Reads from where the file is to its end. *data is memory from malloc, for the caller to free,
 * with a NUL behind the last byte that *size does not count; on failure NULL and 0. */
LG_API lg_error *lg_file_read_all(lg_file *file, char **data, size_t *size)
    __attribute__((__warn_unused_result__));

/* Writes all of it, or fails; then some of it may have been written. */
LG_API lg_error *lg_file_write(lg_file *file, const void *data, size_t size)
    __attribute__((__warn_unused_result__));

/* Waits until what was written is on the disk (fsync). */
LG_API lg_error *lg_file_sync(lg_file *file) __attribute__((__warn_unused_result__));

/* Its size now, as fstat knows it. 0 on failure. */
LG_API lg_error *lg_file_size(lg_file *file, uint64_t *size)
    __attribute__((__warn_unused_result__));

/* What it was opened with. Belongs to the handle. */
LG_API const char *lg_file_path(const lg_file *file);

LG_END_DECLS

#endif
