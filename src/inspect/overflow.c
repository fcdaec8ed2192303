/* The report of a stack overflow: a goroutine has touched the guard page of its stack, or a large frame has moved the stack
 * pointer beyond the guard. The kernel then sends SIGSEGV, whose handler runs on a separate stack; each thread of the library has
 * one. Every other SIGSEGV goes to the handler that was installed before. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "inspect/overflow.h"

#include "error/keep_errno.h"
#include "error/libc.h"
#include "report/frames.h"
#include "report/report.h"
#include "sched/instrument.h"
#include "sched/runtime.h"
#include "sched/stack.h"
#include "sched/text.h"

enum {
    ALTERNATE_SIZE = 256 * 1024, /* naming frames takes much; only what is touched takes memory */
    ALTERNATE_LEAST = 16 * 1024, /* one that is there already, if it is that large */
    NAMING_SECONDS = 5,
};

/* At the high end of a thread's alternate stack, behind what is used of it: the bounds of the thread's own stack. */
struct alternate_end {
    _Alignas(64) struct lgi_stack_bounds bounds;
};
static __thread char *alternate; /* what was made for this thread */

static bool declined;
static bool installed;
static struct sigaction previous;     /* what was there before */
static _Atomic bool previous_is_over; /* it was for one signal only (SA_RESETHAND) */
static size_t page;

void lg_decline_segv_handler(void)
{
    declined = true;
}

/* ---- what is not ours ---- */

static void by_default(int signal_number, const siginfo_t *info)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(signal_number, &action, NULL);
    /* A fault happens again when this returns, in the state in which it was; a signal that was sent does not. */
    if (info->si_code <= 0)
        syscall(SYS_tgkill, getpid(), gettid(), signal_number);
}

static void hand_over(int signal_number, siginfo_t *info, void *context)
{
    bool over = atomic_load(&previous_is_over);
    if ((unsigned)previous.sa_flags & SA_RESETHAND)
        over = atomic_exchange(&previous_is_over, true);
    bool with_info = (previous.sa_flags & SA_SIGINFO) != 0;
    if (over || (!with_info && previous.sa_handler == SIG_DFL)) {
        by_default(signal_number, info);
        return;
    }
    if (!with_info && previous.sa_handler == SIG_IGN) {
        if (info->si_code > 0) /* a fault cannot be ignored */
            by_default(signal_number, info);
        return;
    }
    sigset_t before, mask = previous.sa_mask;
    if (!(previous.sa_flags & SA_NODEFER))
        sigaddset(&mask, signal_number);
    /* What is blocked now: what the kernel added for us, and what the program had. */
    sigprocmask(SIG_BLOCK, &mask, &before);
    if (previous.sa_flags & SA_NODEFER) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, signal_number);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    }
    if (with_info)
        previous.sa_sigaction(signal_number, info, context);
    else
        previous.sa_handler(signal_number);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

/* ---- what is ---- */

static uintptr_t stack_pointer(const void *context)
{
    const ucontext_t *user = context;
#if defined(__x86_64__)
    return (uintptr_t)user->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    return (uintptr_t)user->uc_mcontext.sp;
#elif defined(__riscv)
    return (uintptr_t)user->uc_mcontext.__gregs[REG_SP];
#endif
}

/* Has the running goroutine's stack overflowed? */
static bool is_overflow(const struct lgi_g *g, const siginfo_t *info, uintptr_t sp)
{
    enum { BELOW_SP = 256 }; /* what a function may touch there */
    uintptr_t address = (uintptr_t)info->si_addr;
    if (!g || !g->start || !g->bounds.high || info->si_code <= 0)
        return false;
    /* The guard lies below the stack. */
    uintptr_t low = g->bounds.low, guard = lgi_on_fiber(g) ? lgi_stack_guard(low) : page;
    if (address >= low - guard && address < low)
        return true;
    /* A frame larger than the guard: it may reach the next stack's guard, or where there is nothing. */
    bool is_guard = true;
    return sp < low && address < low && address >= sp - BELOW_SP &&
           (!lgi_stack_around(address, &is_guard) || is_guard);
}

