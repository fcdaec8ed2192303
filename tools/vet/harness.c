#include "harness.h"

#include "names.h"

#include <string.h>
#include <strings.h>

static bool ends(const char *text, const char *end)
{
    size_t length = strlen(text), part = strlen(end);
    return length >= part && strcasecmp(text + length - part, end) == 0;
}

/* test-util.c, sha_test.c, tests_ring.c, fuzz-url.c */
static bool names_test_file(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return strncasecmp(base, "test", 4) == 0 || strncasecmp(base, "fuzz", 4) == 0 ||
           ends(base, "test.c") || ends(base, "tests.c");
}

static bool asserts(const char *callee)
{
    static const char *const prefixes[] = {
        "g_test_",     "g_assert_",   "cl_assert", "cl_git_", "ck_assert", "ASSERT_", "EXPECT_",
        "assert_int_", "assert_non_", "cl_must",   "TEST_",   "clar__",    NULL};
    for (const char *const *prefix = prefixes; *prefix; prefix++)
        if (strncmp(callee, *prefix, strlen(*prefix)) == 0)
            return strcmp(callee, "g_assert_not_reached") != 0;
    return false;
}

bool is_of_test(const struct ir *ir)
{
    const char *name = ir->function->name;
    if (strncasecmp(name, "test", 4) == 0 || strncmp(name, "fuzz", 4) == 0 || ends(name, "_test") ||
        strncmp(name, "do_test", 7) == 0 || names_test_file(ir->unit->path))
        return true;
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && asserts(instr->callee))
            return true;
    return false;
}
