/* Tests of durations: the tables hold what Go 1.23 prints and reads. */
#define _GNU_SOURCE
#include <check.h>
#include <errno.h>
#include <lifoguard/time.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "testing/suite.h"
#include "time/clock.h"

#define NS LG_NANOSECOND
#define US LG_MICROSECOND
#define MS LG_MILLISECOND
#define S LG_SECOND
#define M LG_MINUTE
#define H LG_HOUR
#define MICRO "\xc2\xb5s"

static const struct {
    lg_duration duration;
    const char *text;
} formatted[] = {
    {0, "0s"},
    {1 * NS, "1ns"},
    {999 * NS, "999ns"},
    {1 * US, "1" MICRO},
    {1001 * NS, "1.001" MICRO},
    {1100 * NS, "1.1" MICRO},
    {1500 * NS, "1.5" MICRO},
    {999999 * NS, "999.999" MICRO},
    {1 * MS, "1ms"},
    {2200 * US, "2.2ms"},
    {1000001 * NS, "1.000001ms"},
    {50222135 * NS, "50.222135ms"},
    {100 * MS, "100ms"},
    {999999999 * NS, "999.999999ms"},
    {1 * S, "1s"},
    {1 * S + 1 * NS, "1.000000001s"},
    {3300 * MS, "3.3s"},
    {10 * S, "10s"},
    {59 * S + 999999999 * NS, "59.999999999s"},
    {1 * M, "1m0s"},
    {4 * M + 5 * S, "4m5s"},
    {4 * M + 5001 * MS, "4m5.001s"},
    {59 * M + 59 * S, "59m59s"},
    {1 * H, "1h0m0s"},
    {1 * H + 1 * NS, "1h0m0.000000001s"},
    {1 * H + 15 * M + 30918 * MS, "1h15m30.918s"},
    {5 * H + 6 * M + 7001 * MS, "5h6m7.001s"},
    {8 * M + 1 * NS, "8m0.000000001s"},
    {100 * H, "100h0m0s"},
    {-1 * NS, "-1ns"},
    {-1500 * NS, "-1.5" MICRO},
    {-1500 * MS, "-1.5s"},
    {-2 * M, "-2m0s"},
    {-(1 * H + 1 * S), "-1h0m1s"},
    {LG_DURATION_MAX, "2562047h47m16.854775807s"},
    {LG_DURATION_MIN, "-2562047h47m16.854775808s"},
    {LG_DURATION_MIN + 1, "-2562047h47m16.854775807s"},
};

START_TEST(duration_format_prints_as_go)
{
    char buffer[LG_DURATION_TEXT_SIZE];
    size_t length = lg_duration_format(formatted[_i].duration, buffer, sizeof(buffer));
    ck_assert_str_eq(buffer, formatted[_i].text);
    ck_assert_uint_eq(length, strlen(formatted[_i].text));

    for (size_t size = 0; size <= length + 1; size++) {
        char cut[LG_DURATION_TEXT_SIZE], expected[LG_DURATION_TEXT_SIZE];
        memset(cut, '#', sizeof(cut));
        memset(expected, '#', sizeof(expected));
        ck_assert_uint_eq(lg_duration_format(formatted[_i].duration, size ? cut : NULL, size),
                          length);
        if (size > 0) {
            memcpy(expected, buffer, size - 1);
            expected[size - 1] = '\0';
        }
        ck_assert_mem_eq(cut, expected, sizeof(cut));
    }
}
END_TEST

/* What is printed reads as what it was: no digit is lost, whatever the value. */
START_TEST(duration_format_is_read_back)
{
    uint64_t state = 42;
    for (int i = 0; i < 200000; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        lg_duration duration = (lg_duration)state >> (i % 64), read = 7;
        char buffer[LG_DURATION_TEXT_SIZE];
        ck_assert_uint_lt(lg_duration_format(duration, buffer, sizeof(buffer)), sizeof(buffer));
        lg_error *err = lg_duration_parse(buffer, &read);
        if (err || read != duration)
            ck_abort_msg("%s: %lld, not %lld", buffer, (long long)read, (long long)duration);
    }
    for (size_t i = 0; i < sizeof(formatted) / sizeof(formatted[0]); i++) {
        lg_duration read = 7;
        ck_assert_ptr_null(lg_duration_parse(formatted[i].text, &read));
        ck_assert_int_eq(read, formatted[i].duration);
    }
}
END_TEST

