/* About runs that were: `history`, `show`, `logs`. */
#define _GNU_SOURCE
#include "history.h"

#include "buffer.h"
#include "client.h"
#include "deliver.h"
#include "message.h"
#include "options.h"
#include "page.h"
#include "place.h"
#include "status.h"
#include "timeline.h"

#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char history_help[] =
    "usage: lifoguard history [--state DIRECTORY]\n"
    "\n"
    "Lists the last runs of lifoguard run, the newest first: run, when it began, the verdict, how long it\n"
    "took, the file. Where a run has no verdict: `running`; `no end recorded` (lifoguard was killed, or could\n"
    "not write; `lifoguard pending` shows what is left to be cleaned up), `not recorded`.\n";

static const char show_help[] =
    "usage: lifoguard show [--state DIRECTORY] [--report FILE] [--junit FILE] [RUN]\n"
    "\n"
    "Shows the jobs, commands and cleanups of a run, with their times; the last run, if RUN is not said.\n"
    "Of a file with a command a line, each line is a job, and its number the name.\n"
    "--report and --junit write the files of the same options of `lifoguard run`.\n"
    "\n"
    "Exit status: 0; 1 there is no such run; 125 wrong usage.\n";

static const char logs_help[] =
    "usage: lifoguard logs [--state DIRECTORY] RUN JOB\n"
    "\n"
    "Prints what a job of a run has written, and its cleanups; JOB run: the run's own cleanups. Of a file with\n"
    "a command a line, JOB is the number of a line; what went to a terminal is not kept.\n"
    "\n"
    "Exit status: 0; 1 there is no such run, or no output; 125 wrong usage.\n";

/* Where no state is so far, the folder is missing: it holds no run. */
static lg_error *open_folder(const char *wanted, char **folder)
{
    char *place;
    bool missing;
    lg_error *err = place_find(wanted, &place, &missing);
    if (err)
        return err;
    *folder = history_folder(place);
    free(place);
    return NULL;
}

/* A command about the runs that were: its words, of which there are `least` to `most`, and where the runs are. */
struct inquiry {
    const char *name, *help;
    const char *missing; /* what to say where words are missing; NULL: none is needed */
    int least, most;
    int (*answer)(const char *folder, char *const *words);
};

static lg_error *check_words(const struct inquiry *inquiry, char *const *words)
{
    int count = 0;
    while (words[count])
        count++;
    if (count < inquiry->least)
        return lg_error_new(inquiry->missing);
    return count > inquiry->most ? lg_error_newf("not expected: %s", words[inquiry->most]) : NULL;
}

/* `further` are the options of this command. */
static int inquire(const struct inquiry *inquiry, const struct option *further, char **arguments)
{
    enum { MOST = 8 };
    bool help = false;
    const char *wanted = NULL;
    struct option table[MOST] = {{"state", OPTION_TEXT, &wanted}, {"help", OPTION_FLAG, &help}};
    for (size_t i = 2; further && further->name; i++)
        table[i] = *further++;
    lg_error *err = options_take(table, &arguments);
    if (!err && help)
        return print_text(inquiry->help);
    if (!err)
        err = check_words(inquiry, arguments);
    if (err)
        return wrong_usage(inquiry->name, err);
    char *folder;
    err = open_folder(wanted, &folder);
    if (err)
        return client_failed(inquiry->name, err);
    lg_defer(free, folder);
    return inquiry->answer(folder, arguments);
}

static bool is_plain_name(const char *name)
{
    return *name != '\0' && *name != '.' && !strchr(name, '/');
}

static void print_run(const char *folder, const struct history_entry *entry)
{
    struct timeline timeline = {0};
    lg_defer(timeline_free, &timeline);
    if (!history_replay(folder, entry->name, &timeline))
        return;
    char date[64];
    char took[DURATION_SHORT_SIZE];
    struct tm local;
    struct buffer file = {0};
    lg_defer(buffer_free, &file);
    localtime_r(&entry->when.tv_sec, &local);
    strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
    buffer_add_visible(&file, timeline.file ? timeline.file : "-");
    printf("%s\t%s\t%s\t%s\t%s\n", entry->name, date, timeline_verdict(&timeline),
           timeline.ended ? duration_short(timeline.took, took) : "-", file.text);
}

