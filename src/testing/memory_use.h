/* For tests: how much memory this process has. */
#ifndef LGI_TESTING_MEMORY_USE_H
#define LGI_TESTING_MEMORY_USE_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* In KB: of addresses, of what is in memory, and of what can be written and is not shared. */
struct memory_use {
    size_t mapped, resident, data;
};

static inline struct memory_use memory_use(void)
{
    char line[128] = "", *at = line;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file || !fgets(line, sizeof(line), file))
        abort();
    fclose(file);
    size_t page_kb = (size_t)sysconf(_SC_PAGESIZE) / 1024;
    struct memory_use use;
    use.mapped = strtoul(at, &at, 10) * page_kb;
    use.resident = strtoul(at, &at, 10) * page_kb;
    for (int skipped = 0; skipped < 3; skipped++)
        (void)strtoul(at, &at, 10);
    use.data = strtoul(at, &at, 10) * page_kb;
    return use;
}

#endif
