// C++17 can include the headers and call the functions; the macros of defer are C's.
#include <lifoguard/lifoguard.h>

#include <cstdio>
#include <cstring>

int main()
{
    lg_error *error = lg_error_wrap(lg_error_new("disk full"), "work");
    char text[64];
    lg_error_format(error, text, sizeof(text));
    lg_error_free(error);

    char duration[LG_DURATION_TEXT_SIZE];
    lg_duration_format(1500 * LG_MICROSECOND, duration, sizeof(duration));

    std::printf("%s, %s\n", text, duration);
    return std::strcmp(text, "work: disk full") != 0 || std::strcmp(duration, "1.5ms") != 0;
}