static struct alternate_end *alternate_end(void)
{
    return (struct alternate_end *)(alternate + page + ALTERNATE_SIZE) - 1;
}

/* Has the own stack of a thread of the library overflowed, in a call of lg_blocking for example? Its guard is a page. */
static bool is_overflow_of_thread(const struct lgi_g *g, const siginfo_t *info, uintptr_t sp)
{
    enum { BELOW_SP = 256 };
    uintptr_t address = (uintptr_t)info->si_addr;
    if (!alternate || (g && lgi_on_fiber(g)) || info->si_code <= 0)
        return false;
    uintptr_t low = alternate_end()->bounds.low, high = alternate_end()->bounds.high;
    return (address >= low - page && address < low && sp < high && sp >= low - page) ||
           (sp < low && address < low && address >= sp - BELOW_SP && low - sp < high - low);
}

static void give_up(int signal_number)
{
    (void)signal_number;
    _exit(LGI_REPORT_STATUS);
}

/* Naming frames is not allowed in a signal handler: a lock may be held by what was interrupted. But the report has been
 * written, and nothing is to go on: so it is tried, for a limited time. */
static void limit_time(void)
{
    struct sigaction action = {.sa_handler = give_up, .sa_flags = SA_ONSTACK | SA_NODEFER};
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGALRM);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGBUS);
    sigaddset(&set, SIGABRT);
    sigaction(SIGALRM, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGABRT, &action, NULL);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    alarm(NAMING_SECONDS);
}

/* The outermost frames are the library's, which are not shown: some ten of them, in a build without optimisation. */
enum { INNER = 16, OUTER = 20 };

struct deep {
    struct lgi_frames inner, outer; /* the innermost ones; the outermost ones, as a ring */
    size_t count;
    bool within; /* behind the signal's frame, in what overflowed */
    uintptr_t low, high;
};

static _Unwind_Reason_Code note_deep(struct _Unwind_Context *context, void *data)
{
    struct deep *deep = data;
    uintptr_t address = _Unwind_GetIP(context), at = _Unwind_GetCFA(context);
    deep->within |= at >= deep->low && at <= deep->high;
    if (!address || !deep->within)
        return _URC_NO_REASON;
    if (deep->count < INNER)
        deep->inner.frame[deep->inner.count++] = address;
    else
        deep->outer.frame[(deep->count - INNER) % OUTER] = address;
    deep->count++;
    return _URC_NO_REASON;
}

/* (g NULL: of a thread that runs no goroutine.) */
static void print_stack(const struct lgi_g *g, const struct lgi_stack_bounds *bounds, uintptr_t sp)
{
    static struct deep deep;
    deep.low = sp < bounds->low ? sp : bounds->low;
    deep.high = bounds->high;
    lgi_thread.bounds = NULL; /* there is room here */
    _Unwind_Backtrace(note_deep, &deep);
    lgi_print(&lgi_to_stderr, "stack:\n");
    lgi_print_frames(&lgi_to_stderr, &deep.inner);
    size_t more = deep.count - deep.inner.count;
    if (more > OUTER)
        lgi_print(&lgi_to_stderr, "    … %zu more …\n", more - OUTER);
    struct lgi_frames last = {.count = more < OUTER ? (unsigned)more : OUTER};
    for (unsigned i = 0; i < last.count; i++)
        last.frame[i] = deep.outer.frame[(more - last.count + i) % OUTER];
    lgi_print_frames(&lgi_to_stderr, &last);
    if (!g)
        return;
    char began[512];
    lgi_task_origin(g->start, began, sizeof(began));
    lgi_print(&lgi_to_stderr, "    %s\n", began);
}

static void print_text(const struct lgi_text *text)
{
    lgi_to_stderr.put(&lgi_to_stderr, text->buffer,
                      text->length < text->size ? text->length : text->size - 1);
}

