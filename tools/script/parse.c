#define _GNU_SOURCE
#include "parse.h"

#include "buffer.h"
#include "duration.h"
#include "expand.h"
#include "interpreter.h"
#include "secret.h"
#include "shape.h"
#include "shell.h"
#include "typo.h"
#include "vain.h"

#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "closers/own_fd.h"

/* A command is one argument of sh, which Linux limits to 128 KiB. */
enum { LONGEST_LINE = 64 * 1024, LARGEST_FILE = 16 * 1024 * 1024 };
#define LONGEST_LIMIT (1000 * LG_HOUR)

struct parser {
    struct job_file *file;
    const char *at, *end;
    unsigned number; /* of the line that begins at `at` */
    bool background; /* a line above ends in & */
};

/* ---- lines -------------------------------------------------------------------------------------- */

static bool ends_in_backslash(const struct buffer *line)
{
    size_t count = 0;
    while (count < line->length && line->text[line->length - 1 - count] == '\\')
        count++;
    return count % 2 == 1;
}

/* Adds the line at parser->at, without its end. False at the end of the file. */
static bool take_line(struct parser *parser, struct buffer *line)
{
    if (parser->at == parser->end)
        return false;
    size_t left = (size_t)(parser->end - parser->at);
    const char *feed = memchr(parser->at, '\n', left);
    size_t length = feed ? (size_t)(feed - parser->at) : left;
    buffer_add(line, parser->at, length);
    if (line->length > 0 && line->text[line->length - 1] == '\r')
        line->text[--line->length] = '\0';
    parser->at += feed ? length + 1 : length;
    parser->number++;
    return true;
}

/* A line with those that continue it; surrounding blanks stay. */
static lg_error *take_whole_line(struct parser *parser, struct buffer *line)
{
    take_line(parser, line);
    if (line->text[strspn(line->text, " \t")] != '#')
        while (ends_in_backslash(line)) {
            line->text[--line->length] = '\0';
            if (!take_line(parser, line))
                return lg_error_new("the file ends in a \\, which continues a line: remove it");
        }
    if (memchr(line->text, '\0', line->length))
        return lg_error_new("a NUL byte: a job file is text");
    if (line->length > LONGEST_LINE)
        return lg_error_newf("longer than %d bytes: put it into a script, and run that",
                             LONGEST_LINE);
    return NULL;
}

/* ---- variables ----------------------------------------------------------------------------------- */

/* Whether a variable will be set when a defer line is registered. That is known beforehand: what is set
 * once stays so. */
static const char *will_be_set(const char *name, size_t length, void *data)
{
    const struct parser *parser = data;
    if (length == 1 && *name == '!')
        return parser->background ? "1" : NULL;
    if (*name == '$')
        return parser->file->count > 0 ? "1" : NULL;
    if (strchr("0123456789@*", *name))
        return interpreter_argument(name, length);
    for (size_t i = 0; i < parser->file->count; i++) {
        const struct line *line = &parser->file->lines[i];
        if (line->name && strlen(line->name) == length && strncmp(line->name, name, length) == 0)
            return line->name;
    }
    lg_func (const char *, value) {
        char *copy = need_copy(name, length);
        lg_defer(free, copy);
        lg_return(getenv(copy));
    }
}

static lg_error *check_variables(struct parser *parser, const char *command, enum expansion which)
{
    char *expanded = NULL;
    lg_error *err = expand(command, which,
                           &(struct variables){.lookup = will_be_set, .data = parser}, &expanded);
    free(expanded);
    return err;
}

/* ---- a line -------------------------------------------------------------------------------------- */

bool is_wait(const char *command)
{
    return strncmp(command, "wait", 4) == 0 && (command[4] == '\0' || command[4] == ' ') &&
           !strpbrk(command, ";&|<>()`'\\");
}

