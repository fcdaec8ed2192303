/* examples/errors/transform.c with every system call and allocation failing, each in its turn, until one
 * run needs no failure any more. Each run is a process of its own. After it: the exit status and a
 * message tell the truth, the output is what it was or complete, no descriptor and no memory is
 * lost, and no temporary file left. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "transform_main.h"

#include "testing/suite.h"

/* ---- what is to go wrong ---- */

enum call { ALLOCATE, OPEN, READ, WRITE, SYNC, STAT, CLOSE, RENAME, UNLINK, CALLS };

static const char *const call_names[] = {"an allocation", "open",  "read",   "write", "fsync",
                                         "stat",          "close", "rename", "unlink"};

static struct plan {
    bool armed;
    int fails_at;       /* the number of the call; 0: none */
    bool and_all_after; /* they fail too */
    bool no_memory_after;
    bool interrupts; /* it fails with EINTR, if that can happen to it */
    bool dies;       /* instead of failing, the process is killed */
    bool unlink_fails;
    bool short_transfers;
} plan;

/* What came of it; the parent reads it. */
static struct outcome {
    int made;   /* calls */
    int failed; /* of them */
    int count[CALLS];
    enum call which; /* the first that failed */
    bool unlink_failed;
    int status; /* what main returned */
    long live;  /* allocations that were not freed */
    int lost_descriptors;
    int leaked; /* LeakSanitizer's opinion */
} *outcome;

static bool can_be_interrupted(enum call call)
{
    return call == OPEN || call == READ || call == WRITE || call == SYNC || call == CLOSE;
}

static bool fails(enum call call)
{
    if (!plan.armed)
        return false;
    outcome->count[call]++;
    int number = ++outcome->made;
    bool is_first = number == plan.fails_at;
    bool is_later = plan.fails_at && number > plan.fails_at;
    bool fails_now = is_first || (is_later && (plan.and_all_after ||
                                               (plan.no_memory_after && call == ALLOCATE)));
    if (plan.interrupts && !can_be_interrupted(call))
        fails_now = false;
    if (fails_now && plan.dies)
        raise(SIGKILL);
    if (fails_now && outcome->failed++ == 0)
        outcome->which = call;
    if (call == UNLINK && plan.unlink_fails)
        fails_now = true;
    if (call == UNLINK && fails_now)
        outcome->unlink_failed = true;
    if (fails_now)
        errno = plan.interrupts ? EINTR : call == ALLOCATE ? ENOMEM : EIO;
    return fails_now;
}

/* ---- the calls: the linker sends them here ---- */

/* NOLINTBEGIN(bugprone-reserved-identifier,misc-use-internal-linkage): these are the names that --wrap gives. */
#define WRAPPED(result, name, ...)                                                                 \
    result __real_##name(__VA_ARGS__);                                                             \
    result __wrap_##name(__VA_ARGS__);                                                             \
    result __wrap_##name(__VA_ARGS__)

WRAPPED(void *, malloc, size_t size)
{
    void *block = fails(ALLOCATE) ? NULL : __real_malloc(size);
    if (plan.armed && block)
        outcome->live++;
    return block;
}

WRAPPED(void *, calloc, size_t count, size_t size)
{
    void *block = fails(ALLOCATE) ? NULL : __real_calloc(count, size);
    if (plan.armed && block)
        outcome->live++;
    return block;
}

WRAPPED(void *, realloc, void *block, size_t size)
{
    void *moved = fails(ALLOCATE) ? NULL : __real_realloc(block, size);
    if (plan.armed && moved && !block)
        outcome->live++;
    return moved;
}

WRAPPED(void, free, void *block)
{
    if (plan.armed && block)
        outcome->live--;
    __real_free(block);
}

static mode_t mode_of(int flags, va_list arguments)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, mode_t) : 0;
}

WRAPPED(int, open, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return fails(OPEN) ? -1 : __real_open(path, flags, mode);
}

WRAPPED(int, open64, const char *path, int flags, ...)
{
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return fails(OPEN) ? -1 : __real_open64(path, flags, mode);
}

/* After a failure of the real one there is a descriptor less all the same. */
WRAPPED(int, close, int fd)
{
    int result = __real_close(fd);
    return fails(CLOSE) ? -1 : result;
}

WRAPPED(ssize_t, read, int fd, void *buffer, size_t size)
{
    if (fails(READ))
        return -1;
    return __real_read(fd, buffer, plan.short_transfers && size > 7 ? 7 : size);
}

WRAPPED(ssize_t, write, int fd, const void *data, size_t size)
{
    if (fails(WRITE))
        return -1;
    return __real_write(fd, data, plan.short_transfers && size > 7 ? 7 : size);
}

WRAPPED(int, fsync, int fd)
{
    return fails(SYNC) ? -1 : __real_fsync(fd);
}

