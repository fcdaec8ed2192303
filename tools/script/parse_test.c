/* Job files: what is read from good ones, and what is said about bad ones. */
#define _GNU_SOURCE
#include "parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "testing/suite.h"

static lg_error *parse(const char *text, struct job_file *file)
{
    return job_file_parse("f", text, strlen(text), file);
}

static const char kinds[] = {
    [LINE_JOB] = 'j', [LINE_BACKGROUND] = '&', [LINE_ASSIGNMENT] = '=', [LINE_DEFER] = 'd'};

/* What is read, as text: "3d!:COMMAND|": number, kind, ! if it acquires. */
static void show(const struct job_file *file, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < file->count && at < size; i++) {
        const struct line *line = &file->lines[i];
        at += (size_t)snprintf(text + at, size - at, "%u%c%s:%s|", line->number, kinds[line->kind],
                               line->acquires ? "!" : "", line->command);
    }
}

static const struct {
    const char *text, *shown;
} good[] = {
    {"true", "1j:true|"},
    {"true\n", "1j:true|"},
    {"  true  \n\n\t\n# comment\ntrue\n", "1j:true|5j:true|"},
    {"\xef\xbb\xbftrue\r\n\r\nfalse\r\n", "1j:true|3j:false|"},
    {"echo a  # comment\n", "1j:echo a|"},
    {"echo a#b '# c' \\# d\n", "1j:echo a#b '# c' \\# d|"},
    {"echo $# ${#} x\n", "1j:echo $# ${#} x|"},
    {"a \\\n  b\nc\n", "1j:a   b|3j:c|"},
    {"a \\\r\nb\r\n", "1j:a b|"},
    {"a\\\\\nb\n", "1j:a\\\\|2j:b|"},
    {"# comment \\\nb\n", "2j:b|"},
    {"make\ndefer make clean\n", "1j!:make|2d:make clean|"},
    {"make\n\n# why\n  defer\tmake clean # now\n", "1j!:make|4d:make clean|"},
    {"a\nb\ndefer c\ndefer d\ne\n", "1j:a|2j!:b|3d:c|4d:d|5j:e|"},
    {"defer_it\n", "1j:defer_it|"},
    {"defer rm x\n", "1d:rm x|"},
    {"FILES=a\nfor FILE in $FILES; do b $FILE; done\n",
     "1=:FILES=a|2j:for FILE in $FILES; do b $FILE; done|"},
    {"SOURCE=a\nb ${SOURC-} '$SOURC'\n", "1=:SOURCE=a|2j:b ${SOURC-} '$SOURC'|"},
    {"FILE1=a\nb $FILE2\n", "1=:FILE1=a|2j:b $FILE2|"},
    {"A=a\nA+=b\n", "1=:A=a|2=:A+=b|"},
    {"(( $# > 1 ))\n", "1j:(( $# > 1 ))|"},
    {"command -v ls\n", "1j:command -v ls|"},
    {"A=1; B=2; echo $A$B\n", "1=:A=1; B=2; echo $A$B|"},
    {"A=$(x) || A=y\n", "1=:A=$(x) || A=y|"},
    {"FILES=a\nb ${FILE-} ${FILE:+x}\n", "1=:FILES=a|2j:b ${FILE-} ${FILE:+x}|"},
    {"a\ndefer for i in 1 2; do echo $i; done\n", "1j!:a|2d:for i in 1 2; do echo $i; done|"},
    {"a\ndefer ls | while read -r f; do rm \"$f\"; done\n",
     "1j!:a|2d:ls | while read -r f; do rm \"$f\"; done|"},
    {"a\ndefer echo $(for i in 1; do echo $i; done)\n",
     "1j!:a|2d:echo $(for i in 1; do echo $i; done)|"},
    {"umask\nulimit -n\n", "1j:umask|2j:ulimit -n|"},
    {"umask 077 && touch x\n", "1j:umask 077 && touch x|"},
    {"exit 3\n", "1j:exit 3|"},
    {"f() { a; }; f\n", "1j:f() { a; }; f|"},
    {"exec srv >log\n", "1j:exec srv >log|"},
    {"n=0; until [ $n = 3 ]; do n=$((n+1)); done\n",
     "1=:n=0; until [ $n = 3 ]; do n=$((n+1)); done|"},
    {"A=$(cat x) || A=y\n", "1=:A=$(cat x) || A=y|"},
    {"A=$(case $(b) in L) echo l;; *) echo o;; esac)\n",
     "1=:A=$(case $(b) in L) echo l;; *) echo o;; esac)|"},
    {"A=$(case a in (a) echo case in esac;; (b);; esac; echo esac)\n",
     "1=:A=$(case a in (a) echo case in esac;; (b);; esac; echo esac)|"},
    {"case $A in /*) a & ;; *) b;; esac &\n", "1&:case $A in /*) a & ;; *) b;; esac|"},
    {"echo case in x # y\n", "1j:echo case in x|"},
    {"A=1\n", "1=:A=1|"},
    {"A=$(cat \"$B\" | sort; date) # c\n", "1=:A=$(cat \"$B\" | sort; date)|"},
    {"A='x y'\"$B z\"\\ q`pwd -P`\n", "1=:A='x y'\"$B z\"\\ q`pwd -P`|"},
    {"A=\n", "1=:A=|"},
    {"A=1 make\n", "1j:A=1 make|"},
    {"=1\n", "1j:=1|"},
    {"A=1\ndefer rm $A ${A}\n", "1=!:A=1|2d:rm $A ${A}|"},
    {"srv &\n", "1&:srv|"},
    {"srv&\n", "1&:srv|"},
    {"srv 2>&1 >log & # c\n", "1&:srv 2>&1 >log|"},
    {"a & b &\n", "1&:a & b|"},
    {"a & wait $!\n", "1j:a & wait $!|"},
    {"echo \\&\n", "1j:echo \\&|"},
    {"echo '&'\n", "1j:echo '&'|"},
    {"srv &\nPID=$!\ndefer kill $PID $!\n", "1&!:srv|2=!:PID=$!|3d:kill $PID $!|"},
    {"srv &\nx\ndefer kill $!\n", "1&:srv|2j!:x|3d:kill $!|"},
    {"cd /tmp && ls\n", "1j:cd /tmp && ls|"},
    {"(cd /tmp; ls)\n", "1j:(cd /tmp; ls)|"},
    {"cat <<<x\n", "1j:cat <<<x|"},
    {"echo $((1 << 2))\n", "1j:echo $((1 << 2))|"},
    {"x\ndefer echo $HOME_OF_TEST '$NOT_SET'\n", "1j!:x|2d:echo $HOME_OF_TEST '$NOT_SET'|"},
    {"case $X in a) b;; esac\n", "1j:case $X in a) b;; esac|"},
};

