/* Tests of the enter and exit probe; each name begins with the rule of DESIGN.md that it holds. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <lifoguard/panic.h>
#include <lifoguard/pending.h>
#include <lifoguard/probe.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static char *text;
static size_t size;

static void check_lines(FILE *stream, const char *pattern)
{
    regex_t regex;
    fclose(stream);
    ck_assert_int_eq(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
    ck_assert_msg(regexec(&regex, text, 0, NULL, 0) == 0, "%s", text);
    regfree(&regex);
    free(text);
}

#define DURATION "([0-9.]+(ns|\xc2\xb5s|ms)|[0-9]+\\.[0-9]+s)"

static void pause_for(lg_duration duration)
{
    struct timespec pause = {.tv_nsec = (long)duration};
    while (nanosleep(&pause, &pause) != 0)
        ck_assert_int_eq(errno, EINTR);
}

static void do_work(FILE *stream)
{
    lg_defer_probe(stream, "doWork");
    pause_for(50 * LG_MILLISECOND);
    fputs("working\n", stream);
}

START_TEST(D2_probe_prints_as_the_reference)
{
    FILE *stream = open_memstream(&text, &size);
    do_work(stream);
    check_lines(stream, "^\\[ENTER doWork\\]\nworking\n\\[EXIT doWork after (5[0-9]\\.[0-9]+ms|"
                        "[6-9][0-9]\\.[0-9]+ms|[0-9]{3}\\.[0-9]+ms|[0-9.]+s)\\]\n$");
}
END_TEST

static void stop(lg_panic_info *panic)
{
    lg_recover(panic);
}

static void may_crash(FILE *stream)
{
    lg_defer_probe(stream, "mayCrash");
    lg_panic("planned");
}

static void recovers(FILE *stream)
{
    lg_func_recovers_void {
        lg_defer_recover(stop);
        lg_defer_probe(stream, "outer");
        may_crash(stream);
    }
}

START_TEST(P1_probe_prints_the_exit_of_a_panic)
{
    FILE *stream = open_memstream(&text, &size);
    recovers(stream);
    check_lines(stream, "^\\[ENTER outer\\]\n\\[ENTER mayCrash\\]\n\\[EXIT mayCrash after " DURATION
                        "\\]\n\\[EXIT outer after " DURATION "\\]\n$");
}
END_TEST

START_TEST(D1_several_probes_in_a_block)
{
    FILE *stream = open_memstream(&text, &size);
    for (int i = 0; i < 2; i++) {
        lg_defer_probe(stream, "a");
        lg_defer_probe(stream, i == 0 ? "b" : "c");
        errno = 4711;
    }
    ck_assert_int_eq(errno, 4711);
    check_lines(stream, "^\\[ENTER a\\]\n\\[ENTER b\\]\n\\[EXIT b after " DURATION
                        "\\]\n\\[EXIT a after " DURATION
                        "\\]\n\\[ENTER a\\]\n\\[ENTER c\\]\n\\[EXIT c after " DURATION
                        "\\]\n\\[EXIT a after " DURATION "\\]\n$");
}
END_TEST

START_TEST(D12_a_probe_is_listed)
{
    FILE *stream = open_memstream(&text, &size);
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_ptr_nonnull(nowhere);
    {
        lg_defer_probe(nowhere, "listed");
        lg_pending_print(stream);
    }
    fclose(nowhere);
    check_lines(stream, "^lg_probe_exit\\(\"listed\"\\)  .*probe_test.c:");
}
END_TEST

START_TEST(D9_a_probe_without_a_stream_prints_nothing)
{
    errno = 4711;
    {
        lg_defer_probe(NULL, "silent");
    }
    lg_probe_exit(NULL);
    ck_assert_int_eq(errno, 4711);
}
END_TEST

START_TEST(D2_probe_without_macros)
{
    FILE *stream = open_memstream(&text, &size);
    lg_probe probe = lg_probe_enter(stream, "step");
    pause_for(LG_MILLISECOND);
    lg_probe_exit(&probe);
    lg_probe_exit(&probe);
    check_lines(stream, "^\\[ENTER step\\]\n\\[EXIT step after [0-9.]+m?s\\]\n"
                        "\\[EXIT step after [0-9.]+m?s\\]\n$");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("probe");
    TCase *tests = tcase_create("probe");
    tcase_set_timeout(tests, 600);
    tcase_add_test(tests, D2_probe_prints_as_the_reference);
    tcase_add_test(tests, P1_probe_prints_the_exit_of_a_panic);
    tcase_add_test(tests, D1_several_probes_in_a_block);
    tcase_add_test(tests, D12_a_probe_is_listed);
    tcase_add_test(tests, D9_a_probe_without_a_stream_prints_nothing);
    tcase_add_test(tests, D2_probe_without_macros);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
