/* allocations_test EXPECTED-FOLDER FAILING-MEMORY KEEPS PROGRAM...: runs each example once undisturbed, then
 * with its first, second, ... allocation failing, and then with that one and all later ones. Whichever
 * it is: the program ends in time and by itself, says so if it could not do its work, nothing leaks,
 * nothing is released twice, and what was deferred has run.
 *
 * KEEPS is a program that only runs goroutines: what it leaves allocated, others may too. With goroutines two runs
 * need not allocate the same number of blocks, so that it may happen that none fails. */
#define _GNU_SOURCE
#include "observed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 300, OUTPUT_SIZE = 64 * 1024, LINES = 1000, PANICKED = 2 };

static const char *expected_folder;
static char folder[] = "/tmp/lifoguard-allocations-XXXXXX";
static char
    failing_memory[sizeof(folder) + 8]; /* a link, as LD_PRELOAD takes no path with a space */
static struct observed *observed, kept; /* of this run; of keeps.c's */
static int observed_fd;

/* A run: which it is, and what came of it. */
static struct run {
    const char *program; /* without its folder */
    long fails_at;
    int and_all_after;
    int wait_status;
    char output[OUTPUT_SIZE], messages[OUTPUT_SIZE]; /* stdout, stderr */
} now;

static int failures;

static void fail(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));
static void fail(const char *format, ...)
{
    failures++;
    printf("FAIL: %s, allocation %ld%s%s%s: ", now.program, now.fails_at,
           now.and_all_after ? " and all after" : "", now.fails_at ? " at " : "",
           observed->failed_at);
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
}

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

/* ---- running ---- */

static int memory_file(size_t size)
{
    int fd = memfd_create("allocations", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
        give_up("memfd_create");
    return fd;
}

static void read_all(int fd, char *text)
{
    ssize_t length = pread(fd, text, OUTPUT_SIZE - 1, 0);
    text[length > 0 ? length : 0] = '\0';
    close(fd);
}

static void execute(const char *path, int output, int messages)
{
    char plan[64];
    int fd = dup(observed_fd); /* without close-on-exec */
    snprintf(plan, sizeof(plan), "%d %ld %d", fd, now.fails_at, now.and_all_after);
    int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    struct rlimit no_core = {0, 0}, small = {OUTPUT_SIZE, OUTPUT_SIZE};
    bool ready = fd >= 0 && in >= 0 && dup2(in, 0) == 0 && dup2(output, 1) == 1 &&
                 dup2(messages, 2) == 2 && chdir(folder) == 0 &&
                 setenv(OBSERVED_VARIABLE, plan, 1) == 0 && setenv("TMPDIR", folder, 1) == 0 &&
                 setenv("LD_PRELOAD", failing_memory, 1) == 0 &&
                 setrlimit(RLIMIT_CORE, &no_core) == 0 && setrlimit(RLIMIT_FSIZE, &small) == 0;
    alarm(SECONDS);
    if (ready)
        execl(path, path, strcmp(now.program, "transform") == 0 ? "input" : NULL, "output", NULL);
    _exit(99);
}

static void run(const char *path, long fails_at, int and_all_after)
{
    now.fails_at = fails_at;
    now.and_all_after = and_all_after;
    memset(observed, 0, sizeof(*observed));
    int output = memory_file(0), messages = memory_file(0);
    pid_t child = fork();
    if (child < 0)
        give_up("fork");
    if (child == 0)
        execute(path, output, messages);
    while (waitpid(child, &now.wait_status, 0) != child)
        ;
    read_all(output, now.output);
    read_all(messages, now.messages);
}

/* ---- judging ---- */

static bool speaks_of_memory(const char *text)
{
    return strcasestr(text, "memory") != NULL;
}

/* Two mistakes write to a full disk; a stream that gets no buffer finds out at another place. A thread for which there is no
 * memory fails with EAGAIN. */
static bool speaks_of_failure(const char *text)
{
    if (strcmp(now.program, "stopping_in_order") == 0 && strstr(text, strerror(EAGAIN)))
        return true;
    bool disk_is_full = strcmp(now.program, "mistake_dropping_the_error_of_a_close") == 0 ||
                        strcmp(now.program, "mistake_a_result_that_is_set_too_late") == 0;
    return speaks_of_memory(text) || (disk_is_full && (strstr(text, "No space left on device") ||
                                                       strstr(text, "earlier read or write")));
}

/* Out of memory, lg_error_wrap returns its cause as it is: a part that ends with a colon is missing. */
static bool has_lost_its_context(const char *line, const char *expected)
{
    size_t length = strlen(line), more = strlen(expected) - length;
    if (strlen(expected) < length + 2)
        return false;
    for (size_t at = 0; at <= length && strncmp(line, expected, at) == 0; at++) {
        if (strcmp(line + at, expected + at + more) == 0 &&
            strncmp(expected + at + more - 2, ": ", 2) == 0)
            return true;
    }
    return false;
}

/* A line that begins with ~ is an extended regular expression, as in tests/examples. */
static bool matches(const char *line, const char *expected)
{
    if (expected[0] != '~')
        return strcmp(line, expected) == 0;
    char pattern[1024];
    regex_t compiled;
    snprintf(pattern, sizeof(pattern), "^(%s)$", expected + 1);
    if (regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        give_up(pattern);
    bool result = regexec(&compiled, line, 0, NULL, 0) == 0;
    regfree(&compiled);
    return result;
}

/* The file of tests/examples that says what the program prints. NULL for transform, which prints nothing. */
static FILE *open_expected(void)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s.txt", expected_folder, now.program);
    FILE *file = fopen(path, "re");
    if (!file && strcmp(now.program, "transform") != 0)
        give_up(path);
    return file;
}

/* An error is the usual result of this example: it ends with 0 also where it could do less than usual. Its lines are some of
 * those expected, in their order, and one tells why the others are missing. */
static void judge_shorter_output(void)
{
    FILE *file = open_expected();
    char text[OUTPUT_SIZE], expected[512], *rest = strcpy(text, now.output);
    bool told = false, missing = false;
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        if (now.fails_at && speaks_of_failure(line)) {
            told = true;
            continue;
        }
        bool found = false;
        while (!found && fgets(expected, sizeof(expected), file)) {
            expected[strcspn(expected, "\n")] = '\0';
            found = matches(line, expected) ||
                    (now.fails_at && has_lost_its_context(line, expected));
            missing |= !found;
        }
        if (!found)
            fail("prints \"%s\"", line);
    }
    missing |= fgets(expected, sizeof(expected), file) != NULL;
    if (missing && !told)
        fail("lines are missing, and none tells why:\n%s", now.output);
    fclose(file);
}

