/* Graphs (fuzz.h). Whatever it is given, the reader must not crash, must say a place for each problem, and must put in order what it
 * accepts. */
#define _GNU_SOURCE
#include "../fuzz.h"
#include "graph.h"
#include "plan.h"

#include <lifoguard/defer.h>
#include <sys/mman.h>
#include <unistd.h>

static int input = -1;

static bool is_in_order(const struct graph *graph)
{
    for (size_t i = 0; i < graph->count; i++)
        for (size_t k = 0; k < graph->jobs[i]->need_count; k++)
            if (graph->jobs[i]->needs[k].job->number >= graph->jobs[i]->number)
                return false;
    return true;
}

static bool have_places(const struct graph *graph)
{
    for (const struct problem *problem = graph->problems.first; problem; problem = problem->next)
        if (!problem->at.file || *problem->text == '\0' || !problem->at.line || !problem->at.column)
            return false;
    return true;
}

static void fuzz_one(const char *data, size_t size)
{
    if (input < 0)
        input = memfd_create("graph", MFD_CLOEXEC);
    char path[64];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
    if (ftruncate(input, 0) != 0 || pwrite(input, data, size, 0) != (ssize_t)size)
        abort();
    struct graph graph = {0};
    lg_defer(graph_free, &graph);
    graph_read(&graph, path);
    graph_check(&graph);
    graph_select(&graph, &(struct words){0});
    if (!have_places(&graph))
        give_up("a problem without a place", data, size);
    bool good = graph.problems.count == 0;
    if (good)
        graph_plan(&graph);
    if (good && !is_in_order(&graph))
        give_up("accepted, but not in order", data, size);
}

static void fuzz_end(void)
{
    close(input);
}

static const char *fuzz_token(size_t i)
{
    static const char *const tokens[] = {"jobs:",       "run:",       "defer:",    "needs:",
                                         "ready:",      "for:",       "env:",      "wait: true",
                                         "timeout: 1s", "<<: *a",     "&a ",       "*a",
                                         "- ",          "\n  ",       "{",         "}",
                                         "[",           "]",          "? ",        "|\n",
                                         ">-\n",        "---\n",      "...\n",     "!!int ",
                                         "\"",          "'",          "#",         "%YAML 1.1\n",
                                         "null",        "~",          "\xff",      "\xef\xbb\xbf",
                                         "\t",          "include: x", "lock: a/b", "args: []"};
    return tokens[i % (sizeof(tokens) / sizeof(tokens[0]))];
}