static void describe_goroutine(const struct lgi_g *g, struct lgi_text *text)
{
    text->length = lgi_g_describe(g, text->buffer, text->size);
    print_text(text);
    text->length = 0;
    lgi_text_put(text, "\nfor a larger one: stack_size in lg_go_options, or lg_set_stack_size");
    if (lgi_on_fiber(g))
        lgi_text_put(text, ", or lg_go_thread");
    lgi_text_put(text, "\n");
    print_text(text);
}

static void describe_thread(struct lgi_text *text)
{
    text->length = 0;
    lgi_text_put(text, "a call that the library makes on a thread of its own, for lg_blocking or a "
                       "stage of a shutdown\nfor a larger one: raise the limit that `ulimit -s` "
                       "shows, before the program starts\n");
    print_text(text);
}

static void report(const struct lgi_g *g, const struct lgi_stack_bounds *bounds, uintptr_t address,
                   uintptr_t sp)
{
    char buffer[1024];
    struct lgi_text text = {.buffer = buffer, .size = sizeof(buffer)};

    lgi_report_begin();
    lgi_text_put(&text, "lifoguard: stack overflow: the stack of ");
    lgi_text_put_number(&text, (bounds->high - bounds->low) / 1024);
    lgi_text_put(&text, " KB is full (fault at ");
    lgi_text_put_address(&text, address);
    lgi_text_put(&text, ")\nin ");
    print_text(&text);
    if (g)
        describe_goroutine(g, &text);
    else
        describe_thread(&text);
    if (lgi_settings() & LGI_CORE)
        return;
    if (!lgi_large_frames()) { /* a sanitizer's allocator, and its checks, are not for here */
        limit_time();
        print_stack(g, bounds, sp);
    }
    _exit(LGI_REPORT_STATUS);
}

/* ---- the handler ---- */

static void handle(int signal_number, siginfo_t *info, void *context)
{
    LGI_KEEP_ERRNO;
    const struct lgi_g *g = lgi_current;
    uintptr_t sp = stack_pointer(context);
    bool of_thread = false;
    if (is_overflow(g, info, sp) || (of_thread = is_overflow_of_thread(g, info, sp))) {
        report(of_thread ? NULL : g, of_thread ? &alternate_end()->bounds : &g->bounds,
               (uintptr_t)info->si_addr, sp);
        by_default(signal_number, info); /* the core holds the frames (P12) */
    } else {
        hand_over(signal_number, info, context);
    }
}

void lgi_overflow_begin(void)
{
    const char *said = getenv("LIFOGUARD_SEGV");
    if (declined || (said && strcmp(said, "off") == 0))
        return;
    page = (size_t)sysconf(_SC_PAGESIZE);
    lgi_settings(); /* reads the environment now */
    if (sigaction(SIGSEGV, NULL, &previous) != 0)
        return;
    struct sigaction action = {.sa_sigaction = handle,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK |
                                           (previous.sa_flags & SA_RESTART)};
    sigemptyset(&action.sa_mask);
    bool done = sigaction(SIGSEGV, &action, NULL) == 0;
    __atomic_store_n(&installed, done, __ATOMIC_RELEASE);
}

void lgi_overflow_thread_begin(void)
{
    stack_t old;
    if (!__atomic_load_n(&installed, __ATOMIC_ACQUIRE) ||
        (sigaltstack(NULL, &old) == 0 && !(old.ss_flags & SS_DISABLE) &&
         old.ss_size >= ALTERNATE_LEAST))
        return;
    char *at = mmap(NULL, page + ALTERNATE_SIZE, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (at == MAP_FAILED)
        return;
    stack_t stack = {.ss_sp = at + page, .ss_size = ALTERNATE_SIZE - sizeof(struct alternate_end)};
    if (mprotect(at + page, ALTERNATE_SIZE, PROT_READ | PROT_WRITE) != 0 ||
        sigaltstack(&stack, NULL) != 0) {
        munmap(at, page + ALTERNATE_SIZE);
        return;
    }
    alternate = at;
    lgi_thread_bounds(&alternate_end()->bounds);
}

void lgi_overflow_thread_end(void)
{
    if (!alternate)
        return;
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
    munmap(alternate, page + ALTERNATE_SIZE);
    alternate = NULL;
}