START_TEST(good_files_are_read)
{
    setenv("HOME_OF_TEST", "x", 1);
    struct job_file file;
    lg_error *err = parse(good[_i].text, &file);
    if (err)
        ck_abort_msg("%s: %s", good[_i].text, lg_error_message(err));
    char shown[512];
    show(&file, shown, sizeof(shown));
    ck_assert_str_eq(shown, good[_i].shown);
    size_t jobs = 0;
    for (size_t i = 0; i < file.count; i++)
        jobs += file.lines[i].kind != LINE_DEFER;
    ck_assert_uint_eq(file.jobs, jobs);
    job_file_free(&file);
}
END_TEST

static const struct {
    const char *text, *said;
} bad[] = {
    {"", "f:1: no jobs"},
    {"# nothing\n", "f:1: no jobs"},
    {"true\n\ndefer\n", "f:3: defer without a command"},
    {"true\ndefer # x\n", "f:2: defer without a command"},
    {"true\ndefer rm x &\n", "f:2: a cleanup cannot be in the background"},
    {"true\ndefer rm $NOT_SET\nNOT_SET=1\n", "f:2: $NOT_SET is not set"},
    {"BUILD_DIR=x\nrm -r \"$BUILDDIR\"/*\n", "f:2: $BUILDDIR is set nowhere, but $BUILD_DIR is"},
    {"SOURCE=x\nT=${SORUCE}\n", "f:2: $SORUCE is set nowhere, but $SOURCE is"},
    {"target=x\necho $TARGET &\n", "f:2: $TARGET is set nowhere, but $target is"},
    {"true\ndefer kill $!\n", "f:2: $! is not set"},
    {"PID=$!\n", "f:1: $! is not set"},
    {"srv &\nkill $!\n", "f:2: $! is the shell's own here"},
    {"true\necho 'a\n", "f:2: a ' is not closed"},
    {"echo \"a\n", "f:1: a \" is not closed"},
    {"echo $(a\n", "f:1: a ( is not closed"},
    {"echo ${a\n", "f:1: a ${ is not closed"},
    {"echo `a\n", "f:1: a ` is not closed"},
    {"a\nb \\\n", "f:2: the file ends in a \\"},
    {"A=1 B=2\n", "f:1: two assignments on a line"},
    {"A=1 | cat\n", "f:1: A is lost"},
    {"A=1 &\n", "f:1: A is lost"},
    {"cd /tmp\n", "f:1: cd lasts"},
    {"umask 077\n", "f:1: umask lasts"},
    {". ./env\n", "f:1: . lasts"},
    {"source env\n", "f:1: source lasts"},
    {"ulimit -n 64\n", "f:1: ulimit lasts"},
    {"read X <env\n", "f:1: read lasts"},
    {"eval A=1\n", "f:1: eval lasts"},
    {"f() { echo in f; }\n", "f:1: a function lasts"},
    {"exec 9>lock\n", "f:1: exec lasts"},
    {"alias ll=ls\n", "f:1: alias lasts"},
    {"exit 0\n", "f:1: exit lasts"},
    {"local A=1\n", "f:1: local lasts"},
    {"declare -a X\n", "f:1: declare lasts"},
    {"pushd /tmp\n", "f:1: pushd lasts"},
    {"set -euo pipefail; trap \"echo bye\" EXIT\n", "f:1: set lasts"},
    {"export A=1\n", "f:1: export lasts"},
    {"trap 'rm x' EXIT\n", "f:1: trap lasts"},
    {"set -e\n", "f:1: set lasts"},
    {"command cd /tmp\n", "f:1: cd lasts"},
    {"\\cd /tmp\n", "f:1: cd lasts"},
    {"{ cd /tmp; }\n", "f:1: cd lasts"},
    {"enable -n echo\n", "f:1: enable lasts"},
    {"((x = 1))\n", "f:1: ((x lasts"},
    {"((x++))\n", "f:1: ((x++)) lasts"},
    {": \"${X:=1}\"\n", "f:1: : lasts"},
    {"printf -v X 1\n", "f:1: printf lasts"},
    {"wait -n\n", "f:1: wait lasts"},
    {"wait %1\n", "f:1: wait lasts"},
    {"a=(1 2)\n", "f:1: a is an array"},
    {"a+=(1 2)\n", "f:1: a is an array"},
    {"a[0]=x\n", "f:1: a is an array"},
    {"A=1; B=2\n", "f:1: two assignments"},
    {"A=$(x) && B=$(y)\n", "f:1: two assignments"},
    {"BUILD_DIR=x\nrm -r \"${BUILDDIR%/}\"/*\n", "f:2: $BUILDDIR is set nowhere"},
    {"BUILD_DIR=x\necho ${#BUILDDIR}\n", "f:2: $BUILDDIR is set nowhere"},
    {"a\ndefer echo $i; for i in 1; do echo; done\n", "f:2: $i is not set"},
    {"cat <<EOF\n", "f:1: a here-document"},
    {"&\n", "f:1: & without a command"},
    {"defer --on-failure --on-success a\n", "f:1: --on-failure and --on-success exclude"},
    {"with --timeout 1s\n", "f:1: with without a command"},
    {"with --timeout 1s -- # a\n", "f:1: with without a command"},
    {"with --timeout 1s -- defer a\n", "f:1: defer begins a line of its own"},
    {"a; defer b\n", "f:1: defer begins a line of its own"},
    {"a && defer b\n", "f:1: defer begins a line of its own"},
    {"a & defer b\n", "f:1: defer begins a line of its own"},
    {"(a; defer b)\n", "f:1: defer begins a line of its own"},
    {"{ a; defer b; }\n", "f:1: defer begins a line of its own"},
    {"if a; then defer b; fi\n", "f:1: defer begins a line of its own"},
    {"for i in 1; do a; defer b; done\n", "f:1: defer begins a line of its own"},
    {"A=$(a; defer b)\n", "f:1: defer begins a line of its own"},
    {"defer defer a\n", "f:1: defer begins a line of its own"},
    {"secret\n", "f:1: secret without a name"},
    {"secret # A\n", "f:1: secret without a name"},
    {"secret A-B\n", "f:1: secret takes names of variables, and this is none: A-B"},
    {"secret A, B\n", "f:1: secret takes names of variables, and this is none: A,"},
    {"a &\nwait $NOWHERE\n", "f:2: $NOWHERE is not set"},
    {"defer echo ${LIFOGUARD_STATUS:-x}\n", "f:1: LIFOGUARD_STATUS is not known before"},
};

