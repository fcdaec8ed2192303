/* The start is an argument of the deferred call, so it is taken now, and the end when the call is made
 * (D2). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

static void print_elapsed(lg_time start)
{
    char text[LG_DURATION_TEXT_SIZE];
    lg_duration_format(lg_since(start), text, sizeof(text));
    printf("elapsed: %s\n", text);
}

int main(void)
{
    lg_defer(print_elapsed, lg_now());
    lg_sleep(120 * LG_MILLISECOND);
    return 0;
}
