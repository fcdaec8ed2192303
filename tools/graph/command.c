#define _GNU_SOURCE
#include "engine.h"
#include "graph.h"
#include "message.h"
#include "options.h"
#include "plan.h"
#include "run_graph.h"
#include "secrecy.h"
#include "status.h"

#include <errno.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help[] =
    "usage: lifoguard run [OPTION…] FILE.yaml [ARGUMENT…]\n"
    "\n"
    "Runs the jobs of a graph: several at once, each after the jobs it needs; the cleanups of a job when\n"
    "everything that needs it is over. They also run after a failure, after a signal, after kill -9 of\n"
    "lifoguard, and after a power cut (lifoguard recover --all).\n"
    "\n"
    "  jobs:\n"
    "    data:\n"
    "      run: echo \"DIR=$(mktemp -d)\" >>\"$LIFOGUARD_ENV\"   # a variable for the jobs that need this one\n"
    "      defer: rm -rf \"$DIR\"                              # a cleanup\n"
    "    db:\n"
    "      needs: data                                       # or a list: [data, other]\n"
    "      run: exec ./server --data \"$DIR\" --port 5432\n"
    "      ready: {tcp: \"127.0.0.1:5432\", timeout: 30s}      # a service: up while jobs need it\n"
    "    test: {needs: db, run: ./test, timeout: 5m, retries: 1}\n"
    "\n"
    "lifoguard-graphs(5) lists all keys; for a key that does not exist, --check prints the keys that do.\n"
    "\n"
    "  -j, --jobs N         how many commands run at once (make's job server, if make started this; or\n"
    "                       as many as there are processors)\n"
    "  -k, --keep-going     after a failure, jobs that do not need the failed one still run\n"
    "      --job NAME[,…]   only these jobs, and what they need\n"
    "      --check          only reads the file, and prints each error in it\n"
    "      --dry-run        prints the jobs in order, and the order of the cleanups\n"
    "      --yaml           FILE is a graph whatever it is called; also for - (standard input)\n"
    "\n"
    "  -q, --quiet          prints failures and the result only\n"
    "      --plain          no live view, also on a terminal\n"
    "      --json           events on standard output, one JSON object a line\n"
    "      --log-dir DIR    the output of each job, in DIR/JOB.log\n"
    "      --report FILE    writes a page with the times of all jobs and cleanups\n"
    "      --junit FILE     writes a JUnit XML file\n"
    "      --secret NAME    *** stands for the value of this variable in what jobs print, and the value is\n"
    "                       not stored; as of variables with TOKEN, SECRET or PASSWORD in their names\n"
    "      --status WHICH   run: the exit status as below; first-failure: that of the first job that failed\n"
    "      --keep           leaves the cleanups to a later `lifoguard recover`; also KEEP=1\n"
    "      --state DIR      where cleanups and logs are recorded ($XDG_STATE_HOME/lifoguard)\n"
    "\n"
    "Exit status: 0; 1 a job or a cleanup failed; 2 wrong usage or a bad file: nothing was run; 124 the\n"
    "time of the run was over; 125 lifoguard itself failed; 128 + N for signal N.\n"
    "\n"
    "Afterwards: lifoguard history, lifoguard show RUN, lifoguard logs RUN JOB.\n";

/* Of both forms: those that have a value. */
static bool takes_value(const char *word)
{
    static const char *const names[] = {"--jobs",   "--job",    "--log-dir",         "--report",
                                        "--junit",  "--status", "--state",           "--grace",
                                        "--secret", "--shell",  "--cleanup-timeout", "-j"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(word, names[i]) == 0)
            return true;
    return false;
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

bool is_graph(char *const *arguments)
{
    for (; *arguments && **arguments == '-' && (*arguments)[1] != '\0'; arguments++) {
        if (strcmp(*arguments, "--yaml") == 0)
            return true;
        if (strcmp(*arguments, "--") == 0) {
            arguments++;
            break;
        }
        if (takes_value(*arguments) && arguments[1])
            arguments++;
    }
    const char *file = *arguments ? *arguments : "";
    return ends_in(file, ".yaml") || ends_in(file, ".yml");
}

static void split_names(struct graph *graph, const char *text, struct words *names)
{
    char *rest = arena_copy(&graph->arena, text, strlen(text));
    const char **items = arena_take(&graph->arena, (strlen(text) + 2) * sizeof(*items));
    names->items = items;
    for (char *name; (name = strsep(&rest, ",")) != NULL;)
        if (*name)
            items[names->count++] = name;
}

/* Everything is checked before anything starts. Not 0: that has been told, and this is the exit status. */
static int load(struct graph *graph, const char *path, const char *only)
{
    graph_read(graph, path);
    graph_check(graph);
    struct words names = {0};
    if (only)
        split_names(graph, only, &names);
    graph_select(graph, &names);
    lg_error *err = graph->problems.count ? NULL : graph_check_syntax(graph);
    problems_print(&graph->problems, stderr);
    if (!err)
        return graph->problems.count ? RUN_BAD_FILE : 0;
    char *text = lg_error_text(err);
    print_message("the commands cannot be checked, so nothing was run: %s",
                  text ? text : "out of memory");
    free(text);
    lg_error_free(err);
    return RUN_LOST;
}

static int wrong(lg_error *err)
{
    wrong_usage("run", err);
    return RUN_BAD_FILE;
}

static lg_error *check_options(const struct engine_options *options, int64_t limit)
{
    if (limit > 10000)
        return lg_error_new("--jobs: at most 10000");
    return record_check_options(&options->record);
}

int run_graph_command(char **arguments)
{
    bool show_help = false, check = false, dry_run = false, yaml = false;
    int64_t limit = 0;
    const char *only = NULL;
    option_each *each_secret = secrecy_add;
    struct engine_options options = {.keep = options_keep_is_wanted()};
    struct option table[] = {[RECORD_OPTIONS] = {"j|jobs", OPTION_NUMBER, &limit},
                             {"k|keep-going", OPTION_FLAG, &options.keep_going},
                             {"job", OPTION_TEXT, &only},
                             {"check", OPTION_FLAG, &check},
                             {"dry-run", OPTION_FLAG, &dry_run},
                             {"yaml", OPTION_FLAG, &yaml},
                             {"q|quiet", OPTION_FLAG, &options.quiet},
                             {"plain", OPTION_FLAG, &options.plain},
                             {"keep", OPTION_FLAG, &options.keep},
                             {"state", OPTION_TEXT, &options.state},
                             {"secret", OPTION_EACH, &each_secret},
                             {"help", OPTION_FLAG, &show_help},
                             {0}};
    record_take_options(&options.record, table);
    lg_error *err = options_take(table, &arguments);
    if (!err && show_help)
        return print_text(help);
    if (!err)
        err = check_options(&options, limit);
    if (!err && !*arguments)
        err = lg_error_new("which FILE is to be run?");
    if (err)
        return wrong(err);
    options.limit = (size_t)limit;
    options.arguments = options_behind(table, arguments);
    struct graph graph = {0};
    lg_defer(graph_free, &graph);
    int status = load(&graph, *arguments, only);
    if (dry_run && !status)
        graph_plan(&graph);
    return status || check || dry_run ? status : graph_run(&graph, &options);
}
