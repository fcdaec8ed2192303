#include "harness.h"

#include "names.h"

#include <string.h>
#include <strings.h>

/* test-util.c, sha_test.c, tests_ring.c, fuzz-url.c */
static bool names_test_file(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return strncasecmp(base, "test", 4) == 0 || strncasecmp(base, "fuzz", 4) == 0 ||
           name_ends_with(base, "test.c") || name_ends_with(base, "tests.c");
}

/* test-mail.c, sha_test.c, wherever they are; not test.c, which may be a program of that name. */
static bool is_surely_test_file(const char *path)
{
    static const char *const begins[] = {"test-", "test_", "tst_", "tst-", "unittest", NULL};
    static const char *const ends[] = {"-test.c",    "_test.c",     "-tests.c", "_tests.c",
                                       "unittest.c", "unittests.c", NULL};
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    for (int i = 0; begins[i]; i++)
        if (strncasecmp(base, begins[i], strlen(begins[i])) == 0)
            return true;
    for (int i = 0; ends[i]; i++)
        if (name_ends_with(base, ends[i]))
            return true;
    return false;
}

bool is_test_assertion(const char *callee)
{
    static const char *const prefixes[] = {
        "g_test_",     "g_assert_",   "cl_assert",    "cl_git_", "ck_assert", "ASSERT_",
        "EXPECT_",     "assert_int_", "assert_non_",  "cl_must", "TEST_",     "clar__",
        "fail_unless", "fail_if",     "abort_unless", NULL};
    for (const char *const *prefix = prefixes; *prefix; prefix++)
        if (strncmp(callee, *prefix, strlen(*prefix)) == 0)
            return strcmp(callee, "g_assert_not_reached") != 0;
    return false;
}

/* tests/…, testsuite/…, src/test/…, fuzz/… */
static bool is_in_test_folder(const char *path)
{
    for (const char *part = path, *slash; (slash = strchr(part, '/')); part = slash + 1)
        if (strncasecmp(part, "test", 4) == 0 || strncasecmp(part, "fuzz", 4) == 0 ||
            strncmp(part, "t/", 2) == 0)
            return true;
    return false;
}

/* test_list(…) in tests/list.c. Not by the name of the function alone: what others call test_1 may be anything. */
static bool is_named_test(const struct ir *ir)
{
    return (names_test_file(ir->unit->path) || strncmp(ir->function->name, "test_", 5) == 0) &&
           is_in_test_folder(ir->unit->path);
}

/* Whatever is in a folder of tests, of the last ones of the path: the folders above belong to the machine. */
static bool is_below_tests(const char *path)
{
    static const char *const names[] = {"test",      "tests",      "testsuite",
                                        "testing",   "selftest",   "selftests",
                                        "unittests", "unit-tests", NULL};
    int folders = 0;
    const char *end = strrchr(path, '/');
    for (; end && folders < 3; folders++) {
        const char *begin = end;
        while (begin > path && begin[-1] != '/')
            begin--;
        for (const char *const *name = names; *name; name++)
            if ((size_t)(end - begin) == strlen(*name) && strncmp(begin, *name, strlen(*name)) == 0)
                return true;
        if (end - begin > 5 &&
            (strncmp(end - 5, "tests", 5) == 0 || strncmp(begin, "tests-", 6) == 0))
            return true; /* fabtests/, tests-m32/ */
        end = begin > path ? begin - 1 : NULL;
    }
    return false;
}

/* DEF_TEST(adds_two) { … } */
static bool is_defined_by_macro(const struct ir *ir)
{
    return name_is_constant(ir->function->name) && strstr(ir->function->name, "TEST");
}

/* int string_unittest(size_t entries), in the file that it tests. */
static bool is_function_test(const char *name)
{
    static const char *const words[] = {"unittest", "selftest", "unittests", NULL};
    return name_has_any(name, words) || strncmp(name, "LLVMFuzzer", 10) == 0;
}

bool is_of_test(const struct ir *ir)
{
    if (is_defined_by_macro(ir) || is_surely_test_file(ir->unit->path) || ir->asserts_as_tests ||
        is_named_test(ir) || is_below_tests(ir->unit->path) || is_function_test(ir->function->name))
        return true;
    EACH (instr, &ir->code)
        if (instr->kind == I_CALL && instr->callee && is_test_assertion(instr->callee))
            return true;
    return false;
}