static void add_line(struct parser *parser, struct line line, const char *command, size_t length)
{
    struct job_file *file = parser->file;
    file->lines = need_memory(file->lines, (file->count + 1) * sizeof(*file->lines));
    line.command = need_copy(command, length);
    struct buffer place = {0};
    buffer_format(&place, "%s:%u", file->path, line.number);
    line.place = place.text;
    if (line.kind != LINE_DEFER)
        snprintf(line.job, sizeof(line.job), "%u", line.number);
    else if (file->count)
        memcpy(line.job, file->lines[file->count - 1].job, sizeof(line.job));
    file->lines[file->count++] = line;
    if (line.kind != LINE_DEFER)
        file->jobs++;
}

/* A defer line protects the line before it; after `&`, also across assignments, as in PID=$!. */
static void mark_acquiring(struct job_file *file)
{
    for (size_t i = file->count; i-- > 0;) {
        struct line *line = &file->lines[i];
        if (line->kind == LINE_DEFER)
            return;
        if (line->kind == LINE_BACKGROUND || i + 1 == file->count)
            line->acquires = true;
        if (line->kind != LINE_ASSIGNMENT)
            return;
    }
}

/* The value of an option, as `--grace 5s` or `--grace=5s`: sets *value, and *at to what follows. */
static lg_error *parse_limit(const char *option, const char **at, lg_duration *value)
{
    const char *text = *at + strlen(option);
    text += *text == '=' ? 1 : strspn(text, " \t");
    size_t length = strcspn(text, " \t");
    *at = text + length + strspn(text + length, " \t");
    lg_func (lg_error *, err) {
        char *copy = need_copy(text, length);
        lg_defer(free, copy);
        err = duration_read(copy, value);
        if (!err && (*value < 0 || *value > LONGEST_LIMIT))
            err = lg_error_newf("not between 0s and 1000h: %s", copy);
        lg_return(lg_error_wrap(err, "%s", option));
    }
}

static bool is_option(const char *text, const char *option)
{
    size_t length = strlen(option);
    return strncmp(text, option, length) == 0 && text[length] && strchr("= \t", text[length]);
}

/* `--retry N` or `--retry=N`. */
static lg_error *parse_retry(const char **at, int64_t *value)
{
    enum { MOST = 1000 };
    const char *text = *at + strlen("--retry");
    text += *text == '=' ? 1 : strspn(text, " \t");
    char *end;
    long number = strtol(text, &end, 10);
    if (end == text || (*end && !strchr(" \t", *end)) || number < 0 || number > MOST)
        return lg_error_newf("--retry: a number up to %d", MOST);
    *value = number;
    *at = end + strspn(end, " \t");
    return NULL;
}

/* An option without a value: sets *at to what follows. */
static bool take_flag(const char **at, const char *flag)
{
    size_t length = strlen(flag);
    if (strncmp(*at, flag, length) != 0 || ((*at)[length] && !strchr(" \t", (*at)[length])))
        return false;
    *at += length + strspn(*at + length, " \t");
    return true;
}

static lg_error *parse_option(const char **command, struct line *line)
{
    bool defers = line->kind == LINE_DEFER;
    if (is_option(*command, "--timeout"))
        return parse_limit("--timeout", command, &line->limit);
    if (is_option(*command, "--grace"))
        return parse_limit("--grace", command, &line->grace);
    if (defers && is_option(*command, "--retry"))
        return parse_retry(command, &line->retries);
    enum cleanup_when before = line->when;
    if (defers && take_flag(command, "--on-failure"))
        line->when = WHEN_FAILURE;
    else if (defers && take_flag(command, "--on-success"))
        line->when = WHEN_SUCCESS;
    else
        return lg_error_newf("no such option: %.*s; there are --timeout and --grace%s",
                             (int)strcspn(*command, " \t"), *command,
                             defers ? ", --retry, --on-failure and --on-success" : "");
    if (before != WHEN_ALWAYS && before != line->when)
        return lg_error_new("--on-failure and --on-success exclude each other");
    return NULL;
}

/* Takes the options, and --, from the beginning of a command. */
static lg_error *parse_limits(const char **command, struct line *line)
{
    lg_error *err = NULL;
    while (!err && strncmp(*command, "--", 2) == 0 && !take_flag(command, "--"))
        err = parse_option(command, line);
    return err;
}

