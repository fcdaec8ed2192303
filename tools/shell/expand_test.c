/* Rule D2 for `defer` lines: what is expanded, how it is quoted, and that a shell reads it so. */
#define _GNU_SOURCE
#include "expand.h"

#include "shell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "testing/suite.h"

static const struct {
    const char *name, *value;
} variables[] = {
    {"PID", "1234"},
    {"DIR", "/tmp/a"},
    {"SPACE", "a b"},
    {"QUOTES", "it's \"$DIR\" \\ `x`"},
    {"EMPTY", ""},
    {"LINES", "one\ntwo\n"},
    {"GLOB", "*"},
    {"WORD", "if"},
    {"SEMICOLON", "; echo injected"},
    {"NUMBER", "2"},
    {"_x9", "under"},
    {"!", "77"},
    {"$", "99"},
    {"1", "one 1"},
    {"10", "ten"}, /* the last one: $10 is $1 and a 0 */
};

static const char *value_of(const char *name, size_t length, void *data)
{
    (void)data;
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
        if (strlen(variables[i].name) == length && strncmp(variables[i].name, name, length) == 0)
            return variables[i].value;
    return NULL;
}

static const struct variables variables_of_test = {.lookup = value_of};

static const struct {
    const char *command, *expanded;
} expansions[] = {
    {"", ""},
    {"kill $PID", "kill 1234"},
    {"kill ${PID}5", "kill 12345"},
    {"kill $PID5 || true", NULL},
    {"rm -rf \"$DIR\"/", "rm -rf \"/tmp/a\"/"},
    {"rm -rf ${DIR}/b", "rm -rf /tmp/a/b"},
    {"rm $SPACE", "rm 'a b'"},
    {"rm \"$SPACE\"", "rm \"a b\""},
    {"echo $QUOTES", "echo 'it'\\''s \"$DIR\" \\ `x`'"},
    {"echo \"$QUOTES\"", "echo \"it's \\\"\\$DIR\\\" \\\\ \\`x\\`\""},
    {"rm $EMPTY.", "rm ''."},
    {"rm \"$EMPTY\"", "rm \"\""},
    {"rm $GLOB", "rm '*'"},
    {"$WORD", "'if'"},
    {"echo $NUMBER>file", "echo '2'>file"},
    {"echo $NUMBER >file", "echo 2 >file"},
    {"$NUMBER=x", "'2'=x"},
    {"echo $SEMICOLON", "echo '; echo injected'"},
    {"echo '$DIR'", "echo '$DIR'"},
    {"echo \\$DIR", "echo \\$DIR"},
    {"echo \"\\$DIR '$DIR'\"", "echo \"\\$DIR '/tmp/a'\""},
    {"eval 'echo $COUNT'", "eval 'echo $COUNT'"},
    {"kill $!", "kill 77"},
    {"kill ${!}", "kill 77"},
    {"kill $(cat $DIR/pid)", "kill $(cat /tmp/a/pid)"},
    {"kill \"$(cat \"$DIR/pid\")\"", "kill \"$(cat \"/tmp/a/pid\")\""},
    {"echo $_x9 $", "echo 'under' $"},
    {"rm $DIR # $NOT_SET", "rm /tmp/a # $NOT_SET"},
    {"rm a#$DIR", "rm a#/tmp/a"},
    {"echo $NOT_SET", NULL},
    {"echo \"$NOT_SET\"", NULL},
    {"rm \"${DIR:-x}\" ${DIR-y}", "rm \"/tmp/a\" /tmp/a"},
    {"rm ${EMPTY:-x/y} \"${EMPTY:-x y}\" '${EMPTY:-x}'", "rm ''x/y \"x y\" '${EMPTY:-x}'"},
    {"rm ${EMPTY-x}\"${EMPTY-x}\"", "rm ''\"\""},
    {"rm ${NOT_SET-}. \"${NOT_SET-}\"", "rm . \"\""},
    {"echo ${NOT_SET:-$SPACE} \"${NOT_SET:-$QUOTES}\"",
     "echo 'a b' \"it's \\\"\\$DIR\\\" \\\\ \\`x\\`\""},
    {"echo ${NOT_SET:-a;b} \"${NOT_SET:-a;b}\"", "echo ''a\\;b \"a;b\""},
    {"echo \"${NOT_SET:-\"a  b\"}\" ${NOT_SET:-\"a  b\"}", "echo \"a  b\" \"a  b\""},
    {"echo ${NOT_SET:-${EMPTY:-${DIR}/x}}", "echo /tmp/a/x"},
    {"echo ${DIR:-$NOT_SET} ${DIR:-${NOT_SET:?no}}", "echo /tmp/a /tmp/a"},
    {"echo ${NOT_SET:-$(echo $DIR)}", "echo $(echo /tmp/a)"},
    {"echo ${NOT_SET:-'}'}\"${NOT_SET-\\}}\"", "echo '}'\"}\""},
    {"echo ${DIR:+-d $DIR}${EMPTY:+no}", "echo -d /tmp/a"},
    {"echo ${DIR:?no} ${EMPTY?no}.", "echo /tmp/a ''."},
    {"echo ${EMPTY:?no}", NULL},
    {"echo ${NOT_SET?}", NULL},
    {"echo ${NOT_SET:-$NOT_SET}", NULL},
    {"echo ${DIR:=x}", NULL},
    {"echo ${DIR%/*}", NULL},
    {"echo ${DIR:-x", NULL},
    {"echo ${#DIR}", NULL},
    {"echo $?", NULL},
    {"echo $LIFOGUARD_STATUS", "echo \"${LIFOGUARD_STATUS}\""},
    {"echo \"a $LIFOGUARD_CAUSE ${LIFOGUARD_KEY}x\"",
     "echo \"a ${LIFOGUARD_CAUSE} ${LIFOGUARD_KEY}x\""},
    {"echo ${LIFOGUARD_SIGNAL:-none}", NULL},
    {"echo $LIFOGUARD_STATUSES", NULL},
    {"rm /tmp/x.$$", "rm /tmp/x.99"},
    {"echo $1 ${1} \"$1\" ${10} $10", "echo 'one 1' 'one 1' \"one 1\" 'ten' 'one 1'0"},
    {"echo \"$@\" $# $0 \"${@-}\"", "echo \"$@\" $# $0 \"\""},
    {"echo ${0} \"${0}\"", "echo $0 \"$0\""},
    {"rm -rf \"$2\"/", NULL},
    {"rm -rf $2", NULL},
    {"rm -rf ${2}/", NULL},
    {"rm -rf \"$@\"/", NULL},
    {"rm -rf a$*", NULL},
    {"rm -rf \"${2-}\"/", "rm -rf \"\"/"},
    {"rm -rf ${2:-two}/", "rm -rf ''two/"},
    {"echo $((1 + 1))", NULL},
    {"echo `pwd`", NULL},
    {"echo \"$DIR", NULL},
    {"echo '$DIR", NULL},
};

