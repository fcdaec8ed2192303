/* --fix: applies the edits of findings that are sure, and leaves the others to the report. */
#define _GNU_SOURCE
#include "lex.h"
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef VEC(struct edit) edit_vec;

static int by_offset(const void *a, const void *b)
{
    const struct edit *one = a, *other = b;
    if (one->offset == other->offset)
        return strcmp(one->text, other->text);
    return one->offset > other->offset ? 1 : -1;
}

static bool collides(const struct edit *one, const struct edit *other)
{
    if (one->once && other->once)
        return false; /* definitions stand one below another */
    size_t one_end = one->offset + one->length, other_end = other->offset + other->length;
    return one->offset == other->offset
               ? one->length == other->length || (one->length && other->length)
               : one->offset < other_end && other->offset < one_end;
}

static bool fits(const edit_vec *chosen, const struct finding *finding)
{
    EACH (edit, &finding->edits)
        EACH (other, chosen)
            if (collides(edit, other))
                return false;
    return true;
}

static bool is_fixable(const struct finding *finding)
{
    return finding->edits.count > 0 && finding->level == LEVEL_SURE && !finding->suppressed;
}

/* A definition that several findings want is written once, at the first of its places. */
static bool written_before(const edit_vec *edits, const struct edit *edit)
{
    for (const struct edit *other = edits->at; edit->once && other < edit; other++)
        if (other->once && strcmp(other->text, edit->text) == 0)
            return true;
    return false;
}

static bool write_edited(FILE *out, const struct source *source, const edit_vec *edits)
{
    size_t at = 0;
    EACH (edit, edits) {
        if (written_before(edits, edit))
            continue;
        fwrite(source->text + at, 1, edit->offset - at, out);
        fputs(edit->text, out);
        at = edit->offset + edit->length;
    }
    fwrite(source->text + at, 1, source->length - at, out);
    return !ferror(out);
}

static bool keep_rights(int fd, const struct stat *status)
{
    if (fchown(fd, status->st_uid, status->st_gid) != 0 && errno != EPERM)
        return false;
    return fchmod(fd, status->st_mode & 07777) == 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Has nobody written to the file since it was read? */
static bool unchanged(const char *path, const struct stat *before)
{
    struct stat now;
    if (stat(path, &now) != 0)
        return false;
    if (is_same(&now, before))
        return true;
    errno = ESTALE;
    return false;
}

/* Reads the text that the edits belong to. errno is ESTALE if the file has another one by now. */
static bool read_checked(struct arena *arena, const char *path, uint64_t content,
                         struct source *source)
{
    if (!source_read(arena, path, source))
        return false;
    if (hash_bytes(HASH_START, source->text, source->length) == content)
        return true;
    errno = ESTALE;
    return false;
}

/* The file gets its new content as a whole, or stays as it is. Behind a symbolic link it is what the link leads to. */
static bool replace_file(struct arena *arena, const struct file_result *result,
                         const edit_vec *edits)
{
    struct stat status;
    struct source source;
    char path[PATH_MAX];
    if (!realpath(result->path, path) || stat(path, &status) != 0 ||
        !read_checked(arena, path, result->content, &source))
        return false;
    char *scratch = arena_format(arena, "%s.XXXXXX", path);
    int fd = mkostemp(scratch, O_CLOEXEC);
    if (fd < 0)
        return false;
    FILE *out = fdopen(fd, "w");
    if (!out) {
        close(fd);
        unlink(scratch);
        return false;
    }
    bool ok = keep_rights(fd, &status) && write_edited(out, &source, edits);
    ok &= fclose(out) == 0;
    if (ok && unchanged(path, &status) && rename(scratch, path) == 0)
        return true;
    int error = errno;
    unlink(scratch);
    errno = error;
    return false;
}

static const char *why_not(void)
{
    // NOLINTNEXTLINE(clang-analyzer-unix.Errno): replace_file has set it
    return errno == ESTALE ? "it has changed since it was checked; run --fix again"
                           : strerror(errno);
}

static bool fix_file(struct arena *arena, struct file_result *result)
{
    edit_vec edits = {0};
    finding_vec left = {0};
    int mended = 0;
    EACH (finding, &result->findings) {
        if (!is_fixable(finding) || !fits(&edits, finding)) {
            *ADD(arena, &left) = *finding;
            continue;
        }
        mended++;
        EACH (edit, &finding->edits)
            *ADD(arena, &edits) = *edit;
    }
    if (mended == 0)
        return true;
    if (edits.count > 1)
        qsort(edits.at, (size_t)edits.count, sizeof(*edits.at), by_offset);
    if (!replace_file(arena, result, &edits)) {
        fprintf(stderr, "lifoguard-vet: %s: not changed: %s\n", result->path, why_not());
        return false;
    }
    fprintf(stderr, "lifoguard-vet: %s: %d mended\n", result->path, mended);
    result->findings = left;
    return true;
}

bool fix_all(struct arena *arena, result_vec *results)
{
    bool ok = true;
    EACH (result, results)
        if (!result->broken)
            ok &= fix_file(arena, result);
    return ok;
}