static const struct {
    const char *text;
    lg_duration duration;
} parsed[] = {
    {"0", 0},
    {"+0", 0},
    {"-0", 0},
    {"0s", 0},
    {"-0s", 0},
    {"00s", 0},
    {"0.0s", 0},
    {"5s", 5 * S},
    {"30s", 30 * S},
    {"1478s", 1478 * S},
    {"-5s", -5 * S},
    {"+5s", 5 * S},
    {"5.0s", 5 * S},
    {"5.6s", 5600 * MS},
    {"5.s", 5 * S},
    {".5s", 500 * MS},
    {"-.5s", -500 * MS},
    {"+.5s", 500 * MS},
    {"1.0s", 1 * S},
    {"1.00s", 1 * S},
    {"1.004s", 1004 * MS},
    {"1.0040s", 1004 * MS},
    {"100.00100s", 100001 * MS},
    {"10ns", 10 * NS},
    {"11us", 11 * US},
    {"12\xc2\xb5s", 12 * US},
    {"12\xce\xbcs", 12 * US},
    {"13ms", 13 * MS},
    {"14s", 14 * S},
    {"15m", 15 * M},
    {"16h", 16 * H},
    {"3h30m", 3 * H + 30 * M},
    {"10.5s4m", 4 * M + 10500 * MS},
    {"-2m3.4s", -(2 * M + 3400 * MS)},
    {"1h2m3s4ms5us6ns", H + 2 * M + 3 * S + 4 * MS + 5 * US + 6 * NS},
    {"39h9m14.425s", 39 * H + 9 * M + 14425 * MS},
    {"1s1s1s", 3 * S},
    {".5s.5s", 1 * S},
    {"1.5h", 90 * M},
    {"0.5ns", 0},
    {"1.9ns", 1},
    {"-1.9ns", -1},
    {"52763797000ns", 52763797000 * NS},
    {"0.3333333333333333333h", 20 * M},
    {"0.100000000000000000000h", 6 * M},
    {"0.830103483285477580700h", 49 * M + 48 * S + 372539827 * NS},
    {"0.9223372036854775807s", 922337203 * NS},
    {"0.9223372036854775808s", 922337203 * NS},
    {"0.99999999999999999999999999999s", 1 * S},
    {"0.00000000000000000000000000000000001h", 0},
    {"000000000000000000000000000000000000001s", 1 * S},
    {"9007199254740993ns", 9007199254740993},
    {"9223372036854775807ns", LG_DURATION_MAX},
    {"9223372036854775.807us", LG_DURATION_MAX},
    {"9223372036s854ms775us807ns", LG_DURATION_MAX},
    {"-9223372036854775807ns", -LG_DURATION_MAX},
    {"-9223372036854775808ns", LG_DURATION_MIN},
    {"-9223372036854775.808us", LG_DURATION_MIN},
    {"-9223372036s854ms775us808ns", LG_DURATION_MIN},
    {"-2562047h47m16.854775808s", LG_DURATION_MIN},
    {"2562047h47m16.854775807s", LG_DURATION_MAX},
};

START_TEST(duration_parse_reads_as_go)
{
    lg_duration duration = 7;
    lg_error *err = lg_duration_parse(parsed[_i].text, &duration);
    ck_assert_msg(err == NULL, "%s: %s", parsed[_i].text, lg_error_message(err));
    ck_assert_msg(duration == parsed[_i].duration, "%s: %lld", parsed[_i].text,
                  (long long)duration);
}
END_TEST