START_TEST(D2_variables_are_expanded_by_the_shells_rules_of_quoting)
{
    char *expanded = NULL;
    lg_error *err = expand(expansions[_i].command, EXPAND_ALL, &variables_of_test, &expanded);
    if (expansions[_i].expanded) {
        ck_assert_ptr_null(err);
        ck_assert_str_eq(expanded, expansions[_i].expanded);
    } else {
        ck_assert_ptr_nonnull(err);
        ck_assert_ptr_null(expanded);
    }
    free(expanded);
    lg_error_free(err);
}
END_TEST

static const char *reference_of(const char *name, size_t length, const char *value, void *data)
{
    (void)data;
    return strncmp(name, "SPACE", length) == 0 && strcmp(value, "a b") == 0 ? "REF" : NULL;
}

START_TEST(a_secret_value_is_left_to_the_environment)
{
    const struct variables variables_with = {.lookup = value_of, .reference = reference_of};
    char *expanded = NULL;
    ck_assert_ptr_null(expand("login $SPACE \"x$SPACE\" $PID ${NO:-$SPACE}${SPACE:-no}", EXPAND_ALL,
                              &variables_with, &expanded));
    ck_assert_str_eq(expanded, "login \"${REF?}\" \"x${REF?}\" 1234 \"${REF?}\"\"${REF?}\"");
    free(expanded);
}
END_TEST

START_TEST(a_message_is_told)
{
    char *expanded = NULL;
    lg_error *err = expand("rm ${NOT_SET:?write it}", EXPAND_ALL, &variables_of_test, &expanded);
    ck_assert_str_eq(lg_error_message(err), "NOT_SET: write it");
    lg_error_free(err);
}
END_TEST

