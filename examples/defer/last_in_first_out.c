/* Deferred calls run in reverse: what was set up last is taken down first (D1). */
#include <stdio.h>

#include <lifoguard/lifoguard.h>

int main(void)
{
    lg_defer(puts, "first defer");
    lg_defer(puts, "second defer");
    lg_defer(puts, "third defer");
    puts("body");
    return 0;
}
