/* F1: a file appears whole or not at all. */
#include "testing/test.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "testing/emulated.h"

/* What the next hard links are refused with; 0: they are made. */
static int links_refused;
/* A file is left under the next name that a link is to get, as by a writer that was killed meanwhile. */
static bool leftover_comes;

int linkat(int old_folder, const char *old_name, int new_folder, const char *new_name, int flags)
{
    if (leftover_comes) {
        leftover_comes = false;
        close(openat(new_folder, new_name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
        errno = EEXIST;
        return -1;
    }
    if (links_refused != 0) {
        errno = links_refused;
        return -1;
    }
    return (int)syscall(SYS_linkat, old_folder, old_name, new_folder, new_name, flags);
}

/* The next call of this kind fails. */
enum failure { NOTHING, A_READ, A_WRITE, A_SYNC, AN_OPEN, A_CREATE, A_REMOVAL, AN_ACCESS };
static enum failure next_to_fail;

static bool fails(enum failure what, int number)
{
    if (next_to_fail != what)
        return false;
    next_to_fail = NOTHING;
    errno = number;
    return true;
}

ssize_t read(int fd, void *to, size_t size)
{
    return fails(A_READ, EIO) ? -1 : syscall(SYS_read, fd, to, size);
}

ssize_t write(int fd, const void *from, size_t size)
{
    return fails(A_WRITE, ENOSPC) ? -1 : syscall(SYS_write, fd, from, size);
}

int fsync(int fd)
{
    return fails(A_SYNC, EIO) ? -1 : (int)syscall(SYS_fsync, fd);
}

int open(const char *name, int flags, ...)
{
    va_list values;
    va_start(values, flags);
    mode_t mode = flags & O_CREAT ? va_arg(values, mode_t) : 0;
    va_end(values);
    return fails(AN_OPEN, EMFILE) ? -1 : (int)syscall(SYS_openat, AT_FDCWD, name, flags, mode);
}

int openat(int folder, const char *name, int flags, ...)
{
    va_list values;
    va_start(values, flags);
    mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(values, mode_t) : 0;
    va_end(values);
    if ((flags & O_EXCL) && fails(A_CREATE, EACCES))
        return -1;
    return (int)syscall(SYS_openat, folder, name, flags, mode);
}

int unlinkat(int folder, const char *name, int flags)
{
    return fails(A_REMOVAL, EPERM) ? -1 : (int)syscall(SYS_unlinkat, folder, name, flags);
}

int access(const char *name, int mode)
{
    return fails(AN_ACCESS, ENOENT) ? -1 : (int)syscall(SYS_faccessat, AT_FDCWD, name, mode);
}

/* Each test has a folder of its own, which is the current one. */
static void in_a_folder(void)
{
    static char folder[64];
    snprintf(folder, sizeof(folder), "/tmp/whole-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
}

static void remove_folder(void)
{
    static char folder[256];
    ck_assert_ptr_nonnull(getcwd(folder, sizeof(folder)));
    DIR *list = opendir(".");
    ck_assert_ptr_nonnull(list);
    for (const struct dirent *entry; (entry = readdir(list));)
        unlink(entry->d_name);
    closedir(list);
    ck_assert_int_eq(rmdir(folder), 0);
}

static int entries(void)
{
    DIR *list = opendir(".");
    ck_assert_ptr_nonnull(list);
    int count = 0;
    while (readdir(list))
        count++;
    closedir(list);
    return count - 2;
}

static void put(const char *name, const char *text)
{
    lg_adopt_as(file, fopen(name, "w"), fclose);
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
}

static void expect_file(const char *name, const char *text)
{
    char is[64] = "";
    lg_adopt_as(file, fopen(name, "r"), fclose);
    ck_assert_msg(file != NULL, "there is no %s", name);
    is[fread(is, 1, sizeof(is) - 1, file)] = '\0';
    ck_assert_str_eq(is, text);
}

static void expect_ok(lg_error *err)
{
    if (err)
        lg_error_print_tree(err, stderr);
    ck_assert_ptr_null(err);
}

static mode_t mode_of(int fd)
{
    struct stat status;
    ck_assert_int_eq(fstat(fd, &status), 0);
    return status.st_mode & 07777;
}

START_TEST(F1_a_file_appears_when_it_is_committed)
{
    lg_whole_file *file;
    in_a_folder();
    put("file", "old");
    expect_ok(lg_whole_file_open("file", 0600, 0, &file));
    expect_ok(lg_whole_file_write(file, "new ", 4));
    fputs("content", lg_whole_file_stream(file));
    expect_ok(lg_whole_file_write(file, "!", 1));
    expect_file("file", "old");
    ck_assert_uint_eq(mode_of(lg_whole_file_fd(file)), 0600);
    expect_ok(lg_whole_file_commit(file));
    expect_file("file", "new content!");
    lg_error *err = lg_whole_file_commit(file);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    lg_whole_file_close(file, NULL);
    expect_file("file", "new content!");
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

START_TEST(F1_what_is_not_committed_leaves_nothing)
{
    lg_whole_file *file;
    in_a_folder();
    put("file", "old");
    expect_ok(lg_whole_file_open("file", 0600, 0, &file));
    expect_ok(lg_whole_file_write(file, "new", 3));
    lg_whole_file_close(file, NULL);
    lg_whole_file_close(NULL, NULL);
    expect_file("file", "old");
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

START_TEST(F1_a_new_file_and_one_in_another_folder)
{
    char path[300];
    in_a_folder();
    ck_assert_ptr_nonnull(getcwd(path, 200));
    strcat(path, "/fresh");
    expect_ok(lg_whole_file_save(path, 0640, "text", 4));
    expect_file("fresh", "text");
    lg_error *err = lg_whole_file_save("no/such/folder", 0600, "x", 1);
    ck_assert(lg_error_is_errno(err, ENOENT));
    lg_error_free(err);
    remove_folder();
}
END_TEST

static void expect_refused(const char *path)
{
    lg_error *err = lg_whole_file_save(path, 0600, "x", 1);
    ck_assert_msg(err != NULL, "%s is replaced", path);
    lg_error_free(err);
}

START_TEST(F2_only_regular_files_are_replaced_and_no_link_is_followed)
{
    in_a_folder();
    put("target", "target");
    ck_assert_int_eq(symlink("target", "link"), 0);
    ck_assert_int_eq(symlink("nowhere", "dangling"), 0);
    ck_assert_int_eq(mkfifo("fifo", 0600), 0);
    expect_refused("link");
    expect_refused("dangling");
    expect_refused("fifo");
    expect_refused(".");
    expect_refused("..");
    expect_refused("");
    expect_refused("/tmp/");
    if (!is_emulated())
        expect_refused("/tmp");
    expect_refused("target/file");
    expect_file("target", "target");
    ck_assert_int_eq(entries(), 4);
    remove_folder();
}
END_TEST

START_TEST(F2_a_file_without_a_name_is_refused)
{
    lg_whole_file *file;
    const char *const names[] = {"", NULL};
    for (int i = 0; i < 2; i++) {
        lg_error *err = lg_whole_file_open(names[i], 0600, 0, &file);
        ck_assert(lg_error_is_errno(err, ENOENT));
        ck_assert_ptr_null(file);
        lg_error_free(err);
    }
}
END_TEST

START_TEST(F2_what_came_under_the_name_meanwhile_is_not_replaced)
{
    lg_whole_file *file;
    in_a_folder();
    put("target", "target");
    expect_ok(lg_whole_file_open("file", 0600, 0, &file));
    ck_assert_int_eq(symlink("target", "file"), 0);
    lg_error *err = lg_whole_file_commit(file);
    ck_assert(lg_error_is_errno(err, ELOOP));
    lg_error_free(err);
    lg_whole_file_close(file, NULL);
    ck_assert_int_eq(entries(), 2);
    remove_folder();
}
END_TEST

START_TEST(F3_a_leftover_is_removed_and_one_in_use_is_not)
{
    in_a_folder();
    put(".file.lg-0~", "left by one that was killed");
    put(".file.lg-1~", "in use");
    put(".file.lg-3~", "left by one that was killed");
    put(".other.lg-0~", "another's");
    int fd = open(".file.lg-1~", O_RDONLY);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    expect_ok(lg_whole_file_save("file", 0600, "text", 4));
    expect_file("file", "text");
    expect_file(".file.lg-1~", "in use");
    expect_file(".other.lg-0~", "another's");
    ck_assert_int_eq(entries(), 3);
    close(fd);
    remove_folder();
}
END_TEST

START_TEST(F3_several_writers_do_not_disturb_each_other)
{
    lg_whole_file *a, *b;
    in_a_folder();
    expect_ok(lg_whole_file_open("file", 0600, 0, &a));
    expect_ok(lg_whole_file_open("file", 0600, 0, &b));
    expect_ok(lg_whole_file_write(a, "aaaa", 4));
    expect_ok(lg_whole_file_write(b, "bb", 2));
    expect_ok(lg_whole_file_commit(b));
    expect_file("file", "bb");
    expect_ok(lg_whole_file_commit(a));
    expect_file("file", "aaaa");
    lg_whole_file_close(a, NULL);
    lg_whole_file_close(b, NULL);
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

/* As in the sandbox of a seccomp filter or a security module. */
START_TEST(F1_where_no_hard_link_is_allowed_the_content_is_copied)
{
    static const int refusals[] = {EPERM, EACCES, ENOSYS, EINVAL, EOPNOTSUPP};
    in_a_folder();
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        lg_whole_file *file;
        unlink("a");
        if (i % 2 != 0)
            put("a", "old");
        expect_ok(lg_whole_file_open("a", 0640, i % 2 != 0 ? LG_WHOLE_FILE_KEEP : 0, &file));
        expect_ok(lg_whole_file_write(file, "first,", 6));
        fputs(" second", lg_whole_file_stream(file));
        links_refused = refusals[i];
        errno = EDOM;
        expect_ok(lg_whole_file_commit(file));
        ck_assert_int_eq(errno, EDOM);
        links_refused = 0;
        lg_whole_file_close(file, NULL);
        expect_file("a", "first, second");
        ck_assert_int_eq(entries(), 1);
    }
    remove_folder();
}
END_TEST

START_TEST(F4_a_copy_that_fails_leaves_the_old_content)
{
    static const struct {
        enum failure what;
        int number;
    } failures[] = {{AN_OPEN, EMFILE}, {A_CREATE, EACCES}, {A_READ, EIO}, {A_WRITE, ENOSPC}};
    in_a_folder();
    put("a", "old");
    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
        lg_whole_file *file;
        expect_ok(lg_whole_file_open("a", 0640, 0, &file));
        expect_ok(lg_whole_file_write(file, "new", 3));
        links_refused = EPERM;
        next_to_fail = failures[i].what;
        lg_error *err = lg_whole_file_commit(file);
        links_refused = 0;
        ck_assert_int_eq(next_to_fail, NOTHING);
        ck_assert_int_eq(lg_error_errno(err), failures[i].number);
        lg_error_free(err);
        lg_whole_file_close(file, NULL);
        expect_file("a", "old");
        ck_assert_int_eq(entries(), 1);
    }
    remove_folder();
}
END_TEST

START_TEST(F4_what_cannot_be_synchronised_is_not_put_in_place)
{
    in_a_folder();
    put("a", "old");
    lg_whole_file *file;
    expect_ok(lg_whole_file_open("a", 0640, 0, &file));
    expect_ok(lg_whole_file_write(file, "new", 3));
    next_to_fail = A_SYNC;
    lg_error *err = lg_whole_file_commit(file);
    ck_assert_int_eq(lg_error_errno(err), EIO);
    lg_error_free(err);
    lg_whole_file_close(file, NULL);
    expect_file("a", "old");
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

/* Each name is tried; what holds one, and is nobody's, goes. */
START_TEST(F3_a_name_that_is_taken_meanwhile_is_passed_over)
{
    in_a_folder();
    leftover_comes = true;
    expect_ok(lg_whole_file_save("a", 0640, "new", 3));
    ck_assert(!leftover_comes);
    expect_file("a", "new");
    ck_assert_int_eq(entries(), 1);
    links_refused = EEXIST;
    lg_error *err = lg_whole_file_save("a", 0640, "newer", 5);
    links_refused = 0;
    ck_assert_str_eq(lg_error_message(err), "make a temporary beside a: no name is free");
    lg_error_free(err);
    expect_file("a", "new");
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

START_TEST(F1_without_proc_the_temporary_has_a_name)
{
    lg_whole_file *file;
    in_a_folder();
    next_to_fail = AN_ACCESS;
    expect_ok(lg_whole_file_open("a", 0640, 0, &file));
    ck_assert_int_eq(entries(), 1);
    expect_ok(lg_whole_file_write(file, "new", 3));
    next_to_fail = A_REMOVAL;
    lg_error *err = NULL;
    lg_whole_file_close(file, &err);
    ck_assert_str_eq(lg_error_message(err), "remove .a.lg-0~ beside a: Operation not permitted");
    lg_error_free(err);
    ck_assert_int_eq(entries(), 1);
    expect_ok(lg_whole_file_save("a", 0640, "newer", 5)); /* which removes what was left */
    expect_file("a", "newer");
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

START_TEST(G6_a_file_that_is_replaced_or_cannot_be_keeps_errno)
{
    in_a_folder();
    errno = EDOM;
    expect_ok(lg_whole_file_save("a", 0600, "text", 4));
    ck_assert_int_eq(errno, EDOM);
    lg_error_free(lg_whole_file_save("none/a", 0600, "text", 4));
    ck_assert_int_eq(errno, EDOM);
    remove_folder();
}
END_TEST

START_TEST(F4_a_failed_write_fails_the_commit)
{
    lg_whole_file *file;
    struct rlimit limit;
    in_a_folder();
    put("file", "old");
    signal(SIGXFSZ, SIG_IGN);
    expect_ok(lg_whole_file_open("file", 0600, 0, &file));
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    const rlim_t before = limit.rlim_cur;
    limit.rlim_cur = 10;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    lg_error_free(lg_whole_file_write(file, "more than ten bytes", 19)); /* nobody looks */
    lg_error *err = lg_whole_file_commit(file);
    ck_assert(lg_error_is_errno(err, EFBIG));
    lg_error_free(err);
    lg_whole_file_close(file, NULL);
    expect_ok(lg_whole_file_open("file", 0600, 0, &file));
    fputs("more than ten bytes", lg_whole_file_stream(file));
    err = lg_whole_file_write(file, "x", 1);
    ck_assert(lg_error_is_errno(err, EFBIG));
    lg_error_free(err);
    err = lg_whole_file_commit(file);
    ck_assert(lg_error_is_errno(err, EFBIG));
    lg_error_free(err);
    lg_whole_file_close(file, NULL);
    limit.rlim_cur = before;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    expect_file("file", "old");
    ck_assert_int_eq(entries(), 1);
    remove_folder();
}
END_TEST

START_TEST(F4_a_close_that_fails_after_the_commit_is_reported)
{
    in_a_folder();
    for (int commits = 0; commits < 2; commits++) {
        lg_whole_file *file;
        lg_error *err = NULL;
        expect_ok(lg_whole_file_open("a", 0644, 0, &file));
        expect_ok(lg_whole_file_write(file, "new", 3));
        if (commits)
            expect_ok(lg_whole_file_commit(file));
        ck_assert_int_eq(close(lg_whole_file_fd(file)), 0); /* so it fails a second time */
        lg_whole_file_close(file, &err);
        if (!commits) {
            ck_assert_ptr_null(err);
            continue;
        }
        ck_assert_str_eq(lg_error_message(err), "close a: Bad file descriptor");
        ck_assert_int_eq(lg_error_errno(err), EBADF);
        lg_error_free(err);
        expect_file("a", "new");
    }
    remove_folder();
}
END_TEST

START_TEST(F5_owner_mode_and_attributes_are_kept_if_asked)
{
    lg_whole_file *file;
    char value[8] = "";
    in_a_folder();
    put("file", "old");
    ck_assert_int_eq(chmod("file", 0604), 0);
    bool attributes = setxattr("file", "user.colour", "red", 3, 0) == 0;
    bool root = geteuid() == 0 && chown("file", 1, 2) == 0;
    expect_ok(lg_whole_file_open("file", 0600, LG_WHOLE_FILE_KEEP, &file));
    ck_assert_uint_eq(mode_of(lg_whole_file_fd(file)), 0604);
    expect_ok(lg_whole_file_write(file, "new", 3));
    expect_ok(lg_whole_file_commit(file));
    struct stat status;
    ck_assert_int_eq(fstat(lg_whole_file_fd(file), &status), 0);
    ck_assert_uint_eq(status.st_mode & 07777, 0604);
    if (root)
        ck_assert(status.st_uid == 1 && status.st_gid == 2);
    if (attributes) {
        ck_assert_int_eq(getxattr("file", "user.colour", value, sizeof(value)), 3);
        ck_assert_str_eq(value, "red");
    }
    lg_whole_file_close(file, NULL);
    expect_ok(lg_whole_file_open("fresh", 0640, LG_WHOLE_FILE_KEEP, &file));
    ck_assert_uint_eq(mode_of(lg_whole_file_fd(file)) & 0700, 0600);
    lg_whole_file_close(file, NULL);
    remove_folder();
}
END_TEST

RUN_TESTS(
    "file/whole_file", F1_a_file_appears_when_it_is_committed,
    F1_what_is_not_committed_leaves_nothing, F1_a_new_file_and_one_in_another_folder,
    F2_only_regular_files_are_replaced_and_no_link_is_followed, F2_a_file_without_a_name_is_refused,
    F2_what_came_under_the_name_meanwhile_is_not_replaced,
    F3_a_leftover_is_removed_and_one_in_use_is_not, F3_several_writers_do_not_disturb_each_other,
    F1_where_no_hard_link_is_allowed_the_content_is_copied,
    F4_a_copy_that_fails_leaves_the_old_content, F4_what_cannot_be_synchronised_is_not_put_in_place,
    F3_a_name_that_is_taken_meanwhile_is_passed_over, F1_without_proc_the_temporary_has_a_name,
    G6_a_file_that_is_replaced_or_cannot_be_keeps_errno, F4_a_failed_write_fails_the_commit,
    F4_a_close_that_fails_after_the_commit_is_reported,
    F5_owner_mode_and_attributes_are_kept_if_asked)