/* Whatever a value holds, the shell gets exactly it, as one word. */
START_TEST(D2_a_shell_reads_back_exactly_the_value)
{
    const char *name = variables[_i].name;
    for (int form = 0; form < 2; form++) {
        char command[128], got[256], wanted[256];
        snprintf(command, sizeof(command), "printf '<%%s>' %s$%s%s", form ? "\"" : "", name,
                 form ? "\"" : "");
        char *expanded = NULL;
        ck_assert_ptr_null(expand(command, EXPAND_ALL, &variables_of_test, &expanded));
        /* NOLINTNEXTLINE(bugprone-command-processor,cert-env33-c): a shell is what is tested */
        FILE *shell = popen(expanded, "re");
        ck_assert_ptr_nonnull(shell);
        size_t length = fread(got, 1, sizeof(got) - 1, shell);
        got[length] = '\0';
        ck_assert_int_eq(pclose(shell), 0);
        snprintf(wanted, sizeof(wanted), "<%s>", variables[_i].value);
        ck_assert_str_eq(got, wanted);
        free(expanded);
    }
}
END_TEST

START_TEST(the_error_names_the_variable)
{
    char *expanded = NULL;
    lg_error *err = expand("rm -rf \"$NOT_SET\"/", EXPAND_ALL, &variables_of_test, &expanded);
    ck_assert_ptr_nonnull(strstr(lg_error_message(err), "$NOT_SET is not set"));
    lg_error_free(err);
}
END_TEST

START_TEST(in_assignments_only_the_last_pid_is_expanded)
{
    static const struct {
        const char *command, *expanded;
    } cases[] = {{"PID=$!", "PID=77"},
                 {"A=\"$DIR-$!\"", "A=\"$DIR-77\""},
                 {"A=$(sleep 1 & echo $!)", "A=$(sleep 1 & echo $!)"},
                 {"A='$!'`pwd`${B:-c}", "A='$!'`pwd`${B:-c}"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *expanded = NULL;
        ck_assert_ptr_null(
            expand(cases[i].command, EXPAND_LAST_PID, &variables_of_test, &expanded));
        ck_assert_str_eq(expanded, cases[i].expanded);
        free(expanded);
    }
}
END_TEST

START_TEST(exec_is_put_only_before_a_program)
{
    static const struct {
        const char *command;
        long place;
    } cases[] = {{"./server", 0},     {"\"$D/a b\" x >log 2>&1", 0},
                 {"./server>log", 0}, {"PORT=80 A='x y' ./server", 16},
                 {"a | b", -1},       {"a && b", -1},
                 {"a; b", -1},        {"a & b", -1},
                 {"(a)", -1},         {"{ a; }", -1},
                 {"! a", -1},         {"while a; do b; done", -1},
                 {"eval a", -1},      {"A=1", -1},
                 {">log a", -1},      {"a $(b | c; d)", 0},
                 {"a '; b' # & c", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(shell_exec_place(cases[i].command) == cases[i].place, "%s: %ld",
                      cases[i].command, shell_exec_place(cases[i].command));
}
END_TEST

static unsigned next_random(unsigned *state)
{
    return *state = *state * 1664525u + 1013904223u;
}

/* Pieces follow each other without gaps, whatever the text; and the scanner always ends. */
START_TEST(the_scanner_covers_any_text)
{
    static const char alphabet[] = "a$({})`\"'\\#& ;|<>!=N?1\t";
    unsigned state = 1;
    for (int round = 0; round < 200000; round++) {
        char text[24];
        int length = (int)(next_random(&state) >> 16) % (int)(sizeof(text) - 1);
        for (int i = 0; i < length; i++)
            text[i] = alphabet[(next_random(&state) >> 16) % (sizeof(alphabet) - 1)];
        text[length] = '\0';
        struct shell_scanner scanner;
        shell_scan(&scanner, text);
        const char *at = text;
        for (;;) {
            struct shell_piece piece = shell_next(&scanner);
            if (piece.kind == SHELL_ERROR)
                break;
            ck_assert_ptr_eq(piece.start, at);
            if (piece.kind == SHELL_END) {
                ck_assert_ptr_eq(at, text + length);
                break;
            }
            ck_assert_uint_gt(piece.length, 0);
            at += piece.length;
            ck_assert(at <= text + length);
        }
    }
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, D2_variables_are_expanded_by_the_shells_rules_of_quoting, 0,
                        sizeof(expansions) / sizeof(expansions[0]));
    tcase_add_loop_test(tests, D2_a_shell_reads_back_exactly_the_value, 0,
                        sizeof(variables) / sizeof(variables[0]) - 1);
    tcase_add_test(tests, the_error_names_the_variable);
    tcase_add_test(tests, a_message_is_told);
    tcase_add_test(tests, a_secret_value_is_left_to_the_environment);
    tcase_add_test(tests, in_assignments_only_the_last_pid_is_expanded);
    tcase_add_test(tests, exec_is_put_only_before_a_program);
    tcase_add_test(tests, the_scanner_covers_any_text);
}

RUN_TESTS_OF("shell/expand", add_tests)