static lg_error *parse_defer(struct parser *parser, unsigned number, const char *command)
{
    struct line line = {.kind = LINE_DEFER, .number = number, .limit = -1, .grace = -1};
    lg_error *err = parse_limits(&command, &line);
    if (err)
        return err;
    struct shape shape;
    err = shape_of_command(command, &shape);
    if (err)
        return err;
    if (shape.length == 0)
        return lg_error_new("defer without a command: write defer COMMAND");
    if (shape.closing_ampersand)
        return lg_error_new("a cleanup cannot be in the background: remove the &");
    char *text = need_copy(command, shape.length);
    err = vain_defer(text);
    if (!err)
        err = check_variables(parser, text, EXPAND_ALL);
    free(text);
    if (err)
        return err;
    mark_acquiring(parser->file);
    add_line(parser, line, command, shape.length);
    return NULL;
}

/* NAME=(…), NAME+=(…) or NAME[…]=…, with nothing behind. */
static bool is_array(const char *command, size_t name, const struct shape *shape)
{
    if (name == 0)
        return false;
    const char *at = command + name;
    if (*at == '[' && shape->first_word_alone)
        return strstr(at, "]=") != NULL || strstr(at, "]+=") != NULL;
    at += *at == '+';
    return at[0] == '=' && at[1] == '(' && command[shape->length - 1] == ')' &&
           shape->first_word == (size_t)(at + 1 - command);
}

static lg_error *parse_job(struct parser *parser, unsigned number, const char *command)
{
    struct line line = {.kind = LINE_JOB, .number = number, .limit = -1, .grace = -1};
    lg_error *err = NULL;
    bool limited = strncmp(command, "with --", strlen("with --")) == 0;
    if (limited) {
        command += strlen("with ");
        err = parse_limits(&command, &line);
    }
    struct shape shape;
    if (!err)
        err = shape_of_command(command, &shape);
    if (!err && limited && shape.length == 0)
        err = lg_error_new("with without a command: write with --timeout 30s -- COMMAND");
    if (!err)
        err = vain_line(command);
    if (!err)
        err = vain_defer(command);
    if (!err)
        err = typo_check(parser->file, command);
    if (!err && is_wait(command))
        err = check_variables(parser, command, EXPAND_ALL);
    if (err)
        return err;

    size_t length = shape.length;
    size_t name = shell_name_length(command);
    bool assignment = false;
    if (is_array(command, name, &shape))
        return lg_error_newf(
            "%.*s is an array, which lasts to the end of its own line: write a list "
            "into a file, or keep the command on the same line",
            (int)name, command);
    if (name > 0 && (command[name] == '=' || strncmp(command + name, "+=", 2) == 0)) {
        err = shape_of_assignment(command, &shape, name, &assignment);
        if (err)
            return err;
        if (assignment) {
            err = check_variables(parser, command, EXPAND_LAST_PID);
            if (err)
                return err;
            line.kind = LINE_ASSIGNMENT;
        }
    }
    if (shape.closing_ampersand) {
        line.kind = LINE_BACKGROUND;
        length--;
        while (length > 0 && (command[length - 1] == ' ' || command[length - 1] == '\t'))
            length--;
        if (length == 0)
            return lg_error_new("& without a command");
        if (line.limit >= 0)
            return lg_error_new("a background line has no --timeout: it is ended at its turn");
        parser->background = true;
    } else if (line.kind == LINE_JOB && shape.last_pid && !shape.other_ampersand) {
        return lg_error_new(
            "$! is the shell's own here, and not set: write PID=$! on a line of its own "
            "below the line that ends in &, and $PID here");
    }
    if (assignment)
        line.name = need_copy(command, name);
    add_line(parser, line, command, length);
    return NULL;
}