static const struct {
    const char *text;
    const char *message;
} refused[] = {
    {NULL, "invalid duration: no text"},
    {"", "invalid duration \"\""},
    {"-", "invalid duration \"-\""},
    {"+", "invalid duration \"+\""},
    {"s", "invalid duration \"s\""},
    {".", "invalid duration \".\""},
    {"-.", "invalid duration \"-.\""},
    {".s", "invalid duration \".s\""},
    {"+.s", "invalid duration \"+.s\""},
    {"--1s", "invalid duration \"--1s\""},
    {"+-1s", "invalid duration \"+-1s\""},
    {" 1s", "invalid duration \" 1s\""},
    {"3000000h-1s", "unknown unit \"h-\" in duration \"3000000h-1s\""},
    /* E8: escaped, as Go quotes them */
    {"\x85\x85", "invalid duration \"\\x85\\x85\""},
    {"\xff"
     "ff",
     "invalid duration \"\\xffff\""},
    {"hello \xff"
     "ff world",
     "invalid duration \"hello \\xffff world\""},
    {"a\"\\\n\x1b", "invalid duration \"a\\\"\\\\\\n\\x1b\""},
    {"1\x9b\xc2\x9bs", "unknown unit \"\\x9b\\xc2\\x9bs\" in duration \"1\\x9b\\xc2\\x9bs\""},
    {"\xef\xbf\xbd hello \xef\xbf\xbd world",
     "invalid duration \"\xef\xbf\xbd hello \xef\xbf\xbd world\""},
    {"00", "missing unit in duration \"00\""},
    {"3", "missing unit in duration \"3\""},
    {"-1", "missing unit in duration \"-1\""},
    {"1.5", "missing unit in duration \"1.5\""},
    {"1..5s", "missing unit in duration \"1..5s\""},
    {"1h2", "missing unit in duration \"1h2\""},
    {"1x", "unknown unit \"x\" in duration \"1x\""},
    {"1s ", "unknown unit \"s \" in duration \"1s \""},
    {"1 s", "unknown unit \" s\" in duration \"1 s\""},
    {"1S", "unknown unit \"S\" in duration \"1S\""},
    {"1d", "unknown unit \"d\" in duration \"1d\""},
    {"1e3s", "unknown unit \"e\" in duration \"1e3s\""},
    {"1ss", "unknown unit \"ss\" in duration \"1ss\""},
    {"1\xc2\xb5", "unknown unit \"\xc2\xb5\" in duration \"1\xc2\xb5\""},
    {"9223372036854775808ns", "duration \"9223372036854775808ns\" is out of range"},
    {"9223372036854775810ns", "duration \"9223372036854775810ns\" is out of range"},
    {"-9223372036854775809ns", "duration \"-9223372036854775809ns\" is out of range"},
    {"9223372036854775.808us", "duration \"9223372036854775.808us\" is out of range"},
    {"9223372036854ms775us808ns", "duration \"9223372036854ms775us808ns\" is out of range"},
    {"99999999999999999999s", "duration \"99999999999999999999s\" is out of range"},
    {"9223372036854776us", "duration \"9223372036854776us\" is out of range"},
    {"3000000h", "duration \"3000000h\" is out of range"},
    {"2562047h47m16.854775808s", "duration \"2562047h47m16.854775808s\" is out of range"},
    {"-2562047h47m16.854775809s", "duration \"-2562047h47m16.854775809s\" is out of range"},
    /* Go reads this one as 0: its sum wraps around. */
    {"9223372036854775808ns9223372036854775808ns",
     "duration \"9223372036854775808ns9223372036854775808ns\" is out of range"},
};

START_TEST(duration_parse_refuses_as_go)
{
    lg_duration duration = 7;
    lg_error *err = lg_duration_parse(refused[_i].text, &duration);
    ck_assert_ptr_nonnull(err);
    ck_assert_str_eq(lg_error_message(err), refused[_i].message);
    ck_assert_int_eq(duration, 7);
    lg_error_free(err);
}
END_TEST

/* What comes from a command line may be anything. */
START_TEST(duration_parse_survives_anything)
{
    static const char letters[] = "0123456789..+-nsuumh \xc2\xb5\xce\xbc";
    uint64_t state = 7;
    int read = 0;
    for (int i = 0; i < 300000; i++) {
        char text[12];
        size_t length = (size_t)i % sizeof(text);
        for (size_t at = 0; at < length; at++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            text[at] = letters[(state >> 33) % (sizeof(letters) - 1)];
        }
        text[length] = '\0';
        lg_duration duration = 0;
        lg_error *err = lg_duration_parse(text, &duration);
        read += !err;
        lg_error_free(err);
    }
    ck_assert_int_gt(read, 1000);
}
END_TEST

START_TEST(duration_now_never_goes_back)
{
    lg_time last = lg_now();
    for (int i = 0; i < 100000; i++) {
        lg_time now = lg_now();
        ck_assert(now >= last);
        last = now;
    }
}
END_TEST

START_TEST(duration_since_measures)
{
    lg_time start = lg_now();
    struct timespec pause = {.tv_nsec = 20000000L};
    while (nanosleep(&pause, &pause) != 0)
        ck_assert_int_eq(errno, EINTR);
    lg_duration elapsed = lg_since(start);
    ck_assert_int_ge(elapsed, 20 * MS);
    ck_assert_int_lt(elapsed, 20 * S); /* whatever else the machine does */
    ck_assert_int_le(lg_since(start) - elapsed, 20 * S);
}
END_TEST

static const struct {
    lg_duration a, b, sum, difference;
} sums[] = {
    {1, 2, 3, -1},
    {LG_DURATION_MAX, 0, LG_DURATION_MAX, LG_DURATION_MAX},
    {LG_DURATION_MAX, 1, LG_DURATION_MAX, LG_DURATION_MAX - 1},
    {LG_DURATION_MAX, -1, LG_DURATION_MAX - 1, LG_DURATION_MAX},
    {LG_DURATION_MAX, LG_DURATION_MAX, LG_DURATION_MAX, 0},
    {LG_DURATION_MAX, LG_DURATION_MIN, -1, LG_DURATION_MAX},
    {LG_DURATION_MIN, 1, LG_DURATION_MIN + 1, LG_DURATION_MIN},
    {LG_DURATION_MIN, -1, LG_DURATION_MIN, LG_DURATION_MIN + 1},
    {LG_DURATION_MIN, LG_DURATION_MIN, LG_DURATION_MIN, 0},
    {LG_DURATION_MIN, LG_DURATION_MAX, -1, LG_DURATION_MIN},
    {0, LG_DURATION_MIN, LG_DURATION_MIN, LG_DURATION_MAX},
    {-1, LG_DURATION_MIN, LG_DURATION_MIN, LG_DURATION_MAX},
};

