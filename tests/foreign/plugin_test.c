/* From a plugin that is loaded by dlopen: the program and the plugin share one library. */
#include "testing/test.h"

#include <dlfcn.h>

#include "plugin.h"

static struct plugin *load(void)
{
    const char *path = getenv("LG_TEST_PLUGIN");
    ck_assert_ptr_nonnull(path);
    /* NOLINTNEXTLINE(clang-analyzer-optin.taint.GenericTaint): the build says which plugin */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ck_assert_msg(library != NULL, "%s", dlerror());
    struct plugin *plugin = dlsym(library, "lg_test_plugin");
    ck_assert_ptr_nonnull(plugin);
    plugin->note = note;
    return plugin;
}

static struct plugin *plugin;

static void recovers_the_plugin(void)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer(note, "program's");
        plugin->panic();
    }
}

START_TEST(P3_the_program_recovers_a_panic_of_the_plugin)
{
    plugin = load();
    recovers_the_plugin();
    expect_trace("plugin's program's stopped: plugin");
}
END_TEST

static void panics(void)
{
    lg_defer(note, "in the program");
    lg_panic("program");
}

START_TEST(P3_the_plugin_recovers_a_panic_of_the_program)
{
    plugin = load();
    ck_assert_int_eq(plugin->recover(panics), 1);
    expect_trace("in the program in the plugin");
    ck_assert_int_eq(plugin->self_test(), 0);
}
END_TEST

static bool count(const lg_pending_call *call, void *data)
{
    (void)call;
    ++*(int *)data;
    return true;
}

static int pending_calls;

static void lists(void)
{
    lg_pending_visit(count, &pending_calls);
}

START_TEST(D12_what_the_plugin_deferred_is_listed)
{
    plugin = load();
    lg_defer_block {
        note("end");
    }
    plugin->around(lists);
    ck_assert_int_eq(pending_calls, 10);
}
END_TEST

static void in_a_thread(void *data)
{
    (void)data;
    for (int i = 0; i < 100; i++) {
        if (plugin->recover(panics) != 1)
            return;
        trace_text[0] = '\0';
    }
    lg_goexit();
}

static void ends_a_thread(void *data)
{
    (void)data;
    plugin->around(lg_goexit);
}

START_TEST(G1_in_threads_that_are_older_and_younger_than_the_plugin)
{
    plugin = load();
    ck_assert(!on_thread(in_a_thread, NULL));
    trace_text[0] = '\0';
    ck_assert(!on_thread(ends_a_thread, NULL));
    expect_trace("around around around around around around around around around around");
}
END_TEST

static void uncaught(void *data)
{
    (void)data;
    lg_defer(tell, "program");
    plugin->panic();
}

START_TEST(P5_an_uncaught_panic_of_the_plugin_is_reported)
{
    plugin = load();
    struct outcome *outcome = in_child(uncaught, NULL);
    expect_status(outcome, 2);
    expect_out(outcome, "program ");
    expect_in_err(outcome, "panic: plugin\n");
    expect_in_err(outcome, "plugin.c");
}
END_TEST

RUN_TESTS("plugin", P3_the_program_recovers_a_panic_of_the_plugin,
          P3_the_plugin_recovers_a_panic_of_the_program, D12_what_the_plugin_deferred_is_listed,
          G1_in_threads_that_are_older_and_younger_than_the_plugin,
          P5_an_uncaught_panic_of_the_plugin_is_reported)
