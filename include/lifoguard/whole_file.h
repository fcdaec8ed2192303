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
 * do; lg_blocking (blocking.h) lets other goroutines run meanwhile. errno is preserved.
 */
#ifndef LIFOGUARD_WHOLE_FILE_H
#define LIFOGUARD_WHOLE_FILE_H

#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

#include <lifoguard/error.h>

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

/* The descriptor, which belongs to the handle. */
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
