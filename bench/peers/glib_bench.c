/* What GLib's errors take for what lg_error does in sync_bench.c. */
#include <glib.h>

#include "bench.h"

static GQuark quark;

static KERNEL int error_make(struct resource *r, int n)
{
    (void)r;
    g_error_free(g_error_new_literal(quark, n, "disk full"));
    return 0;
}

static KERNEL int error_wrap(struct resource *r, int n)
{
    GError *error = g_error_new_literal(quark, n, "not found");
    (void)r;
    g_prefix_error(&error, "read %s: ", "config");
    g_error_free(error);
    return 0;
}

static GError *wrapped;

static KERNEL int error_is(struct resource *r, int n)
{
    (void)r;
    return g_error_matches(wrapped, quark, n) ? 0 : -1;
}

static const struct subject subjects[] = {
    {"error_make", error_make, 1, 1},
    {"error_wrap", error_wrap, 1, 1},
    {"error_is", error_is, 1, 1},
};

int main(int argc, char **argv)
{
    quark = g_quark_from_static_string("bench");
    wrapped = g_error_new_literal(quark, 1, "not found");
    return bench_main(subjects, sizeof(subjects) / sizeof(subjects[0]), argc, argv);
}
