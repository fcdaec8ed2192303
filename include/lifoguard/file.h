/* File handles whose misuse is an error: a handle that is used or closed after it was closed returns an error in which
 * lg_error_is finds &lg_error_closed (close.h), and no descriptor is touched.
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
 * Lifetime: lg_file_open, lg_file_create and lg_file_adopt make a handle; lg_file_free and lg_file_close free the handle.
 * Before the handle is freed, any thread may call lg_file_close_now at any time: the descriptor is closed, and the handle
 * remains valid as a closed handle.
 *
 * Threads: many threads may use one handle at the same time, with every function except lg_file_free and
 * lg_file_close. The library has no buffer. Reads and writes share the offset of the file, as read(2) and write(2) on one
 * descriptor do. Every function blocks its thread as long as the system call does; in a goroutine, use lg_blocking
 * (go.h) or, for pipes and sockets, io.h.
 *
 * Errors: an error names the operation and the path, and carries the errno value. If no memory is left for an error, the
 * result is &lg_error_out_of_memory. errno is preserved. A signal does not interrupt a call (EINTR). No function here panics.
 *
 * Cancellation: opening, reading, writing and syncing are cancellation points of pthread_cancel, and no resource leaks if
 * the thread is cancelled there. Closing is not a cancellation point.
 */
#ifndef LIFOGUARD_FILE_H
#define LIFOGUARD_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <lifoguard/close.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

typedef struct lg_file lg_file;

/* ---- opening and closing ---- */

/* Opens a file like open(2), with O_CLOEXEC added to `flags`, and sets *file to a new handle, which the caller owns. (The
 * program includes <fcntl.h> for the flags.)
 * `mode` counts with O_CREAT and O_TMPFILE. On failure sets *file to NULL. The memory is allocated first, so without
 * memory no file is created or truncated. */
LG_API lg_error *lg_file_open(const char *path, int flags, mode_t mode, lg_file **file)
    __attribute__((__warn_unused_result__));

/* Creates or empties a file for writing: lg_file_open with O_WRONLY | O_CREAT | O_TRUNC. */
LG_API lg_error *lg_file_create(const char *path, mode_t mode, lg_file **file)
    __attribute__((__warn_unused_result__));

/* Makes a handle for an open descriptor. On success the handle owns the descriptor; on failure the caller still owns the
 * descriptor, and *file is NULL. `name`, which is copied, stands for the path in messages. */
LG_API lg_error *lg_file_adopt(int fd, const char *name, lg_file **file)
    __attribute__((__warn_unused_result__));

/* Closes the descriptor; the handle stays. As soon as the call begins, other calls with the handle fail with
 * &lg_error_closed. The call waits for the reads and writes that have already begun, and does not interrupt them: a read
 * of a pipe can take long. Afterwards the descriptor is closed, even if the result is an error. Does nothing for NULL. */
LG_API lg_error *lg_file_close_now(lg_file *file) __attribute__((__warn_unused_result__));

/* Closes the descriptor if it is still open, joins a failure of the close to *result, after the errors that *result
 * already holds, and frees the handle. A NULL `result` discards the failure. Suits lg_defer, also if lg_file_close_now was
 * called before. Does nothing for NULL. */
LG_API void lg_file_close(lg_file *file, lg_error **result);

/* Does what lg_file_close(file, NULL) does. Made for files that were only read, or have already been closed. */
LG_API void lg_file_free(lg_file *file);

/* ---- reading and writing ---- */

/* Reads at most `size` bytes, and sets *count to the number of bytes read: 0 at the end of the file, for `size` 0, and on
 * failure. */
LG_API lg_error *lg_file_read(lg_file *file, void *buffer, size_t size, size_t *count)
    __attribute__((__warn_unused_result__));

/* Reads from the current offset to the end of the file. Sets *data to memory from malloc, which the caller frees by free(),
 * and *size to the number of bytes read. A NUL follows the last byte; *size does not count the NUL. On failure sets *data to
 * NULL and *size to 0. */
LG_API lg_error *lg_file_read_all(lg_file *file, char **data, size_t *size)
    __attribute__((__warn_unused_result__));

/* Writes all `size` bytes. After a failure, some of the bytes may have been written. */
LG_API lg_error *lg_file_write(lg_file *file, const void *data, size_t size)
    __attribute__((__warn_unused_result__));

/* Waits until all written data is on the disk (fsync). */
LG_API lg_error *lg_file_sync(lg_file *file) __attribute__((__warn_unused_result__));

/* Sets *size to the current size of the file in bytes, as fstat reports it; to 0 on failure. */
LG_API lg_error *lg_file_size(lg_file *file, uint64_t *size)
    __attribute__((__warn_unused_result__));