START_TEST(bad_files_are_refused_with_their_line)
{
    struct job_file file;
    lg_error *err = parse(bad[_i].text, &file);
    ck_assert_ptr_nonnull(err);
    char text[1024];
    lg_error_format(err, text, sizeof(text));
    if (strncmp(text, bad[_i].said, strlen(bad[_i].said)) != 0)
        ck_abort_msg("%s: %s", bad[_i].text, text);
    lg_error_free(err);
    ck_assert_uint_eq(file.count, 0);
    job_file_free(&file);
}
END_TEST

START_TEST(every_bad_line_is_told)
{
    struct job_file file;
    lg_error *err = parse("cd x\ntrue\necho '\n", &file);
    char text[1024];
    lg_error_format(err, text, sizeof(text));
    ck_assert_ptr_nonnull(strstr(text, "f:1: cd lasts"));
    ck_assert_ptr_nonnull(strstr(text, "f:3: a ' is"));
    lg_error_free(err);
}
END_TEST

START_TEST(a_nul_byte_is_refused)
{
    struct job_file file;
    static const char text[] = "true\nec\0ho\n";
    lg_error *err = job_file_parse("f", text, sizeof(text) - 1, &file);
    ck_assert_ptr_nonnull(err);
    char said[256];
    lg_error_format(err, said, sizeof(said));
    ck_assert_ptr_eq(strstr(said, "f:2: a NUL byte"), said);
    lg_error_free(err);
}
END_TEST

START_TEST(a_line_that_is_too_long_is_refused)
{
    size_t size = (size_t)70 * 1024;
    char *text = malloc(size + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', size);
    text[size] = '\0';
    struct job_file file;
    lg_error *err = parse(text, &file);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    text[(size_t)60 * 1024] = '\0';
    ck_assert_ptr_null(parse(text, &file));
    job_file_free(&file);
    free(text);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
    struct job_file file;
    lg_error *err = job_file_read("/nonexistent/file", &file);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    err = job_file_read("/", &file);
    ck_assert_ptr_nonnull(err);
    lg_error_free(err);
    ck_assert_ptr_null(file.lines);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, good_files_are_read, 0, sizeof(good) / sizeof(good[0]));
    tcase_add_loop_test(tests, bad_files_are_refused_with_their_line, 0,
                        sizeof(bad) / sizeof(bad[0]));
    tcase_add_test(tests, every_bad_line_is_told);
    tcase_add_test(tests, a_nul_byte_is_refused);
    tcase_add_test(tests, a_line_that_is_too_long_is_refused);
    tcase_add_test(tests, what_cannot_be_read_is_an_error);
}

RUN_TESTS_OF("script/parse", add_tests)
