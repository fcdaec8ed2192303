#define _GNU_SOURCE
#include "history.h"

#include "buffer.h"
#include "client.h"
#include "options.h"
#include "place.h"
#include "run_graph.h"
#include "say.h"
#include "timeline.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { KEPT = 50 };

static const char events_name[] = "events.jsonl";

/* ---- the directories ---- */

struct entry {
    char *name;
    struct timespec when;
};

struct entries {
    struct entry *items;
    size_t count;
};

static void entries_free(struct entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->items[i].name);
    free(entries->items);
}

static int newest_first(const void *a, const void *b)
{
    const struct timespec *left = &((const struct entry *)a)->when;
    const struct timespec *right = &((const struct entry *)b)->when;
    if (left->tv_sec != right->tv_sec)
        return left->tv_sec < right->tv_sec ? 1 : -1;
    return left->tv_nsec < right->tv_nsec ? 1 : left->tv_nsec > right->tv_nsec ? -1 : 0;
}

static void list_runs(const char *folder, struct entries *entries)
{
    *entries = (struct entries){0};
    DIR *directory = opendir(folder);
    if (!directory)
        return;
    lg_defer(closedir, directory);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        struct stat status;
        if (entry->d_name[0] == '.' ||
            /* NOLINTNEXTLINE(clang-analyzer-unix.StdCLibraryFunctions): the directory is open */
            fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
            !S_ISDIR(status.st_mode))
            continue;
        entries->items = need_memory(entries->items, (entries->count + 1) * sizeof *entries->items);
        entries->items[entries->count++] =
            (struct entry){need_copy(entry->d_name, strlen(entry->d_name)), status.st_ctim};
    }
    if (entries->count)
        qsort(entries->items, entries->count, sizeof *entries->items, newest_first);
}

static char *folder_of(const char *place)
{
    struct buffer path = {0};
    buffer_format(&path, "%s/history", place);
    return path.text;
}

void history_forget_oldest(const char *place)
{
    char *folder = folder_of(place);
    lg_defer(free, folder);
    struct entries entries;
    list_runs(folder, &entries);
    lg_defer(entries_free, &entries);
    for (size_t i = KEPT; i < entries.count; i++) {
        struct buffer path = {0};
        buffer_format(&path, "%s/%s", folder, entries.items[i].name);
        place_remove_run(path.text);
        buffer_free(&path);
    }
}

char *history_begin(const char *place, const char *id)
{
    char *folder = folder_of(place);
    lg_defer(free, folder);
    struct buffer path = {0};
    buffer_format(&path, "%s/%s", folder, id);
    lg_error *err = place_make_directory(folder);
    if (!err)
        err = place_make_directory(path.text);
    if (!err)
        return path.text;
    char *text = lg_error_text(err);
    say("%s: this run will not be in the history", text ? text : "out of memory");
    free(text);
    lg_error_free(err);
    buffer_free(&path);
    return NULL;
}

struct sink *history_sink(const char *directory)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s", directory, events_name);
    int fd = open(path.text, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? NULL : json_sink(fd, true);
}

/* ---- reading events back ---- */

static unsigned read_hex(const char *at)
{
    char digits[5] = {0};
    memcpy(digits, at, strnlen(at, 4));
    return (unsigned)strtoul(digits, NULL, 16);
}

/* The string behind an opening quotation mark, as this program writes it. */
static void read_string(const char *at, struct buffer *text)
{
    buffer_add(text, "", 0);
    for (; *at && *at != '"'; at++) {
        /* NOLINTNEXTLINE(bugprone-branch-clone): a character as it is, with or without a backslash */
        if (*at != '\\') {
            buffer_add_char(text, *at);
        } else if (*++at == 'u') {
            buffer_add_char(text, (char)read_hex(at + 1));
            at += strnlen(at + 1, 4);
        } else if (*at == 'n') {
            buffer_add_char(text, '\n');
        } else if (*at) {
            buffer_add_char(text, *at);
        } else {
            break;
        }
    }
}

/* Where the value of a member begins. Within a string each quotation mark has a backslash, so this finds members only. */
static const char *find_member(const char *line, const char *name)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"%s\":", name);
    const char *at = strstr(line, wanted);
    return at ? at + strlen(wanted) : NULL;
}

static bool get_string(const char *line, const char *name, struct buffer *text)
{
    const char *at = find_member(line, name);
    if (!at || *at != '"')
        return false;
    read_string(at + 1, text);
    return true;
}

static lg_duration get_seconds(const char *line, const char *name)
{
    const char *at = find_member(line, name);
    if (!at)
        return -1;
    char *end;
    long long seconds = strtoll(at, &end, 10);
    return seconds * LG_SECOND + (*end == '.' ? strtoll(end + 1, NULL, 10) : 0);
}

static bool find_kind(const char *name, enum event_kind *kind)
{
    for (int i = 0; i < EVENT_KINDS; i++) {
        if (strcmp(event_name((enum event_kind)i), name) == 0) {
            *kind = (enum event_kind)i;
            return true;
        }
    }
    return false;
}

struct fields {
    struct buffer kind, job, text, result;
};

static void fields_free(struct fields *fields)
{
    buffer_free(&fields->kind);
    buffer_free(&fields->job);
    buffer_free(&fields->text);
    buffer_free(&fields->result);
}