/* Each line as it should be, in the form that check.sh reads, but for those that tell of the failure. */
static void judge_output(void)
{
    if (strcmp(now.program, "stopping_in_order") == 0) {
        judge_shorter_output();
        return;
    }
    FILE *file = open_expected();
    char text[OUTPUT_SIZE], expected[512], *rest = strcpy(text, now.output);
    while (file && fgets(expected, sizeof(expected), file)) {
        expected[strcspn(expected, "\n")] = '\0';
        const char *wanted = expected;
        int least = 1, most = 1, length = 0;
        /* NOLINTNEXTLINE(bugprone-unchecked-string-to-number-conversion,cert-err34-c): its own file */
        if (sscanf(expected, "{%d,%d} %n", &least, &most, &length) == 2)
            wanted += length;
        for (int i = 0; i < most; i++) {
            if (i >= least && (!rest || strncmp(rest, wanted, strlen(wanted)) != 0))
                break;
            const char *line = rest ? strsep(&rest, "\n") : "";
            if (!matches(line, wanted) &&
                !(now.fails_at && (speaks_of_failure(line) || has_lost_its_context(line, wanted))))
                fail("prints \"%s\", not \"%s\"", line, wanted);
        }
    }
    if (rest && *rest)
        fail("prints also \"%s\"", rest);
    if (file)
        fclose(file);
}

/* Once the first of these has been printed, something was deferred that prints the second ("" is
 * there from the beginning). */
static const struct {
    const char *program, *first, *second;
} owed[] = {
    {"a_single_defer", "", "cleanup\n"},
    {"last_in_first_out", "", "third defer\nsecond defer\nfirst defer\n"},
    {"arguments_are_taken_at_the_defer", "", "deferred: 10\n"},
    {"a_block_sees_the_variable", "", "deferred: 99\n"},
    {"cleanup_on_panic", "", "cleanup ran\nrecovered: oh no\n"},
    {"a_goroutines_own_defers", "goroutine work\n", "goroutine cleanup\n"},
    {"order_of_deferred_calls", "", "e\nd\nb\n"},
    {"a_snapshot_before_the_loop", "", "i = 0\n"},
    {"tracing_a_function", "[ENTER doWork]\n", "[EXIT doWork"},
    {"tracing_a_function", "[ENTER mayCrash]\n", "[EXIT mayCrash"},
    {"tracing_a_function", "[ENTER mayCrash]\n", "recovered: planned\n"},
    {"a_method_through_a_pointer", "using A\n", "closing A\n"},
    {"a_registry_of_cleanups", "doing work\n", "close logger\nclose redis\nclose db\n"},
    {"a_registry_of_cleanups", "close logger\n", "close redis\nclose db\n"},
    {"a_registry_of_cleanups", "", "close db\n"}, /* whether the registry has room for it or not */
    {"errors_of_several_closes", "", "closing b\nclosing a\n"},
    {"closing_once", "", "real close\n"},
    {"a_panic_in_a_cleanup", "", "recovered: cleanup panic\n"},
    {"a_block_in_a_block", "", "4\n3\n2\n"},
    {"a_block_in_a_block", "6\n", "5\n1\n"},
    {"stopping_in_order", "start log\n", "stop log\n"},
    {"stopping_in_order", "start database\n", "stop database\n"},
    {"stopping_in_order", "start http\n", "stop http\n"},
};