WRAPPED(int, fstat, int fd, struct stat *status)
{
    return fails(STAT) ? -1 : __real_fstat(fd, status);
}

WRAPPED(int, fstat64, int fd, struct stat64 *status)
{
    return fails(STAT) ? -1 : __real_fstat64(fd, status);
}

WRAPPED(int, lstat, const char *path, struct stat *status)
{
    return fails(STAT) ? -1 : __real_lstat(path, status);
}

WRAPPED(int, lstat64, const char *path, struct stat64 *status)
{
    return fails(STAT) ? -1 : __real_lstat64(path, status);
}

WRAPPED(int, rename, const char *from, const char *to)
{
    return fails(RENAME) ? -1 : __real_rename(from, to);
}

WRAPPED(int, unlink, const char *path)
{
    return fails(UNLINK) ? -1 : __real_unlink(path);
}
/* NOLINTEND(bugprone-reserved-identifier,misc-use-internal-linkage) */

/* ---- a run ---- */

static char directory[] = "/tmp/lifoguard-transform-XXXXXX";
static char input[64], output[64], messages[64];
static char *unsorted, *sorted;
static const char OLD[] = "what was there before\n";

enum { LINES = 1000 };

static void put_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

/* NULL if there is none. */
static char *get_file(const char *path)
{
    static char text[64 * 1024];
    FILE *file = fopen(path, "r");
    if (!file)
        return NULL;
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void prepare(void)
{
    outcome = mmap(NULL, sizeof(*outcome), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                   0);
    ck_assert_ptr_ne(outcome, MAP_FAILED);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(input, sizeof(input), "%s/input", directory);
    snprintf(output, sizeof(output), "%s/output", directory);
    snprintf(messages, sizeof(messages), "%s/messages", directory);
    unsorted = calloc(LINES, 16);
    sorted = calloc(LINES, 16);
    char *to = unsorted, *in = sorted;
    for (int i = 0; i < LINES; i++) {
        /* 7 and 1,000 have no common divisor: each number comes once. */
        to += sprintf(to, "line %03d\n", (i * 7 + 3) % LINES);
        in += sprintf(in, "line %03d\n", i);
    }
    to[-1] = '\0'; /* no line feed at the end of the input */
    put_file(input, unsorted);
}

static void clean_up(void)
{
    unlink(input);
    unlink(output);
    unlink(messages);
    rmdir(directory);
}

static int open_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

/* In the child. */
static void run(void)
{
    int fd = open(messages, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd == -1 || dup2(fd, STDERR_FILENO) == -1)
        _exit(99);
    close(fd);
    char *arguments[] = {(char[]){"transform"}, input, output, NULL};
    int before = open_descriptors();
    plan.armed = true;
    outcome->status = transform_main(3, arguments);
    plan.armed = false;
    outcome->lost_descriptors = open_descriptors() - before;
    fflush(stderr);
    if (__lsan_do_recoverable_leak_check)
        outcome->leaked = __lsan_do_recoverable_leak_check();
    _exit(0);
}

/* Temporary files that are still there are counted, and removed. */
static int left_over(void)
{
    int count = 0;
    DIR *listing = opendir(directory);
    ck_assert_ptr_nonnull(listing);
    for (struct dirent *entry; (entry = readdir(listing)) != NULL;) {
        char path[512];
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(path, input) != 0 && strcmp(path, output) != 0 &&
            strcmp(path, messages) != 0) {
            unlink(path);
            count++;
        }
    }
    closedir(listing);
    return count;
}

/* Returns whether the new output is there. */
static bool check_output(const char *old)
{
    const char *text = get_file(output);
    if (text && strcmp(text, sorted) == 0)
        return true;
    if (old)
        ck_assert_pstr_eq(text, old);
    else
        ck_assert_ptr_null(text);
    return false;
}

/* One run, and what holds after each. Returns whether the new output is there. */
static bool try_plan(struct plan now, const char *old)
{
    memset(outcome, 0, sizeof(*outcome));
    unlink(output);
    if (old)
        put_file(output, old);
    plan = now;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0)
        run();
    plan = (struct plan){.armed = false};
    int status;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    bool is_new = check_output(old);
    if (now.dies) {
        outcome->failed += WIFSIGNALED(status);
        left_over(); /* nobody could remove it */
        return is_new;
    }
    const char *text = get_file(messages);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "call %d: status %#x: %s",
                  now.fails_at, (unsigned)status, text);
    const char *what = call_names[outcome->which];
    ck_assert_msg(outcome->lost_descriptors == 0, "call %d, %s: %d descriptors lost", now.fails_at,
                  what, outcome->lost_descriptors);
    ck_assert_msg(outcome->live == 0 && outcome->leaked == 0,
                  "call %d, %s: %ld allocations lost: %s", now.fails_at, what, outcome->live, text);
    int left = left_over();
    ck_assert_msg(left == outcome->unlink_failed, "call %d, %s: %d files left", now.fails_at, what,
                  left);
    /* The new output and a success, or the old one and an error; nothing in between. */
    ck_assert_msg(outcome->status == (is_new ? 0 : 1), "call %d, %s: status %d: %s", now.fails_at,
                  what, outcome->status, text);
    ck_assert_msg((text[0] != '\0') == !is_new, "call %d, %s: says \"%s\"", now.fails_at, what,
                  text);
    return is_new;
}

