/* The program lifoguard-vet: finds cleanup mistakes in C code. `lifoguard vet` starts it. */
#include "pages.h"
#include "run.h"

#include <stdio.h>
#include <string.h>

static const char help[] =
    "usage: lifoguard vet [OPTION…] FILE-OR-FOLDER… [-- COMPILER-FLAGS]\n"
    "       lifoguard vet [OPTION…] -p COMPILE-COMMANDS\n"
    "       lifoguard vet [OPTION…] -- BUILD-COMMAND…\n"
    "       lifoguard vet --explain CHECK | all\n"
    "\n"
    "Finds resources that are not released on some path, released twice, or used after that, in C code that need\n"
    "not be configured or compile.\n"
    "\n"
    "  --all                  also reports less certain findings\n"
    "  --fix                  changes the files where finding and fix are sure; reports the rest\n"
    "  --check A,B            only these checks\n"
    "  --disable A,B          not these checks\n"
    "  --format FORMAT        text, json or sarif (SARIF 2.1.0)\n"
    "  --output FILE          writes the report to FILE\n"
    "  --baseline FILE        leaves out the findings in FILE; names those that are no longer found\n"
    "  --write-baseline FILE  writes the findings to FILE\n"
    "  --config FILE          settings: pairs of functions, checks turned off (.lifoguard-vet)\n"
    "  --cache FOLDER         keeps the results of unchanged files there; --no-cache: checks all files again\n"
    "  --alone                checks each file by itself, without a look at the functions of other files\n"
    "  -j N                   checks N files at the same time\n"
    "  -q                     no progress line\n"
    "\n"
    "A comment `// lifoguard-vet: allow CHECK: reason` allows a finding on its line or the next.\n"
    "Exit status: 0 nothing found; 1 findings; 2 wrong usage, or a file that cannot be read or is not C.\n";

/* The exit status after something that was asked for has been printed. */
static int printed(void)
{
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 2;
}

static int explain(const char *name)
{
    if (strcmp(name, "all") == 0) {
        for (int i = 0; i < check_page_count; i++)
            puts(check_pages[i].name);
        return printed();
    }
    const struct check_page *page = check_page_find(name);
    if (!page) {
        fprintf(stderr,
                "lifoguard-vet: no such check: %s\nAll checks: lifoguard vet --explain all\n",
                name);
        return 2;
    }
    fputs(page->page, stdout);
    return printed();
}

static int outcome(const result_vec *results)
{
    bool broken = false, found = false;
    EACH (result, results) {
        broken |= result->broken;
        EACH (finding, &result->findings)
            found |= !finding->suppressed;
    }
    return broken ? 2 : found;
}

static int vet(struct arena *arena, int count, char **arguments)
{
    struct settings settings = {0};
    path_vec paths = {0};
    result_vec results = {0};
    if (!settings_read(arena, count, arguments, &settings) ||
        !inputs_expand(arena, &settings, &paths))
        return 2;
    bool built = !settings.wrapped || run_wrapped(arena, &settings, &paths);
    if (paths.count == 0) {
        if (built)
            fputs("lifoguard-vet: there is no C file to check\n", stderr);
        return 2;
    }
    check_all(arena, &settings, &paths, &results);
    if (settings.baseline && !baseline_apply(arena, &settings, &results))
        return 2;
    if (settings.fix && !fix_all(arena, &results))
        return 2;
    if (settings.write_baseline && !baseline_write(&settings, &results))
        return 2;
    if (!report(&settings, &results))
        return 2;
    return built ? outcome(&results) : 2;
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count && strcmp(arguments[i], "--") != 0; i++) {
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0) {
            fputs(help, stdout);
            return printed();
        }
        if (strcmp(arguments[i], "--explain") == 0)
            return explain(i + 1 < count ? arguments[i + 1] : "all");
        if (strncmp(arguments[i], "--explain=", 10) == 0)
            return explain(arguments[i] + 10);
    }
    struct arena arena = {0};
    int status = vet(&arena, count - 1, arguments + 1);
    arena_free(&arena);
    return status;
}
