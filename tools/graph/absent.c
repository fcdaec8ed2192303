/* In place of the rest, where there is no libyaml to build with. */
#define _GNU_SOURCE
#include "run_graph.h"

#include "message.h"

#include <string.h>

enum { NOT_HERE = 2 };

bool is_graph(char *const *arguments)
{
    for (; *arguments; arguments++) {
        const char *end = strrchr(*arguments, '.');
        if (strcmp(*arguments, "--yaml") == 0)
            return true;
        if (**arguments != '-')
            return end && (strcmp(end, ".yaml") == 0 || strcmp(end, ".yml") == 0);
    }
    return false;
}

static int absent(void)
{
    print_message(
        "this lifoguard cannot run graphs of jobs: it was built without libyaml. Install it (Debian: "
        "libyaml-dev; Fedora: libyaml-devel), and build lifoguard again");
    return NOT_HERE;
}

int run_graph_command(char **arguments)
{
    (void)arguments;
    return absent();
}
