/* Every allocation of a run fails once: whatever happens, a panic included, what was acquired is released.
 * Linked with --wrap=malloc and --wrap=realloc. */
#define _GNU_SOURCE
#include "child.h"
#include "run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "testing/suite.h"

/* NOLINTBEGIN(misc-use-internal-linkage): the linker's names */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

/* NOLINTEND(misc-use-internal-linkage) */

static int calls_left = -1; /* until one fails */

static int fails(void)
{
    if (calls_left < 0)
        return 0;
    calls_left--;
    return calls_left < 0;
}

/* NOLINTNEXTLINE(misc-use-internal-linkage) */
void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

/* NOLINTNEXTLINE(misc-use-internal-linkage) */
void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

/* More cleanups than a scope takes without allocating. */
static const char jobs[] =
    "A=$(mkdir one; echo one)\n"
    "defer rmdir $A\n"
    "mkdir two\n"
    "defer rmdir two\n"
    "sleep 97.531 &\n"
    "PID=$!\n"
    "defer kill $PID\n"
    "mkdir 3\ndefer rmdir 3\nmkdir 4\ndefer rmdir 4\nmkdir 5\ndefer rmdir 5\n"
    "mkdir 6\ndefer rmdir 6\nmkdir 7\ndefer rmdir 7\nmkdir 8\ndefer rmdir 8\n"
    "mkdir 9\ndefer rmdir 9\ndefer true\nfalse\n";

/* Returns the exit status; *reached: whether there was an allocation of this number. */
static int run_with_failure(int number, int *reached)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        int fd = open("told", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
            _exit(98);
        struct birth birth;
        birth_take(&birth);
        calls_left = number;
        int status = run_job_file("jobs",
                                  &(struct run_options){.grace = LG_SECOND, .birth = &birth});
        int untouched = calls_left >= 0;
        calls_left = -1;
        if (untouched && write(ends[1], "x", 1) != 1)
            _exit(99);
        _exit(status);
    }
    close(ends[1]);
    char byte;
    *reached = read(ends[0], &byte, 1) != 1;
    close(ends[0]);
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status), "allocation %d: ended by a signal", number);
    return WEXITSTATUS(status);
}

START_TEST(D6_an_allocation_that_fails_loses_no_cleanup)
{
    static const char *const left[] = {"one", "two", "3", "4", "5", "6", "7", "8", "9"};
    char folder[] = "/tmp/lifoguard-memory-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    FILE *file = fopen("jobs", "we");
    ck_assert_ptr_nonnull(file);
    fputs(jobs, file);
    ck_assert_int_eq(fclose(file), 0);
    /* What the run leaves running would become our child. */
    prctl(PR_SET_CHILD_SUBREAPER, 1);

    int reached = 1, panics = 0, number = 0;
    for (; reached; number++) {
        int status = run_with_failure(number, &reached);
        ck_assert_msg(status == RUN_FAILED || status == 2, "allocation %d: exit status %d", number,
                      status);
        panics += status == 2;
        for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
            ck_assert_msg(access(left[i], F_OK) != 0, "allocation %d: %s is left, see %s/told",
                          number, left[i], folder);
        ck_assert_msg(waitpid(-1, NULL, WNOHANG) < 0, "allocation %d: a process is left", number);
    }
    ck_assert_int_gt(number, 100);
    ck_assert_int_gt(panics, 0);
    printf("%d allocations failed, %d of them with a panic\n", number - 1, panics);
    unlink("jobs");
    unlink("told");
    rmdir(folder);
}
END_TEST

RUN_TESTS("run/memory", D6_an_allocation_that_fails_loses_no_cleanup)
