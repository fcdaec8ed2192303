/* Which subjects are compared with which peers. */
#include "report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROWS = 400 };

struct row report_rows[MOST_ROWS];
int report_row_count;

/* What the rows now being made are about. */
static char what[64];
static const char *subject, *compiler, *unit;

__attribute__((format(printf, 1, 2))) static void about(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(what, sizeof(what), format, values);
    va_end(values);
}

/* Writes out a subject's name, with the compiler for % and the number for #. */
static const char *full_name(char *to, size_t size, const char *name, int number)
{
    for (size_t length = 0; *name; name++, length = strlen(to)) {
        if (*name == '%')
            snprintf(to + length, size - length, "%s", compiler);
        else if (*name == '#')
            snprintf(to + length, size - length, "%d", number);
        else
            snprintf(to + length, size - length, "%c", *name);
    }
    return to;
}

/* A subject's value; if `by_hand` is not NULL, its cost over that. */
static double value_of(const char *name, const char *by_hand, int number)
{
    char a[64] = "", b[64] = "";
    full_name(a, sizeof(a), name, number);
    return by_hand ? report_cost(a, full_name(b, sizeof(b), by_hand, number)) : report_least(a);
}

static void add_row(const char *peer, double subject_value, double peer_value, double target,
                    int plotted)
{
    if (isnan(subject_value) || isnan(peer_value))
        return; /* a program was not run; run.sh has said so */
    if (report_row_count == MOST_ROWS)
        abort();
    struct row *row = &report_rows[report_row_count++];
    strcpy(row->what, what);
    row->subject = subject;
    row->peer = peer;
    row->unit = unit;
    row->subject_value = subject_value;
    row->peer_value = peer_value;
    row->ratio = subject_value / peer_value;
    row->target = target;
    row->plotted = plotted;
}

static void compare(const char *name, const char *peer, const char *peer_name, int n, double target,
                    int plotted)
{
    add_row(peer, value_of(name, NULL, n), value_of(peer_name, NULL, n), target, plotted);
}

static void add_compile_row(const char *text, const char *row_unit, const char *name, double target)
{
    static const char *const peers[][2] = {
        {"goto", "goto"}, {"cleanup attribute", "attribute"}, {"C++ destructor", "cxx"}};
    char mine[64], theirs[64];
    unit = row_unit;
    about("%s", text);
    snprintf(mine, sizeof(mine), "count-compile-%%/%s_defer", name);
    for (int i = 0; i < 3; i++) {
        snprintf(theirs, sizeof(theirs), "count-compile-%%/%s_%s", name, peers[i][1]);
        compare(mine, peers[i][0], theirs, 0, i == 0 ? target : 0, 0);
    }
}

static void add_compile_rows(void)
{
    add_compile_row("compiling a function with lg_defer × 2", "ms", "time", 1.8);
    add_compile_row("… its code that usually runs", "bytes", "text", 1.5);
    add_compile_row("… its code that seldom runs", "bytes", "cold", 0);
    add_compile_row("… its debugging information", "bytes", "debug", 0);
}

