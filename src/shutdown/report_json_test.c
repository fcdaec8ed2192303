/* Tests of the report of a shutdown as JSON. Rules are those of docs/rules.md. */
#include "testing/shutdown_report.h"

/* ---- JSON, as RFC 8259 has it, and nothing else ---- */

START_TEST(the_parser_is_strict)
{
    static const char *const good[] = {"{}", "[1,-0.5e+3,\"\\u00e9\\n\"]", "{\"a\":{\"b\":[]}}"};
    static const char *const bad[] = {
        "{",        "{\"a\"}",      "[1,]",  "01",  "1.",          "\"\n\"",           "\"\\x41\"",
        "\"\xff\"", "\"\xc0\x80\"", "[1] 2", "'a'", "\"\\u12g4\"", "\"\xed\xa0\x80\"", "+1",
        ""};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        ck_assert_msg(is_json(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!is_json(bad[i]), "%s", bad[i]);
}
END_TEST

RUN_TESTS("report_json", the_parser_is_strict)
