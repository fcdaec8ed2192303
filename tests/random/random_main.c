/* The random-program test: makes programs of the compiled shapes, runs each, and compares what it did with
 * what the model says.
 *
 *     LG_RANDOM_COUNT=100000   how many (2000)
 *     LG_RANDOM_SEED=1         where to begin; "time" for another place each time
 *     random_test SEED         only this one, shown as C
 *
 * Programs run in child processes, some hundred in each, so that one that ends its process is found too. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ast.h"
#include "shapes.h"
#include "shrink.h"
#include "support.h"

enum { BATCH = 1000, TRIAL_SECONDS = 10, BATCH_SECONDS = 200 };

static struct shared {
    unsigned long long at; /* seed of the program being run */
    bool differs;
    unsigned long uncaught; /* tried in processes of their own */
    struct coverage coverage;
    unsigned long rejected;
} *shared;

static struct shapes shapes;
/* What holds them; known to the children, which exit without giving it back. */
static struct arena *shapes_arena;

static struct shape **make_shapes(struct arena *arena, int count)
{
    struct shape **shape = calloc((size_t)count, sizeof(struct shape *));
    if (!shape)
        abort();
    for (int i = 0; i < count; i++)
        shape[i] = generate_shape(arena, SHAPE_SEED + (unsigned long long)i, false);
    return shape;
}

/* What the trace is when nothing stops the panic at the outermost call. False: not such a program, or its
 * chain of panics is not shown in full. */
static bool expect_uncaught(const char *expected, char *trace)
{
    const char *chain = strstr(expected, "U[");
    const char *end = chain ? strchr(chain, ']') : NULL;
    int links = 0;
    for (const char *p = chain; p && p < end; p++)
        links += *p == '<';
    if (!end || links > 6)
        return false;
    snprintf(trace, TRACE_SIZE, "%.*s status 2", (int)(end + 1 - expected), expected);
    return true;
}

/* Runs the program; if it does otherwise than expected, `expected` and `actual` are what differs. */
static bool differs(const struct program *program, bool in_every_way, char *expected, char *actual)
{
    enum { THREADS = 3 };
    static char traces[THREADS][TRACE_SIZE], uncaught[TRACE_SIZE];

    execute(program, actual);
    if (strcmp(expected, actual) != 0)
        return true;
    if (in_every_way || program->seed % 8 == 0) {
        execute_together(program, traces, THREADS);
        for (int i = 0; i < THREADS; i++) {
            if (strcmp(expected, traces[i]) != 0) {
                memcpy(actual, traces[i], TRACE_SIZE);
                return true;
            }
        }
    }
    if ((in_every_way || program->seed % 64 == 0) && expect_uncaught(expected, uncaught)) {
        execute_uncaught(program, actual);
        memcpy(expected, uncaught, TRACE_SIZE);
        shared->uncaught++;
        return strcmp(expected, actual) != 0;
    }
    return false;
}

static void child(unsigned long long seed, unsigned count)
{
    static struct program program;
    static char expected[TRACE_SIZE], actual[TRACE_SIZE];
    struct arena *arena = arena_new();

    alarm(BATCH_SECONDS);
    for (; count > 0; seed++) {
        arena_reset(arena);
        generate_program(arena, &program, seed, &shapes, false);
        shared->at = seed;
        if (!model_run(&program, expected, &shared->coverage)) {
            shared->rejected++;
            continue;
        }
        count--;
        if (differs(&program, false, expected, actual)) {
            shared->differs = true;
            _exit(1);
        }
    }
    shared->at = seed;
    arena_free(arena);
    model_end();
    exit(0);
}