static void add_defer_rows(void)
{
    static const int calls[] = {1, 2, 8}, loops[] = {1, 8, 100}, frames[] = {0, 5, 10};

    unit = "instructions";
    about("defer { }, instructions");
    compare("count-%/block_defer", "goto", "count-%/block_goto", 0, 1.02, 1);
    compare("count-%/block_defer", "cleanup attribute", "count-%/block_attribute", 0, 0, 0);
    about("lg_defer × 2, instructions");
    compare("count-%/calls_defer_2", "by hand", "count-%/calls_manual_2", 0, 0, 0);
    about("lg_func, instructions");
    compare("count-%/func_lg", "plain function", "count-%/func_plain", 0, 0, 0);
    unit = "ns";
    about("defer { }, time");
    compare("%/block_defer", "goto", "%/block_goto", 0, 0, 1);
    compare("%/block_defer", "cleanup attribute", "%/block_attribute", 0, 0, 0);
    for (int i = 0; i < 3; i++) {
        int n = calls[i];
        about("lg_defer × %d", n);
        compare("%/calls_defer_#", "by hand", "%/calls_manual_#", n, 0, 0);
        compare("%/calls_defer_#", "cleanup attribute", "%/calls_attribute_#", n, 0, 0);
        compare("%/calls_defer_#", "C++ destructor", "%++/calls_guard_#", n, 0, 0);
        compare("%/calls_defer_#", "Go", "go/calls_defer_#", n, 0, 0);
        about("lg_defer × %d, cost over by hand", n);
        add_row("Go, likewise", value_of("%/calls_defer_#", "%/calls_manual_#", n),
                value_of("go/calls_defer_#", "go/calls_manual_#", n), n == 2 ? 0.5 : 0, 1);
    }
    for (int i = 0; i < 3; i++) {
        int n = loops[i];
        about("scope given %d by a loop", n);
        compare("%/loop_scope_#", "array, by hand", "%/loop_manual_#", n, 0, 0);
        compare("%/loop_scope_#", "C++ vector", "%++/loop_stack_#", n, 0, 0);
        compare("%/loop_scope_#", "Go", "go/loop_defer_#", n, 0, 0);
        about("scope given %d, cost over by hand", n);
        add_row("Go, likewise", value_of("%/loop_scope_#", "%/loop_manual_#", n),
                value_of("go/loop_defer_#", "go/loop_manual_#", n), n == 8 ? 0.1 : 0, 1);
    }
    about("scope that adopts 8");
    compare("%/loop_adopt_8", "lg_defer_in", "%/loop_scope_8", 0, 0, 0);
    compare("%/loop_adopt_8", "array, by hand", "%/loop_manual_8", 0, 0, 0);
    about("scope that moves 8 to another");
    compare("%/loop_move_8", "scope, not moved", "%/loop_scope_8", 0, 0, 0);
    about("scope that moves 100 to another");
    compare("%/loop_move_100", "scope, not moved", "%/loop_scope_100", 0, 0, 0);
    about("lg_func, nothing deferred");
    compare("%/func_lg", "plain function", "%/func_plain", 0, 0, 1);
    about("lg_func_recovers, nothing deferred");
    compare("%/func_recovers", "plain function", "%/func_plain", 0, 0, 0);
    compare("%/func_recovers", "C++ try", "%++/func_try", 0, 0, 0);
    compare("%/func_recovers", "Go, deferred recover", "go/func_recovers", 0, 0, 1);
    for (int i = 0; i < 3; i++) {
        int n = frames[i];
        about("panic + recover, %d frames", n);
        compare("%/panic_message_#", "C++ throw", "%++/throw_message_#", n, 0.6, 1);
        compare("%/panic_message_#", "Go", "go/panic_message_#", n, 0, 0);
        about("… of a pointer, %d frames", n);
        compare("%/panic_pointer_#", "C++ throw", "%++/throw_pointer_#", n, 0.6, 0);
        about("… with defer { }, %d frames", n);
        compare("%/panic_block_#", "C++ throw", "%++/throw_message_#", n, 0.6, 0);
    }
}

/* Beside the peers that share one thread: with as many workers as there are processors, and with one. */
static void add_peer_rows(void)
{
    static const char *const peers[] = {"libdill", "neco"};
    static const struct {
        const char *what, *name;
        double target; /* with one worker, beside libdill */
    } rows[] = {
        {"go + wait", "go_wait", 1},
        {"go + wait, 1000 at once, each", "go_wait_batch", 1},
        {"yield to another", "yield", 1},
        {"ping-pong over two channels", "ping_pong", 1},
        {"channel with room for 128, each", "throughput", 0},
        {"select, one of two ready", "select_ready", 0},
        {"mutex, alone", "mutex", 0},
    };
    char name[64], peer[64];

    about("yield to another, one worker");
    compare("%-one/yield", "Go", "go-one/yield", 0, 0.25, 1);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t k = 0; k < 2; k++) {
            double target = k == 0 ? rows[i].target : 0;
            snprintf(peer, sizeof(peer), "%s/%s", peers[k], rows[i].name);
            about("%s, one worker", rows[i].what);
            snprintf(name, sizeof(name), "%%-one/%s", rows[i].name);
            compare(name, peers[k], peer, 0, target, k == 0);
            if (strcmp(rows[i].name, "yield") == 0)
                continue;
            about("%s", rows[i].what);
            snprintf(name, sizeof(name), "%%-go/%s", rows[i].name);
            compare(name, peers[k], peer, 0, target * 1.2, 0);
        }
    }
}

