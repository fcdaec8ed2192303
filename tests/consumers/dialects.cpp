/* The headers in C++, whose inline functions and constants are nothing that a warning about casts is for. */
#include <lifoguard/lifoguard.h>

constexpr lg_duration a_while = 3 * LG_SECOND + LG_MILLISECOND / 2;
constexpr lg_time never = LG_TIME_MAX;

int main()
{
    lg_error_free(lg_sleep_until(a_while, lg_until_within(lg_until_deadline(never), -LG_HOUR)));
}