/* The path or name with which the handle was made; also after the close. The text belongs to the handle. */
LG_API const char *lg_file_path(const lg_file *file);

LG_END_DECLS

/* ---- files that appear whole or not at all ---------------------------------------------------------- */

/* Files that appear whole or not at all: the path always names the old content or the complete new content, also after a
 * failure of any call, a panic, or kill -9 at any moment.
 *
 *     lg_error *save(const char *path, const struct settings *settings)
 *     {
 *         lg_func (lg_error *, err) {
 *             lg_whole_file *file;
 *             lg_try(lg_whole_file_open(path, 0600, 0, &file));
 *             lg_defer(lg_whole_file_close, file, &err);        // not committed: nothing is left
 *             lg_try(write_settings(settings, file));           // … lg_whole_file_write(file, bytes, size) …
 *             lg_return(lg_whole_file_commit(file));            // on the disk, and under its name
 *         }
 *     }
 *
 * The new content is written to a file without a name (O_TMPFILE), or, where the file system has no such files, to a temporary
 * beside the path. lg_whole_file_commit brings the content to the disk, renames the file over the path, and brings the
 * folder to the disk.
 *
 *   - The mode is set before the first byte is written.
 *   - A write that fails makes lg_whole_file_commit fail, even if the caller ignored the error of the write.
 *   - kill -9 leaves at most a temporary, called .NAME.lg-NUMBER~. The next lg_whole_file_open of the path removes it. A
 *     temporary that another process or thread is writing is locked (flock), and stays.
 *   - If the path is a symbolic link, or anything else that is not a regular file, lg_whole_file_open fails, and so does
 *     lg_whole_file_commit; links in the folder part of the path are followed. Between the last check of the path and the
 *     rename, another process may still put something else in place of a regular file. If no file had the path at the
 *     check and another process then creates a file there, lg_whole_file_commit checks that file before the file is
 *     replaced; this needs a file system with RENAME_NOREPLACE (renameat2(2)).
 *   - Several threads and processes may write the same path at the same time: the last commit wins, and its content is
 *     complete.
 *
 * Threads: any thread may use a handle, but only one thread at a time. The functions block their thread, as the system calls
 * do; lg_blocking (go.h) lets other goroutines run meanwhile. errno is preserved.
 */

LG_BEGIN_DECLS

typedef struct lg_whole_file lg_whole_file;

/* The new file takes the owner, the mode and the extended attributes of the regular file that the new file replaces; `mode`
 * counts only if there is no old file. If the owner, the mode or an attribute cannot be set, lg_whole_file_open fails. */
#define LG_WHOLE_FILE_KEEP 1U

/* Begins a new file for `path`, with `mode` reduced by the umask, as for open(2). `flags` is 0 or LG_WHOLE_FILE_KEEP. *file is
 * NULL after a failure. */
LG_API lg_error *lg_whole_file_open(const char *path, mode_t mode, unsigned flags,
                                    lg_whole_file **file) __attribute__((__warn_unused_result__));

/* Writes all `size` bytes. After a failure, lg_whole_file_commit fails too. */
LG_API lg_error *lg_whole_file_write(lg_whole_file *file, const void *bytes, size_t size);

/* A stream that writes to the file; NULL, with errno set, if there is no memory for the stream. The stream belongs to the
 * handle: do not close the stream. lg_whole_file_write first writes the data that the stream has buffered. */
LG_API FILE *lg_whole_file_stream(lg_whole_file *file);

/* The descriptor, which belongs to the handle: do not close the descriptor. lg_whole_file_commit does not notice a write to the
 * descriptor that failed: the program itself must then not commit. */
LG_API int lg_whole_file_fd(const lg_whole_file *file);

/* Puts the new file at its path. After an error, the path has its old content, unless the error says that the folder could not
 * be synchronised: then the new content is in place, but may be gone after a power failure. A handle is committed once. */
LG_API lg_error *lg_whole_file_commit(lg_whole_file *file) __attribute__((__warn_unused_result__));

/* Frees the handle. If the new file was not committed, the new file is removed. A failure to remove the temporary, or to close a
 * new file that was committed, is joined to *result (dropped if `result` is NULL). Does nothing if `file` is NULL. Preserves errno. */
LG_API void lg_whole_file_close(lg_whole_file *file, lg_error **result);

/* Does all steps in one call: opens a whole file for `path` (without flags), writes the bytes, and commits the file. */
LG_API lg_error *lg_whole_file_save(const char *path, mode_t mode, const void *bytes, size_t size)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

#endif
