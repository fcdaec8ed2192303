/* The subjects in C: by hand, with goto, with the cleanup attribute, with this library. All of them return a
 * status that is known before the cleanups run, so that none can end in a jump to the last cleanup. */
#include <lifoguard/lifoguard.h>

#include "bench.h"

#define RELEASED __attribute__((cleanup(release_pointer)))

static inline void release_pointer(struct resource **resource)
{
    bench_release(*resource);
}

/* ---- a block: two resources, three steps that may fail ------------------------------------------ */

int block_goto(struct resource *r, int n);
int block_attribute(struct resource *r, int n);
int block_defer(struct resource *r, int n);

KERNEL int block_goto(struct resource *r, int n)
{
    int status = -1;

    (void)n;
    bench_open(r);
    if (bench_work(r) < 0)
        goto close_first;
    bench_open(r);
    if (bench_work(r) < 0)
        goto close_both;
    if (bench_work(r) < 0)
        goto close_both;
    status = 0;
close_both:
    bench_release(r);
close_first:
    bench_release(r);
    return status;
}

KERNEL int block_attribute(struct resource *r, int n)
{
    (void)n;
    bench_open(r);
    struct resource *first RELEASED = r;
    if (bench_work(r) < 0)
        return -1;
    bench_open(r);
    struct resource *second RELEASED = r;
    if (bench_work(r) < 0)
        return -1;
    if (bench_work(r) < 0)
        return -1;
    return 0;
}

KERNEL int block_defer(struct resource *r, int n)
{
    (void)n;
    bench_open(r);
    lg_defer_block {
        bench_release(r);
    }
    if (bench_work(r) < 0)
        return -1;
    bench_open(r);
    lg_defer_block {
        bench_release(r);
    }
    if (bench_work(r) < 0)
        return -1;
    if (bench_work(r) < 0)
        return -1;
    return 0;
}

/* ---- 1, 2 and 8 calls --------------------------------------------------------------------------- */

#define TIMES_1(x) x(1)
#define TIMES_2(x) x(1) x(2)
#define TIMES_8(x) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8)

#define OPEN(i) bench_open(r);
#define RELEASE(i) bench_release(r);
#define OPEN_ATTRIBUTE(i)                                                                          \
    bench_open(r);                                                                                 \
    struct resource *held##i RELEASED = r;
#define OPEN_DEFER(i)                                                                              \
    bench_open(r);                                                                                 \
    lg_defer(bench_release, r);

#define CALLS(count)                                                                               \
    static KERNEL int calls_manual_##count(struct resource *r, int n)                              \
    {                                                                                              \
        (void)n;                                                                                   \
        TIMES_##count(OPEN) int status = bench_work(r);                                            \
        TIMES_##count(RELEASE) return status;                                                      \
    }                                                                                              \
    static KERNEL int calls_attribute_##count(struct resource *r, int n)                           \
    {                                                                                              \
        (void)n;                                                                                   \
        TIMES_##count(OPEN_ATTRIBUTE) return bench_work(r);                                        \
    }                                                                                              \
    static KERNEL int calls_defer_##count(struct resource *r, int n)                               \
    {                                                                                              \
        (void)n;                                                                                   \
        TIMES_##count(OPEN_DEFER) return bench_work(r);                                            \
    }
CALLS(1)
CALLS(2)
CALLS(8)

/* ---- n calls registered by a loop ----------------------------------------------------------------- */

enum { MOST = 100 };

static KERNEL int loop_manual(struct resource *r, int n)
{
    struct resource *held[MOST];
    int count = 0;

    for (int i = 0; i < n; i++) {
        bench_open(r);
        held[count++] = r;
    }
    int status = bench_work(r);
    while (count > 0)
        bench_release(held[--count]);
    return status;
}

static KERNEL int loop_scope(struct resource *r, int n)
{
    lg_scope(scope);
    for (int i = 0; i < n; i++) {
        bench_open(r);
        lg_defer_in(&scope, bench_release, r);
    }
    return bench_work(r);
}

static KERNEL int loop_adopt(struct resource *r, int n)
{
    lg_scope(scope);
    for (int i = 0; i < n; i++) {
        bench_open(r);
        lg_adopt(&scope, r, bench_release);
    }
    return bench_work(r);
}