static void judge_owed(void)
{
    for (size_t i = 0; i < sizeof(owed) / sizeof(*owed); i++) {
        if (strcmp(now.program, owed[i].program) != 0)
            continue;
        const char *first = strstr(now.output, owed[i].first);
        if (first && !strstr(first, owed[i].second))
            fail("a deferred call is lost: no \"%s\" in:\n%s", owed[i].second, now.output);
    }
}

static void judge_end(void)
{
    int status = WEXITSTATUS(now.wait_status);
    if (WIFSIGNALED(now.wait_status))
        fail("ends by signal %d (%s)", WTERMSIG(now.wait_status),
             WTERMSIG(now.wait_status) == SIGALRM ? "too late" : "of its own making");
    else if (!observed->started || !observed->ended)
        fail("could not be observed; status %d", status);
    else if (now.fails_at && observed->failed == 0 && !observed->threads)
        fail("nothing failed");
    else if (status == 0)
        judge_output();
    else if (status > PANICKED)
        fail("status %d", status);
    else if (!now.fails_at)
        fail("status %d undisturbed", status);
    else if (status == PANICKED &&
             (strncmp(now.messages, "panic: ", 7) != 0 ||
              !speaks_of_memory(strndupa(now.messages, strcspn(now.messages, "\n")))))
        fail("status 2 without a panic's report of memory");
    else if (!speaks_of_failure(now.messages) && !speaks_of_failure(now.output))
        fail("status %d without a word of the failure", status);
    if (strstr(now.messages, "could not be reached") || strstr(now.messages, "skipped"))
        fail("deferred calls are lost");
}

/* How many blocks from there are alive at the end of an undisturbed run; any number, if the library keeps them. */
static int usual_blocks(const struct observed *usual, const char *site)
{
    for (int i = 0; i < kept.sites; i++) {
        if (strcmp(kept.site[i].name, site) == 0)
            return INT_MAX;
    }
    for (int i = 0; i < usual->sites; i++) {
        if (strcmp(usual->site[i].name, site) == 0)
            return usual->site[i].blocks;
    }
    return 0;
}

/* The library keeps some from the first shutdown on, how many depends on who is first; a program without a shutdown leaves
 * none open. */
static int usual_descriptors(const struct observed *usual)
{
    return usual->descriptors > 0 ? kept.descriptors : 0;
}

/* A panic that ends the program takes with it, unreleased, what it carries and what its report
 * needed (libdw keeps the program's and the libraries' files open); but what was there before is
 * released. If it was a goroutine's, main has released nothing (P5). */
static void judge_resources(const struct observed *usual)
{
    bool panicked = WEXITSTATUS(now.wait_status) == PANICKED;
    if (panicked && strstr(now.messages, "\nin goroutine "))
        return;
    for (int i = 0; i < observed->sites; i++) {
        const struct site *site = &observed->site[i];
        int live = panicked ? site->old_blocks : site->blocks;
        if (live > usual_blocks(usual, site->name))
            fail("%d blocks leaked that were allocated at %s", live, site->name);
    }
    if (observed->twice || observed->unknown)
        fail("%d blocks freed twice, %d that were none, at %s", observed->twice, observed->unknown,
             observed->bad_at);
    int descriptors = observed->descriptors - (panicked ? observed->regular_files : 0);
    if (descriptors > usual_descriptors(usual))
        fail("%d descriptors leaked", descriptors);
    if (observed->pending > 0)
        fail("%d deferred calls pending after main", observed->pending);
}

/* What the program has left in its folder is reported and removed, but for transform's files. */
static void judge_folder(void)
{
    DIR *list = opendir(folder);
    if (!list)
        give_up(folder);
    for (const struct dirent *entry; (entry = readdir(list)) != NULL;) {
        const char *name = entry->d_name;
        if (name[0] == '.' || strcmp(name, "input") == 0)
            continue;
        if (strcmp(name, "output") != 0)
            fail("leaves the file %s", name);
        /* NOLINTBEGIN(clang-analyzer-unix.StdCLibraryFunctions): an open folder has a descriptor */
        if (unlinkat(dirfd(list), name, 0) != 0)
            unlinkat(dirfd(list), name, AT_REMOVEDIR);
        /* NOLINTEND(clang-analyzer-unix.StdCLibraryFunctions) */
    }
    closedir(list);
}