static void says(const char *expected)
{
    const char *text = get_file(messages);
    ck_assert_msg(strstr(text, expected) != NULL, "\"%s\" is not in: %s", expected, text);
}

/* ---- the tests: each once with no output before, and once with an old one ---- */

static const char *const before[] = {NULL, OLD};

START_TEST(E6_nothing_fails)
{
    ck_assert(try_plan((struct plan){.fails_at = 0}, before[_i]));
    /* Every kind of call is made, so that its failing is tried; but for unlink. */
    for (int call = 0; call < CALLS; call++)
        ck_assert_msg((outcome->count[call] > 0) == (call != UNLINK), "%s", call_names[call]);
    ck_assert_int_ge(outcome->made, 15);
}
END_TEST

START_TEST(E6_every_call_fails_once)
{
    int number = 0, tolerated = 0;
    do {
        bool is_new = try_plan((struct plan){.fails_at = ++number}, before[_i]);
        if (!outcome->failed)
            break;
        /* Only the size of the input, which is but a guess, is done without. */
        ck_assert_msg(!is_new || outcome->which == STAT, "%s failed unnoticed",
                      call_names[outcome->which]);
        tolerated += is_new;
        if (!is_new)
            says(outcome->which == ALLOCATE ? "out of memory" : "Input/output error");
    } while (true);
    ck_assert_int_eq(tolerated, 1);
    ck_assert_int_ge(number, 15);
}
END_TEST

START_TEST(E6_every_call_is_interrupted_once)
{
    int number = 0, interrupted = 0;
    int calls;
    do {
        ck_assert(try_plan((struct plan){.fails_at = ++number, .interrupts = true}, before[_i]));
        interrupted += outcome->failed;
        calls = outcome->made;
    } while (number < calls);
    ck_assert_int_ge(interrupted, 8);
    ck_assert(try_plan((struct plan){.short_transfers = true}, before[_i]));
    ck_assert_int_ge(outcome->made, 2L * LINES);
}
END_TEST

START_TEST(E6_every_call_and_all_after_it_fail)
{
    int number = 0;
    do {
        bool is_new = try_plan((struct plan){.fails_at = ++number, .and_all_after = true},
                               before[_i]);
        if (!outcome->failed)
            break;
        ck_assert(!is_new);
    } while (true);
    ck_assert_int_ge(number, 15);
}
END_TEST

START_TEST(E7_every_call_fails_and_then_there_is_no_memory)
{
    int number = 0;
    do {
        bool is_new = try_plan((struct plan){.fails_at = ++number, .no_memory_after = true},
                               before[_i]);
        if (!outcome->failed)
            break;
        ck_assert(!is_new);
        /* Of another failure too, no memory is left to tell. */
        says("out of memory");
    } while (true);
    ck_assert_int_ge(number, 15);
}
END_TEST

START_TEST(E6_every_call_fails_and_the_temporary_file_stays)
{
    int number = 0, stayed = 0;
    do {
        try_plan((struct plan){.fails_at = ++number, .unlink_fails = true}, before[_i]);
        if (!outcome->failed)
            break;
        if (outcome->unlink_failed) {
            says(": Input/output error; remove ");
            says(".tmp: Input/output error");
            stayed++;
        }
    } while (true);
    ck_assert_int_ge(stayed, 4); /* write, fsync, close, rename */
}
END_TEST

START_TEST(D10_every_call_is_the_last)
{
    int number = 0, complete = 0;
    do
        complete += try_plan((struct plan){.fails_at = ++number, .dies = true}, before[_i]);
    while (outcome->failed);
    ck_assert_int_ge(number, 15);
    ck_assert_int_ge(complete, 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_loop_test(tests, E6_nothing_fails, 0, 2);
    tcase_add_loop_test(tests, E6_every_call_fails_once, 0, 2);
    tcase_add_loop_test(tests, E6_every_call_is_interrupted_once, 0, 2);
    tcase_add_loop_test(tests, E6_every_call_and_all_after_it_fail, 0, 2);
    tcase_add_loop_test(tests, E7_every_call_fails_and_then_there_is_no_memory, 0, 2);
    tcase_add_loop_test(tests, E6_every_call_fails_and_the_temporary_file_stays, 0, 2);
    tcase_add_loop_test(tests, D10_every_call_is_the_last, 0, 2);
}

RUN_TESTS_OF("transform", add_tests)