START_TEST(times_do_not_overflow)
{
    ck_assert_int_eq(lgi_time_add(sums[_i].a, sums[_i].b), sums[_i].sum);
    ck_assert_int_eq(lgi_time_sub(sums[_i].a, sums[_i].b), sums[_i].difference);
}
END_TEST

START_TEST(times_for_the_kernel)
{
    ck_assert_int_eq(lgi_time_left(LG_DURATION_MAX), LG_DURATION_MAX);
    ck_assert_int_eq(lgi_time_left(LG_DURATION_MIN), 0);
    ck_assert_int_eq(lgi_time_left(lg_now()), 0);
    ck_assert_int_gt(lgi_time_left(LG_DURATION_MAX - 1), 0);
    ck_assert_int_eq(lgi_time_in(LG_DURATION_MAX), LG_DURATION_MAX);
    ck_assert_int_lt(lgi_time_in(LG_DURATION_MIN), 0);
    ck_assert_int_eq(lg_since(LG_DURATION_MIN), LG_DURATION_MAX);
    ck_assert_int_eq(lgi_timespec(-1).tv_sec, 0);
    ck_assert_int_eq(lgi_timespec(-1).tv_nsec, 0);
    ck_assert_int_eq(lgi_timespec(3 * S + 5).tv_sec, 3);
    ck_assert_int_eq(lgi_timespec(3 * S + 5).tv_nsec, 5);
    ck_assert_int_eq(lgi_milliseconds(LG_DURATION_MAX), -1);
    ck_assert_int_eq(lgi_milliseconds(LG_DURATION_MAX - 1), INT32_MAX);
    ck_assert_int_eq(lgi_milliseconds(0), 0);
    ck_assert_int_eq(lgi_milliseconds(1), 1);
    ck_assert_int_eq(lgi_milliseconds(MS), 1);
}
END_TEST

/* What Go 1.23 gives for Truncate and Round. */
static const struct {
    lg_duration duration, unit, truncated, rounded;
} rounding[] = {
    {0, LG_SECOND, 0, 0},
    {1500 * MS, LG_SECOND, LG_SECOND, 2 * LG_SECOND},
    {1499 * MS, LG_SECOND, LG_SECOND, LG_SECOND},
    {-1500 * MS, LG_SECOND, -LG_SECOND, -2 * LG_SECOND},
    {-1499 * MS, LG_SECOND, -LG_SECOND, -LG_SECOND},
    {7, 0, 7, 7},
    {7, -3, 7, 7},
    {7, 1, 7, 7},
    {8, 3, 6, 9},
    {-8, 3, -6, -9},
    {LG_DURATION_MAX, LG_HOUR, 9223369200000000000, LG_DURATION_MAX},
    {LG_DURATION_MIN, LG_HOUR, -9223369200000000000, LG_DURATION_MIN},
    {LG_DURATION_MAX, LG_DURATION_MAX, LG_DURATION_MAX, LG_DURATION_MAX},
};

START_TEST(durations_round_as_go)
{
    ck_assert_int_eq(lg_duration_truncate(rounding[_i].duration, rounding[_i].unit),
                     rounding[_i].truncated);
    ck_assert_int_eq(lg_duration_round(rounding[_i].duration, rounding[_i].unit),
                     rounding[_i].rounded);
}
END_TEST

START_TEST(durations_in_seconds)
{
    ck_assert(lg_duration_seconds(1500 * MS) == 1.5);
    ck_assert(lg_duration_seconds(-LG_MINUTE) == -60.0);
    ck_assert(lg_duration_seconds(0) == 0.0);
}
END_TEST

#define ROWS(table) ((int)(sizeof(table) / sizeof((table)[0])))

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, duration_format_prints_as_go, 0, ROWS(formatted));
    tcase_add_test(tests, duration_format_is_read_back);
    tcase_add_loop_test(tests, duration_parse_reads_as_go, 0, ROWS(parsed));
    tcase_add_loop_test(tests, duration_parse_refuses_as_go, 0, ROWS(refused));
    tcase_add_test(tests, duration_parse_survives_anything);
    tcase_add_test(tests, duration_now_never_goes_back);
    tcase_add_test(tests, duration_since_measures);
    tcase_add_loop_test(tests, times_do_not_overflow, 0, ROWS(sums));
    tcase_add_test(tests, times_for_the_kernel);
    tcase_add_loop_test(tests, durations_round_as_go, 0, ROWS(rounding));
    tcase_add_test(tests, durations_in_seconds);
}

RUN_TESTS_OF("duration", add_tests)