static void add_goroutine_rows(void)
{
    static const struct {
        const char *what, *name;
        double target;
    } beside_go[] = {
        {"go + wait", "go_wait", 0.25},
        {"go + wait, 1000 at once, each", "go_wait_batch", 0.25},
        {"group: a member + wait", "group_wait", 0},
        {"group: start until ready + wait", "group_start", 0},
        {"scope whose 8 calls run at once", "at_once_8", 0},
        {"supervisor: a restart, without back-off", "supervise_restart", 0},
        {"test in virtual time: a sleep of an hour", "virtual_sleep", 0},
        {"ping-pong over two channels", "ping_pong", 0.25},
        {"channel with room for 128, each", "throughput", 0.25},
        {"select, one of two ready", "select_ready", 0.25},
        {"mutex, alone", "mutex", 1},
        {"mutex, 10 goroutines, each", "mutex_contended", 1},
        {"timer, start + stop", "timer_stop", 0},
        {"a million parked: start", "million_spawn", 1},
        {"a million parked: bytes each", "million_bytes", 1.7},
        {"a million parked: wake + end", "million_wake", 0.7},
        {"context: with-cancel + cancel", "with_cancel", 0.5},
        {"context: the same, under the root", "with_cancel_root", 0.5},
        {"context: with-timeout + cancel", "with_timeout", 0.5},
        {"context: AfterFunc + stop", "after_func_stop", 0.5},
        {"context: err", "err_check", 0},
        {"context: value, 10 levels up", "value_10", 0},
        {"context: cancel of 100,000 children", "cancel_tree", 0.5},
        {"context: cancel of a chain of 1000", "cancel_chain", 0.25},
        {"context: a tree of 1,111,111: make, each", "context_tree_make", 0.5},
        {"context: a tree of 1,111,111: cancel, each", "context_tree_cancel", 0.5},
        {"semaphore, alone", "semaphore", 1},
        {"semaphore of 4, 10 goroutines, each", "semaphore_contended", 1},
        {"rwmutex, read, alone", "rwmutex_read", 1},
        {"rwmutex, write, alone", "rwmutex_write", 1},
        {"rwmutex, 10 readers, each", "rwmutex_readers", 1},
        {"rwmutex, 10, one lock in 10 a writer's, each", "rwmutex_mixed", 1},
        {"condition, two take turns, each", "cond_turns", 1},
        {"once, done", "once", 1},
        {"group of 8, each", "group_8", 1},
        {"group of 10,000, limit 100, each", "group_limited", 1},
        {"error: make + free", "error_make", 1},
        {"error: wrap with a format + free", "error_wrap", 1},
        {"error: make 2, join, free", "error_join", 1},
        {"error: is, 3 levels down", "error_is", 1},
        {"timers: start a million, each", "timers_start_million", 1},
        {"timers: stop a million, each", "timers_stop_million", 1},
        {"timer beside a million, start + stop", "timer_beside_million", 1},
        {"100,000 timers due at once, each", "timers_due", 1},
        {"from a wake to running, 50 %", "wake_50", 0},
        {"from a wake to running, 99 %", "wake_99", 0},
        {"from a wake to running, 99.9 %", "wake_999", 0},
        {"… beside one that computes 1 ms, 50 %", "wake_busy_50", 0},
        {"… beside one that computes 1 ms, 99 %", "wake_busy_99", 0},
        {"… beside one that computes 1 ms, 99.9 %", "wake_busy_999", 0},
    };
    static const struct {
        const char *what, *name, *peer;
    } beside_threads[] = {
        {"go + wait", "go_wait", "thread_create_join"},
        {"ping-pong over two channels", "ping_pong", "thread_ping_pong"},
        {"mutex, alone", "mutex", "thread_mutex"},
        {"mutex, 10 goroutines, each", "mutex_contended", "thread_mutex_contended"},
        {"semaphore, alone", "semaphore", "thread_semaphore"},
        {"rwmutex, read, alone", "rwmutex_read", "thread_rwmutex_read"},
        {"rwmutex, write, alone", "rwmutex_write", "thread_rwmutex_write"},
        {"once, done", "once", "thread_once"},
        {"from a wake to running, 50 %", "wake_50", "wake_50"},
        {"from a wake to running, 99 %", "wake_99", "wake_99"},
        {"from a wake to running, 99.9 %", "wake_999", "wake_999"},
    };
    char name[64], peer[64];

    unit = "ns";
    for (size_t i = 0; i < sizeof(beside_go) / sizeof(beside_go[0]); i++) {
        unit = strstr(beside_go[i].name, "bytes") ? "bytes" : "ns";
        about("%s", beside_go[i].what);
        snprintf(name, sizeof(name), "%%-go/%s", beside_go[i].name);
        snprintf(peer, sizeof(peer), "go-go/%s", beside_go[i].name);
        compare(name, "Go", peer, 0, beside_go[i].target, 1);
    }
    unit = "ns";
    for (size_t i = 0; i < sizeof(beside_threads) / sizeof(beside_threads[0]); i++) {
        about("%s", beside_threads[i].what);
        snprintf(name, sizeof(name), "%%-go/%s", beside_threads[i].name);
        snprintf(peer, sizeof(peer), "threads/%s", beside_threads[i].peer);
        compare(name, "pthreads", peer, 0, 0, 0);
    }
    add_peer_rows();
}