/* `secret NAME…`: for the whole file, wherever the line stands. */
static lg_error *parse_secret(const char *names)
{
    size_t count = 0;
    for (const char *at = names; *at && *at != '#'; count++) {
        size_t length = shell_name_length(at);
        if (length == 0 || !strchr(" \t", at[length]))
            return lg_error_newf("secret takes names of variables, and this is none: %.*s",
                                 (int)strcspn(at, " \t"), at);
        secret_mark(at, length);
        at += length + strspn(at + length, " \t");
    }
    return count ? NULL : lg_error_new("secret without a name: write secret NAME…");
}

static lg_error *parse_line(struct parser *parser)
{
    lg_func (lg_error *, err) {
        struct buffer line = {0};
        lg_defer(buffer_free, &line);
        buffer_add_text(&line, "");
        unsigned number = parser->number;
        err = take_whole_line(parser, &line);
        if (!err) {
            const char *command = line.text + strspn(line.text, " \t");
            size_t word = strcspn(command, " \t");
            if (*command == '\0' || *command == '#')
                lg_return(NULL);
            if (word == strlen("defer") && strncmp(command, "defer", word) == 0)
                err = parse_defer(parser, number, command + word + strspn(command + word, " \t"));
            else if (word == strlen("secret") && strncmp(command, "secret", word) == 0)
                err = parse_secret(command + word + strspn(command + word, " \t"));
            else
                err = parse_job(parser, number, command);
        }
        lg_return(lg_error_wrap(err, "%s:%u", parser->file->path, number));
    }
}

/* Once all secrets are known. */
static void show_lines(struct job_file *file)
{
    for (size_t i = 0; i < file->count; i++) {
        struct line *line = &file->lines[i];
        struct buffer shown = {0};
        size_t name = shell_name_length(line->command);
        if (secret_is_written(line->command, name))
            buffer_format(&shown, "%.*s=…", (int)name, line->command);
        else {
            buffer_add_text(&shown, line->command);
            buffer_add_text(&shown, line->kind == LINE_BACKGROUND ? " &" : "");
        }
        line->shown = shown.text;
    }
}

/* ---- a file -------------------------------------------------------------------------------------- */

lg_error *job_file_parse(const char *path, const char *text, size_t size, struct job_file *file)
{
    *file = (struct job_file){.path = path};
    lg_func (lg_error *, err) {
        lg_defer_on_error(job_file_free, file);
        struct parser parser = {.file = file, .at = text, .end = text + size, .number = 1};
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
            parser.at += 3;
        while (parser.at < parser.end)
            err = lg_error_join(err, parse_line(&parser));
        if (!err && file->count == 0)
            err = lg_error_newf("%s:1: no jobs: write one shell command a line", path);
        if (!err)
            show_lines(file);
        lg_return(err);
    }
}

static lg_error *read_all(int fd, const char *path, struct buffer *text)
{
    buffer_add_text(text, "");
    for (;;) {
        char chunk[16 * 1024];
        ssize_t got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return lg_error_new_errno("%s", path);
        if (got == 0)
            return NULL;
        buffer_add(text, chunk, (size_t)got);
        if (text->length > LARGEST_FILE)
            return lg_error_newf("%s: larger than %d MiB: not a job file", path,
                                 LARGEST_FILE / 1024 / 1024);
    }
}

lg_error *job_file_read(const char *path, struct job_file *file)
{
    *file = (struct job_file){.path = path};
    lg_func (lg_error *, err) {
        bool standard_input = strcmp(path, "-") == 0;
        int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                : lgi_own_fd(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
        if (fd < 0)
            lg_return(lg_error_new_errno("%s", path));
        lg_defer(close, fd);
        struct buffer text = {0};
        lg_defer(buffer_free, &text);
        err = read_all(fd, path, &text);
        if (!err)
            err = job_file_parse(path, text.text, text.length, file);
        lg_return(err);
    }
}

void job_file_free(struct job_file *file)
{
    if (!file)
        return;
    for (size_t i = 0; i < file->count; i++) {
        free(file->lines[i].command);
        free(file->lines[i].place);
        free(file->lines[i].shown);
        free(file->lines[i].name);
    }
    free(file->lines);
    *file = (struct job_file){.path = file->path};
}
