/* Texts that need no shell to be read: of those that a shell cannot read, none is among them. */
#include "direct.h"

#include "testing/suite.h"

static const char *const simple[] = {
    "true",
    "true; :",
    "cd /tmp && export A=1",
    " rm -rf \"$DIR\"",
    "rm -rf '$(' \"a b\"$X",
    "kill $! $1 $$ $",
    "cp a b >/dev/null 2>&1 || true",
    "A=1 make -j 2>> log | tail -5; echo done",
};

START_TEST(simple_commands_are_readable)
{
    ck_assert(direct_is_readable(simple[_i]));
}
END_TEST

static const char *const refused[] = {
    "",        " ",      "if",      " if x",   "a; if x", "a && done", "a |",       "a ||",
    "&& a",    "a ;; b", "a ; ; b", "a & b",   "a >",     "a > | b",   "> a",       "a 2>",
    "a <<b",   "a >(b)", "a 'b",    "a \"b",   "\"a\\\"", "$(a",       "a \"$(b\"", "a ${b",
    "\"${a\"", "`a",     "a\nb",    "a (b)",   "{ a",     "}",         "! a",       "a # b",
    "f() b",   "a \\",   "$'a",     "a &&& b", "a ||| b", "case x in", "for a b",   "a >& > b",
    "a <>b",   "a <2>b", "a >&b",   "a 2>&12", "fi",      "a | | b",   "a \"b\" '", "a; ",
};

START_TEST(what_a_shell_may_refuse_is_not)
{
    ck_assert(!direct_is_readable(refused[_i]));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, simple_commands_are_readable, 0, sizeof(simple) / sizeof(simple[0]));
    tcase_add_loop_test(tests, what_a_shell_may_refuse_is_not, 0,
                        sizeof(refused) / sizeof(refused[0]));
}

RUN_TESTS_OF("shell/direct", add_tests)
