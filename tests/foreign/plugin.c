/* A plugin, loaded by dlopen, that defers, panics and recovers across the boundary. */
#include "plugin.h"

#include <stddef.h>

#include <lifoguard/lifoguard.h>

extern struct plugin lg_test_plugin;

static void note(const char *word)
{
    if (lg_test_plugin.note)
        lg_test_plugin.note(word);
}

static void panics(void)
{
    lg_defer(note, "plugin's");
    lg_panic("plugin");
}

static void stop(lg_panic_info *panic, int *recovered)
{
    *recovered = lg_recover(panic);
}

static int recovers(void (*call)(void))
{
    lg_func_recovers (int, recovered) {
        lg_defer_recover(stop, &recovered);
        lg_defer(note, "in the plugin");
        call();
    }
}

static void around(void (*call)(void))
{
    lg_scope(s);
    for (int i = 0; i < 10; i++)
        lg_defer_in(&s, note, "around");
    call();
}

static int self_test(void)
{
    return recovers(panics) ? 0 : 1;
}

struct plugin lg_test_plugin = {
    .panic = panics, .recover = recovers, .around = around, .self_test = self_test};