static int list(const char *folder, char *const *words)
{
    (void)words;
    struct history history;
    history_list(folder, &history);
    lg_defer(history_free, &history);
    history_sort(folder, &history);
    for (size_t i = 0; i < history.count; i++)
        print_run(folder, &history.items[i]);
    return 0;
}

int history_command(char **arguments)
{
    static const struct inquiry inquiry = {"history", history_help, NULL, 0, 0, list};
    return inquire(&inquiry, NULL, arguments);
}

/* Of `show`: files that are to be written. */
static const char *report, *junit;

static bool write_files(const struct timeline *timeline)
{
    struct buffer page = {0}, cases = {0};
    lg_defer(buffer_free, &page);
    lg_defer(buffer_free, &cases);
    timeline_put_page(timeline, &page);
    timeline_put_junit(timeline, &cases);
    bool good = !report || page_write(report, &page);
    return (!junit || page_write(junit, &cases)) && good;
}

static lg_error *no_such_run(const char *id)
{
    return *id ? lg_error_newf("there is no run %s; lifoguard history lists them", id)
               : lg_error_new("RUN is an empty word: is a variable without a value?");
}

static int show(const char *folder, char *const *words)
{
    struct history history;
    history_list(folder, &history);
    lg_defer(history_free, &history);
    history_sort(folder, &history);
    if (!*words && !history.count)
        return client_failed("show",
                             lg_error_new("no run is recorded so far: lifoguard run FILE does"));
    const char *id = *words ? *words : history.items[0].name;
    struct timeline timeline = {0};
    lg_defer(timeline_free, &timeline);
    if (!is_plain_name(id) || !history_replay(folder, id, &timeline))
        return client_failed("show", no_such_run(id));
    lg_error *err = page_check(report, junit);
    if (err)
        return client_failed("show", err);
    if (report || junit)
        return write_files(&timeline) ? 0 : 1;
    timeline_print(&timeline);
    return 0;
}

int show_command(char **arguments)
{
    static const struct inquiry inquiry = {"show", show_help, NULL, 0, 1, show};
    const struct option further[] = {
        {"report", OPTION_TEXT, &report}, {"junit", OPTION_TEXT, &junit}, {0}};
    return inquire(&inquiry, further, arguments);
}

static bool print_file(FILE *file)
{
    struct delivery delivery = {.to = "standard output", .readers_stay = true};
    char bytes[16384];
    size_t count;
    while (!delivery.over && (count = fread(bytes, 1, sizeof(bytes), file)) > 0)
        deliver(&delivery, STDOUT_FILENO, bytes, count);
    return !delivery.over;
}

static int print_log(const char *folder, char *const *words)
{
    const char *id = words[0], *job = words[1];
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s/%s.log", folder, id, job);
    FILE *file = is_plain_name(id) && is_plain_name(job) ? fopen(path.text, "re") : NULL;
    struct timeline timeline = {0};
    lg_defer(timeline_free, &timeline);
    if (!file && (!is_plain_name(id) || !history_replay(folder, id, &timeline)))
        return client_failed("logs", no_such_run(id));
    if (!file)
        return client_failed("logs",
                             lg_error_newf("there is no output of %s in run %s; lifoguard show %s "
                                           "lists its jobs",
                                           job, id, id));
    lg_defer(fclose, file);
    return print_file(file) ? 0 : EXIT_OURS;
}

int logs_command(char **arguments)
{
    static const struct inquiry inquiry = {
        "logs",
        logs_help,
        "which RUN and which JOB? lifoguard history lists the runs, lifoguard show RUN the jobs",
        2,
        2,
        print_log};
    return inquire(&inquiry, NULL, arguments);
}
