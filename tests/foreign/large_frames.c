#include "large_frames.h"

#include <stdio.h>

__attribute__((noinline)) static void write_line(char *buffer, size_t size)
{
    snprintf(buffer, size, "%s", "a line that was read");
    puts(buffer);
    fflush(stdout);
}

#define LARGE_FRAME(kb)                                                                            \
    void frame_of_##kb##_kb(void)                                                                  \
    {                                                                                              \
        char buffer[(kb) << 10];                                                                   \
        write_line(buffer, sizeof(buffer));                                                        \
    }
LARGE_FRAMES(LARGE_FRAME)
