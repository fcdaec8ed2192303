/* The output of commands as JSON. */
#define _GNU_SOURCE
#include "buffer.h"
#include "event.h"

#include <lifoguard/defer.h>
#include <string.h>
#include <time.h>

#include "testing/suite.h"

START_TEST(every_byte_is_part_of_a_valid_string)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    const char bytes[] = {'a', '"', '\\', '\n', '\0', '\x1b', '\x7f', '\xff', '\xc3', '\xa4'};
    json_put_string(&text, bytes, sizeof(bytes));
    ck_assert_str_eq(text.text, "\"a\\\"\\\\\\n\\u0000\\u001b\\u007f\xef\xbf\xbd\xc3\xa4\"");
}
END_TEST

START_TEST(times_have_all_their_digits)
{
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    const struct event event = {
        .kind = EVENT_END, .job = "a", .at = 61 * LG_SECOND + 7, .took = 0, .status = -1};
    event_put_json(&text, &event, LG_SECOND * 86399 + 40 * LG_MICROSECOND);
    ck_assert_str_eq(
        text.text,
        "{\"event\":\"end\",\"time\":\"1970-01-01T23:59:59.000040Z\",\"at\":61.000000007,"
        "\"job\":\"a\",\"took\":0.000000000,\"status\":-1}");
}
END_TEST

static long long processor_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec * LG_SECOND + now.tv_nsec;
}

/* Of many bytes that are all the same. */
static long long cost_of(char byte)
{
    static char bytes[256 * 1024];
    memset(bytes, byte, sizeof(bytes));
    struct buffer text = {0};
    lg_defer(buffer_free, &text);
    long long began = processor_time();
    json_put_string(&text, bytes, sizeof(bytes));
    return processor_time() - began;
}

/* By printf, they took ten times as long. They are compared with bytes that are no UTF-8, each of which is replaced, too. The shortest of
 * several turns of each is what the machine's other work has disturbed least. */
START_TEST(zero_bytes_cost_no_more_than_others_that_are_replaced)
{
    enum { TURNS = 30, MOST = 4 };
    long long zero = LG_MINUTE, other = LG_MINUTE;
    for (int i = 0; i < TURNS; i++) {
        long long a = cost_of('\0'), b = cost_of('\xff');
        zero = a < zero ? a : zero;
        other = b < other ? b : other;
    }
    ck_assert_msg(zero < MOST * other, "%lld ns beside %lld ns", zero, other);
}
END_TEST

RUN_TESTS("event", every_byte_is_part_of_a_valid_string, times_have_all_their_digits,
          zero_bytes_cost_no_more_than_others_that_are_replaced)