static KERNEL int loop_move(struct resource *r, int n)
{
    lg_scope(owner);
    {
        lg_scope(scope);
        for (int i = 0; i < n; i++) {
            bench_open(r);
            lg_defer_in(&scope, bench_release, r);
        }
        lg_move(&scope, &owner);
    }
    return bench_work(r);
}

/* ---- functions with a named result, nothing deferred ------------------------------------------------ */

static KERNEL int func_plain(struct resource *r, int n)
{
    return bench_work(r) + n;
}

static KERNEL int func_lg(struct resource *r, int n)
{
    lg_func (int, status) {
        lg_return(bench_work(r) + n);
    }
}

static KERNEL int func_recovers(struct resource *r, int n)
{
    lg_func_recovers (int, status) {
        lg_return(bench_work(r) + n);
    }
}

/* ---- panic and recover, through n frames with a deferred call each ----------------------------------- */

static void stop_panic(lg_panic_info *panic)
{
    lg_recover(panic);
}

#define PANICS(name, open, panic)                                                                  \
    static KERNEL int dive_##name(struct resource *r, int n)                                       \
    {                                                                                              \
        if (n == 0) {                                                                              \
            if (bench_work(r) == 0)                                                                \
                panic;                                                                             \
            return -1;                                                                             \
        }                                                                                          \
        open(0) return dive_##name(r, n - 1) + bench_work(r);                                      \
    }                                                                                              \
    static KERNEL int panic_##name(struct resource *r, int n)                                      \
    {                                                                                              \
        lg_func_recovers (int, status) {                                                           \
            lg_defer_recover(stop_panic);                                                          \
            lg_return(dive_##name(r, n));                                                          \
        }                                                                                          \
    }

#define OPEN_BLOCK(i)                                                                              \
    bench_open(r);                                                                                 \
    lg_defer_block                                                                                 \
    {                                                                                              \
        bench_release(r);                                                                          \
    }

PANICS(message, OPEN_DEFER, lg_panic("out of paper"))
PANICS(block, OPEN_BLOCK, lg_panic("out of paper"))
PANICS(pointer, OPEN_DEFER, lg_panic_with_pointer(r))

static const struct subject subjects[] = {
    {"block_goto", block_goto, 0, 1},
    {"block_attribute", block_attribute, 0, 1},
    {"block_defer", block_defer, 0, 1},
    {"calls_manual_1", calls_manual_1, 0, 1},
    {"calls_attribute_1", calls_attribute_1, 0, 1},
    {"calls_defer_1", calls_defer_1, 0, 1},
    {"calls_manual_2", calls_manual_2, 0, 1},
    {"calls_attribute_2", calls_attribute_2, 0, 1},
    {"calls_defer_2", calls_defer_2, 0, 1},
    {"calls_manual_8", calls_manual_8, 0, 1},
    {"calls_attribute_8", calls_attribute_8, 0, 1},
    {"calls_defer_8", calls_defer_8, 0, 1},
    {"loop_manual_1", loop_manual, 1, 1},
    {"loop_scope_1", loop_scope, 1, 1},
    {"loop_manual_8", loop_manual, 8, 1},
    {"loop_scope_8", loop_scope, 8, 1},
    {"loop_adopt_8", loop_adopt, 8, 1},
    {"loop_move_8", loop_move, 8, 1},
    {"loop_manual_100", loop_manual, 100, 1},
    {"loop_scope_100", loop_scope, 100, 1},
    {"loop_move_100", loop_move, 100, 1},
    {"func_plain", func_plain, 0, 1},
    {"func_lg", func_lg, 0, 1},
    {"func_recovers", func_recovers, 0, 1},
    {"panic_message_0", panic_message, 0, 1},
    {"panic_block_0", panic_block, 0, 1},
    {"panic_pointer_0", panic_pointer, 0, 1},
    {"panic_message_5", panic_message, 5, 1},
    {"panic_block_5", panic_block, 5, 1},
    {"panic_pointer_5", panic_pointer, 5, 1},
    {"panic_message_10", panic_message, 10, 1},
    {"panic_block_10", panic_block, 10, 1},
    {"panic_pointer_10", panic_pointer, 10, 1},
};

int main(int argc, char **argv)
{
    return bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
}
