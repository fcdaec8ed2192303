/* Runs the programs that random-programs wrote in C, and writes what they did, one a line. */
#include <stdio.h>

#include "support.h"

extern const struct program *const programs[];
extern const int program_count;

int main(void)
{
    static char trace[TRACE_SIZE];
    for (int i = 0; i < program_count; i++) {
        execute(programs[i], trace);
        printf("%d %s\n", i, trace);
    }
    return 0;
}