/* Runs the program in a child; true if it does anything else than what the model says. */
static bool fails_in_child(const struct program *program, bool show)
{
    static char expected[TRACE_SIZE], actual[TRACE_SIZE];
    struct coverage coverage = {0};
    int status;

    if (!model_run(program, expected, &coverage))
        return false;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(TRIAL_SECONDS);
        if (!show && !freopen("/dev/null", "w", stderr))
            _exit(1);
        bool different = differs(program, true, expected, actual);
        if (show)
            printf("\nexpected: %s\nactual:   %s\n", expected, actual);
        fflush(NULL);
        _exit(different);
    }
    if (waitpid(pid, &status, 0) != pid)
        return false;
    if (show && WIFSIGNALED(status))
        printf("\nexpected: %s\nended by signal %d\n", expected, WTERMSIG(status));
    else if (show && WEXITSTATUS(status) > 1)
        printf("\nexpected: %s\nended with status %d\n", expected, WEXITSTATUS(status));
    return status != 0;
}

static bool fails(const struct program *program)
{
    return fails_in_child(program, false);
}

static void report(unsigned long long seed)
{
    static struct program program;
    struct arena *arena = arena_new();

    printf("FAIL: the program of seed %llu; again with LG_RANDOM_COUNT=1 LG_RANDOM_SEED=%llu\n",
           seed, seed);
    generate_program(arena, &program, seed, &shapes, false);
    fails_in_child(&program, true);
    if (!fails(&program)) {
        printf("it does not fail alone\n");
        arena_free(arena);
        return;
    }
    printf("\n---- as it was\n\n");
    emit_c_program(stdout, &program, 0);
    shrink(&program, fails);
    printf("---- made smaller\n");
    fails_in_child(&program, true); /* runs the model, which notes what to write out */
    fputc('\n', stdout);
    emit_c_program(stdout, &program, 0);
    arena_free(arena);
}

static int run_batch(unsigned long long seed, unsigned count)
{
    int status;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        child(seed, count);
    if (pid < 0 || waitpid(pid, &status, 0) != pid) {
        perror("fork");
        exit(1);
    }
    if (WIFSIGNALED(status))
        printf("ended by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0 && !shared->differs)
        printf("ended with status %d\n", WEXITSTATUS(status));
    return status;
}

int main(int argc, char **argv)
{
    const char *wish = getenv("LG_RANDOM_COUNT");
    unsigned long count = wish ? strtoul(wish, NULL, 0) : 2000;
    wish = argc > 1 ? argv[1] : getenv("LG_RANDOM_SEED");
    unsigned long long seed = 1;
    if (wish)
        seed = strcmp(wish, "time") == 0 ? (unsigned long long)time(NULL) << 20
                                         : strtoull(wish, NULL, 0);

    shapes_arena = arena_new();
    struct shape **shape = make_shapes(shapes_arena, compiled_shape_count);
    shapes = (struct shapes){compiled_shape_count, shape, compiled_shapes};
    shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("mmap");
        return 1;
    }
    if (argc > 1) {
        report(seed);
        return 0;
    }
    printf("%lu programs from seed %llu\n", count, seed);
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    shared->at = seed;
    for (unsigned long left = count; left > 0;) {
        unsigned batch = left < BATCH ? (unsigned)left : BATCH;
        if (run_batch(shared->at, batch) != 0) {
            report(shared->at);
            return 1;
        }
        left -= batch;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    const struct coverage *c = &shared->coverage;
    double seconds = (double)(ended.tv_sec - began.tv_sec) +
                     (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
    printf(
        "%lu programs in %.1f s (%.0f a second), %lu not tried, on %d shapes, without a difference\n"
        "deferred calls %lu, panics %lu, replaced %lu, recovered %lu, uncaught %lu, contained %lu\n"
        "goexits %lu, threads ended by one %lu, resumed after a recovery %lu, plain returns lost %lu\n"
        "ended their process %lu\n",
        c->programs, seconds, (double)c->programs / seconds, shared->rejected, shapes.count,
        c->deferred, c->panics, c->replaced, c->recovered, c->uncaught, c->contained, c->goexits,
        c->ended_by_goexit, c->goexit_resumed, c->plain_lost, shared->uncaught);
    bool idle = count >= 2000 &&
                (!c->recovered || !c->replaced || !c->contained || !c->goexit_resumed ||
                 !c->plain_lost || !c->uncaught || !c->ended_by_goexit);
    if (idle)
        printf("FAIL: something was never tried\n");
    free(shape);
    arena_free(shapes_arena);
    return idle;
}