static void replay_line(const char *line, struct sink *sink)
{
    struct fields fields = {0};
    lg_defer(fields_free, &fields);
    struct event event = {.job = ""};
    if (!get_string(line, "event", &fields.kind) || !find_kind(fields.kind.text, &event.kind))
        return;
    if (get_string(line, "job", &fields.job))
        event.job = fields.job.text;
    event.text = get_string(line, "text", &fields.text) ? fields.text.text : "";
    event.length = fields.text.length;
    if (get_string(line, "result", &fields.result))
        event.result = fields.result.text;
    event.at = get_seconds(line, "at");
    event.took = get_seconds(line, "took");
    const char *number = find_member(line, "cleanup");
    event.cleanup = number ? (size_t)strtoul(number, NULL, 10) : 0;
    number = find_member(line, "status");
    event.status = number ? (int)strtol(number, NULL, 10) : 0;
    sink->take(sink, &event);
}

/* False: there are none. */
static bool replay(const char *folder, const char *id, struct timeline *timeline)
{
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s/%s", folder, id, events_name);
    FILE *file = fopen(path.text, "re");
    if (!file)
        return false;
    lg_defer(fclose, file);
    timeline->run = arena_copy(&timeline->arena, id, strlen(id));
    struct sink *sink = timeline_sink(timeline);
    lg_defer(sink->free, sink);
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, file) > 0)
        replay_line(line, sink);
    free(line);
    return true;
}

/* ---- commands ---- */

static const char history_help[] =
    "usage: lifoguard history [--state DIRECTORY]\n"
    "\n"
    "Lists the last runs of lifoguard run, the newest first: run, when it began, the verdict, how long it\n"
    "took, the file.\n";

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

static int failed(const char *command, lg_error *err)
{
    lg_defer(lg_error_free, err);
    char *text = lg_error_text(err);
    lg_defer(free, text);
    say("%s: %s", command, text ? text : "out of memory");
    return 1;
}

static lg_error *open_folder(const char *wanted, char **folder)
{
    char *place;
    lg_error *err = place_open(wanted, &place);
    if (err)
        return err;
    *folder = folder_of(place);
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
        return client_help(inquiry->help);
    if (!err)
        err = check_words(inquiry, arguments);
    if (err)
        return wrong_usage(inquiry->name, err);
    char *folder;
    err = open_folder(wanted, &folder);
    if (err)
        return failed(inquiry->name, err);
    lg_defer(free, folder);
    return inquiry->answer(folder, arguments);
}

static bool is_plain_name(const char *name)
{
    return *name != '\0' && *name != '.' && !strchr(name, '/');
}

static void print_run(const char *folder, const struct entry *entry)
{
    struct timeline timeline = {0};
    lg_defer(timeline_free, &timeline);
    if (!replay(folder, entry->name, &timeline))
        return;
    char date[64];
    char took[SAY_DURATION_SIZE];
    struct tm local;
    localtime_r(&entry->when.tv_sec, &local);
    strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", &local);
    printf("%s\t%s\t%s\t%s\t%s\n", entry->name, date,
           timeline.ended ? timeline.verdict : "not ended", say_duration(timeline.took, took),
           timeline.file ? timeline.file : "?");
}

static int list(const char *folder, char *const *words)
{
    (void)words;
    struct entries entries;
    list_runs(folder, &entries);
    lg_defer(entries_free, &entries);
    for (size_t i = 0; i < entries.count; i++)
        print_run(folder, &entries.items[i]);
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
    bool good = !report || write_whole_file(report, &page);
    return (!junit || write_whole_file(junit, &cases)) && good;
}

static lg_error *no_such_run(const char *id)
{
    return *id ? lg_error_newf("there is no run %s; lifoguard history lists them", id)
               : lg_error_new("RUN is an empty word: is a variable without a value?");
}

static int show(const char *folder, char *const *words)
{
    struct entries entries;
    list_runs(folder, &entries);
    lg_defer(entries_free, &entries);
    if (!*words && !entries.count)
        return failed("show", lg_error_new("no run is recorded so far: lifoguard run FILE does"));
    const char *id = *words ? *words : entries.items[0].name;
    struct timeline timeline = {0};
    lg_defer(timeline_free, &timeline);
    if (!is_plain_name(id) || !replay(folder, id, &timeline))
        return failed("show", no_such_run(id));
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

static int print_log(const char *folder, char *const *words)
{
    const char *id = words[0], *job = words[1];
    struct buffer path = {0};
    lg_defer(buffer_free, &path);
    buffer_format(&path, "%s/%s/%s.log", folder, id, job);
    FILE *file = is_plain_name(id) && is_plain_name(job) ? fopen(path.text, "re") : NULL;
    struct timeline timeline = {0};
    lg_defer(timeline_free, &timeline);
    if (!file && (!is_plain_name(id) || !replay(folder, id, &timeline)))
        return failed("logs", no_such_run(id));
    if (!file)
        return failed("logs", lg_error_newf("there is no output of %s in run %s; lifoguard show %s "
                                            "lists its jobs",
                                            job, id, id));
    lg_defer(fclose, file);
    char bytes[16384];
    size_t count;
    while ((count = fread(bytes, 1, sizeof bytes, file)) > 0)
        if (fwrite(bytes, 1, count, stdout) != count)
            return 1;
    return 0;
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