static void judge(const struct observed *usual)
{
    int before = failures;
    judge_end();
    judge_owed();
    judge_resources(usual);
    judge_folder();
    if (failures > before)
        printf("--- its messages:\n%s---\n", now.messages);
}

/* ---- all together ---- */

/* The programs are run in another folder. */
static const char *full_path(const char *path, char full[PATH_MAX])
{
    if (!realpath(path, full))
        give_up(path);
    return full;
}

/* The first ones each; of many that are alike, some. */
static long next_to_fail(long last, long made)
{
    enum { EACH = 100 };
    return last < EACH ? last + 1 : last + 1 + made / EACH;
}

/* Without a failure. */
static void learn_what_is_kept(const char *path)
{
    now.program = "keeps";
    run(path, 0, 0);
    kept = *observed;
    if (!observed->ended || now.wait_status != 0)
        fail("status %d: %s", now.wait_status, now.messages);
    if (observed->made == 0)
        fail("allocations are not seen");
}

/* An example that got another name would be owed nothing. */
static void look_for_those_owed(const char *path)
{
    int folder_length = (int)(strrchr(path, '/') - path);
    for (size_t i = 0; i < sizeof(owed) / sizeof(*owed); i++) {
        char example[PATH_MAX];
        snprintf(example, sizeof(example), "%.*s/%s", folder_length, path, owed[i].program);
        if (access(example, X_OK) != 0)
            fail("there is no example %s: correct the table of what is owed", owed[i].program);
    }
}

static long torture(const char *path)
{
    static const struct observed nothing;
    int ends[PANICKED + 1] = {0}, runs = 0;
    now.program = strrchr(path, '/') + 1;
    run(path, 0, 0);
    struct observed usual = *observed;
    /* The C library keeps stdout's buffer; the library and the program keep nothing. */
    for (int i = 0; i < usual.sites; i++) {
        if (strncmp(usual.site[i].name, "libc.", 5) != 0 &&
            usual_blocks(&nothing, usual.site[i].name) == 0)
            fail("%d blocks of %s are never freed", usual.site[i].blocks, usual.site[i].name);
    }
    judge(usual.sites > 0 ? &usual : &nothing);
    for (int and_all_after = 0; and_all_after <= 1; and_all_after++) {
        for (long i = 1; i <= usual.made; i = next_to_fail(i, usual.made)) {
            run(path, i, and_all_after);
            judge(&usual);
            runs++;
            if (WIFEXITED(now.wait_status) && WEXITSTATUS(now.wait_status) <= PANICKED)
                ends[WEXITSTATUS(now.wait_status)]++;
        }
    }
    printf("%-50s %4ld allocations; of %4d runs %4d end with 0, %4d with 1, %4d with a panic\n",
           now.program, usual.made, runs, ends[0], ends[1], ends[PANICKED]);
    return usual.made;
}

static void prepare(const char *library)
{
    observed_fd = memory_file(sizeof(*observed));
    observed = mmap(NULL, sizeof(*observed), PROT_READ | PROT_WRITE, MAP_SHARED, observed_fd, 0);
    if (observed == MAP_FAILED || !mkdtemp(folder))
        give_up(folder);
    snprintf(failing_memory, sizeof(failing_memory), "%s.so", folder);
    if (symlink(library, failing_memory) != 0)
        give_up(failing_memory);
    char input[sizeof(folder) + 8];
    snprintf(input, sizeof(input), "%s/input", folder);
    FILE *file = fopen(input, "we");
    if (!file)
        give_up(input);
    for (int i = 0; i < LINES; i++)
        fprintf(file, "line %03d\n", i * 7 % LINES);
    if (fclose(file) != 0)
        give_up(input);
}

static void clean_up(void)
{
    char input[sizeof(folder) + 8];
    snprintf(input, sizeof(input), "%s/input", folder);
    unlink(input);
    rmdir(folder);
    unlink(failing_memory);
}

int main(int argc, char **argv)
{
    if (argc < 5)
        return 1;
    expected_folder = argv[1];
    char memory[PATH_MAX], program[PATH_MAX];
    setvbuf(stdout, NULL, _IOLBF, 0);
    prepare(full_path(argv[2], memory));
    learn_what_is_kept(full_path(argv[3], program));
    long made = 0;
    for (int i = 4; i < argc; i++)
        made += torture(full_path(argv[i], program));
    look_for_those_owed(program);
    clean_up();
    printf("%d programs, %ld allocations, each failed alone and with all after it: %d findings\n",
           argc - 4, made, failures);
    return failures > 0;
}