/* Beside Go, epoll by hand and libuv. */
static void add_echo_row(const char *text, const char *row_unit, const char *name, double target,
                         int plotted)
{
    static const char *const peers[][3] = {{"Go", "go-go", "go"},
                                           {"epoll by hand", "threads", "epoll"},
                                           {"libuv", "threads", "libuv"}};
    char mine[64], theirs[64];
    unit = row_unit;
    about("%s", text);
    snprintf(mine, sizeof(mine), "%%-go/%s_lifoguard", name);
    for (int i = 0; i < 3; i++) {
        snprintf(theirs, sizeof(theirs), "%s/%s_%s", peers[i][1], name, peers[i][2]);
        compare(mine, peers[i][0], theirs, 0, i == 1 ? target : 0, plotted);
    }
}

static void add_http_row(const char *text, const char *name, int plotted)
{
    static const char *const peers[][3] = {
        {"Go, net/http", "go-go", "go"},
        {"libmicrohttpd, a pool", "threads", "libmicrohttpd"},
        {"libmicrohttpd, a thread each", "threads", "libmicrohttpd_threads"}};
    char mine[64], theirs[64];
    unit = "ns";
    about("%s", text);
    snprintf(mine, sizeof(mine), "%%-go/%s_lifoguard", name);
    for (int i = 0; i < 3; i++) {
        snprintf(theirs, sizeof(theirs), "%s/%s_%s", peers[i][1], name, peers[i][2]);
        compare(mine, peers[i][0], theirs, 0, 0, plotted);
    }
}

static void add_server_rows(void)
{
    add_echo_row("TCP echo, 1000 connections", "ns", "echo", 0, 1);
    add_echo_row("… processor time of the server", "ns", "echo_cpu", 1.1, 0);
    add_echo_row("10,000 idle connections: memory of each", "bytes", "idle_bytes", 0, 1);
    add_echo_row("… from connecting to the first echo", "ns", "idle", 0, 0);
    add_echo_row("… processor time of the server, each", "ns", "idle_cpu", 0, 0);
    add_http_row("HTTP under wrk, 100 connections, a request", "http", 1);
    add_http_row("… a client waits, 50 %", "http_50", 0);
    add_http_row("… a client waits, 99 %", "http_99", 0);
    add_http_row("… a client waits, 99.9 %", "http_999", 0);
}

/* "Evenly": the same work spread over the processors without any loss. */
static void add_uneven_rows(void)
{
    unit = "ns";
    about("half of 16 for each worker turn heavy");
    compare("%-go/uneven", "evenly", "%-go/uneven_evenly", 0, 0, 0);
    compare("%-go/uneven", "Go", "go-go/uneven", 0, 0, 0);
    about("… started with .spread");
    compare("%-go/uneven_spread", "evenly", "%-go/uneven_spread_evenly", 0, 0, 0);
    compare("%-go/uneven_spread", "Go", "go-go/uneven_spread", 0, 0, 1);
}

void report_add_rows(const char *made_by, const char *made)
{
    compiler = made_by;
    subject = made;
    add_defer_rows();
    add_compile_rows();
    add_goroutine_rows();
    add_uneven_rows();
    add_server_rows();
}
