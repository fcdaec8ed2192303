#define _GNU_SOURCE
#include "value.h"

#include "buffer.h"
#include "duration.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <lifoguard/defer.h>
#include <lifoguard/error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST_FILE = 16 * 1024 * 1024 };

/* ---- maps ---- */

/* The name of a key is a beginning: of x-NAME. */
static bool is_beginning(const struct map_key *key)
{
    size_t length = strlen(key->name);
    return length > 0 && key->name[length - 1] == '-';
}

static const struct map_key *find_key(const struct map_key *keys, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].name, name) == 0 ||
            (is_beginning(&keys[i]) && strncmp(keys[i].name, name, strlen(keys[i].name)) == 0))
            return &keys[i];
    return NULL;
}

/* "run, defer, needs" */
static const char *joined(const char *const *names, size_t count, char *list, size_t size)
{
    size_t length = 0;
    list[0] = '\0';
    for (size_t i = 0; i < count && length < size; i++)
        length += (size_t)snprintf(list + length, size - length, "%s%s", i ? ", " : "", names[i]);
    return list;
}

static void unknown_key(struct reader *reader, const struct node *key, const char *what,
                        const struct map_key *keys, size_t count)
{
    const char *names[32] = {NULL};
    char list[512];
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_beginning(&keys[i]))
            names[known++] = keys[i].name;
    const char *near = nearest(key->text, names, known);
    if (near)
        problem_add(reader->problems, key->at, "%s has no key %s; meant is perhaps %s", what,
                    key->text, near);
    else
        problem_add(reader->problems, key->at, "%s has no key %s; the keys are %s", what, key->text,
                    joined(names, known, list, sizeof(list)));
}

bool read_map(struct reader *reader, const struct node *node, const char *what,
              const struct map_key *keys, size_t count, void *target)
{
    if (node->kind != NODE_MAP) {
        problem_add(reader->problems, node->at, "%s must be a map, not %s", what,
                    node_kind_name(node));
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (node->keys[i]->kind != NODE_SCALAR)
            continue; /* which is a problem already */
        const struct map_key *key = find_key(keys, count, node->keys[i]->text);
        if (key)
            key->read(reader, node->keys[i], node->elements[i], target);
        else
            unknown_key(reader, node->keys[i], what, keys, count);
    }
    return true;
}

/* ---- scalars ---- */

const char *read_text(struct reader *reader, const char *what, const struct node *node)
{
    if (node->kind != NODE_SCALAR || node_is_nothing(node)) {
        problem_add(reader->problems, node->at, "%s must be text, not %s", what,
                    node_kind_name(node));
        return NULL;
    }
    if (node->text[strspn(node->text, " \t\r\n")] == '\0') {
        problem_add(reader->problems, node->at, "%s is empty", what);
        return NULL;
    }
    return node->text;
}

lg_duration read_duration(struct reader *reader, const char *what, const struct node *node)
{
    const char *text = read_text(reader, what, node);
    lg_duration duration = 0;
    if (!text)
        return 0;
    lg_error *err = lg_duration_parse(text, &duration);
    lg_defer(lg_error_free, err);
    if (err || duration < 0 || duration > DURATION_LONGEST)
        problem_add(reader->problems, node->at, "%s must be a duration, such as 30s or 1m30s: %s",
                    what, text);
    return err || duration < 0 ? 0 : duration;
}

long read_number(struct reader *reader, const char *what, const struct node *node, long most)
{
    const char *text = read_text(reader, what, node);
    if (!text)
        return 0;
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0 || number > most) {
        problem_add(reader->problems, node->at, "%s must be a number from 0 to %ld, not %s", what,
                    most, text);
        return 0;
    }
    return number;
}

bool read_truth(struct reader *reader, const char *what, const struct node *node)
{
    const char *text = node->kind == NODE_SCALAR && node->plain ? node->text : "";
    if (strcmp(text, "true") == 0)
        return true;
    if (strcmp(text, "false") != 0)
        problem_add(reader->problems, node->at, "%s must be true or false", what);
    return false;
}

/* ---- lists of words ---- */

void words_add(struct arena *arena, struct words *words, const char *text)
{
    /* Room for a power of two. */
    if ((words->count & (words->count + 1)) == 0) {
        const char **items = arena_take(arena, (2 * words->count + 2) * sizeof(*items));
        if (words->count)
            memcpy(items, words->items, words->count * sizeof(*items));
        words->items = items;
    }
    words->items[words->count++] = text;
    words->items[words->count] = NULL;
}

void words_assign(struct arena *arena, struct words *words, const char *name, const char *value)
{
    const char *assignment = arena_format(arena, "%s=%s", name, value);
    size_t length = strlen(name) + 1;
    for (size_t i = 0; i < words->count; i++) {
        if (strncmp(words->items[i], assignment, length) == 0) {
            words->items[i] = assignment;
            return;
        }
    }
    words_add(arena, words, assignment);
}

struct words read_words(struct reader *reader, const char *what, const struct node *node)
{
    struct words words = {0};
    if (node->kind == NODE_MAP)
        problem_add(reader->problems, node->at, "%s must be text or a list of texts, not a map",
                    what);
    else if (node->kind == NODE_SCALAR && read_text(reader, what, node))
        words_add(reader->arena, &words, node->text);
    for (size_t i = 0; node->kind == NODE_LIST && i < node->count; i++)
        if (read_text(reader, what, node->elements[i]))
            words_add(reader->arena, &words, node->elements[i]->text);
    return words;
}

/* ---- variables ---- */

static bool is_name(const char *name)
{
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    for (; *name; name++)
        if (!isalnum((unsigned char)*name) && *name != '_')
            return false;
    return true;
}

/* By these the run is known to what it starts, and by the state which runs there are: that may be another's. */
static bool is_own_name(const char *name)
{
    return strncmp(name, "LIFOGUARD_", strlen("LIFOGUARD_")) == 0 &&
           strcmp(name, "LIFOGUARD_STATE") != 0;
}

static void assign(struct reader *reader, struct place_in_file at, const char *name,
                   const char *value, struct words *words)
{
    if (is_own_name(name))
        problem_add(reader->problems, at, "%s is set by the run itself: choose another name", name);
    else
        words_assign(reader->arena, words, name, value);
}

void read_environment(struct reader *reader, const struct node *node, struct words *words)
{
    if (node->kind != NODE_MAP) {
        problem_add(reader->problems, node->at, "env must be a map of names and values, not %s",
                    node_kind_name(node));
        return;
    }
    for (size_t i = 0; i < node->count; i++) {
        const struct node *name = node->keys[i];
        const struct node *value = node->elements[i];
        if (name->kind != NODE_SCALAR)
            continue; /* which is a problem already */
        if (!is_name(name->text))
            problem_add(reader->problems, name->at, "not the name of a variable: %s", name->text);
        else if (value->kind != NODE_SCALAR)
            problem_add(reader->problems, value->at, "%s must be text, not %s", name->text,
                        node_kind_name(value));
        else
            assign(reader, name->at, name->text, node_is_nothing(value) ? "" : value->text, words);
    }
}

/* Without quotes that stand around all of it. */
static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    if (length >= 2 && (*text == '"' || *text == '\'') && text[length - 1] == *text) {
        text[length - 1] = '\0';
        text++;
    }
    return text;
}

static void read_assignment(struct reader *reader, struct place_in_file at, char *line,
                            struct words *words)
{
    line += strspn(line, " \t\r");
    if (*line == '\0' || *line == '#')
        return;
    if (strncmp(line, "export ", strlen("export ")) == 0)
        line += strlen("export ");
    char *equals = strchr(line, '=');
    if (equals)
        *equals = '\0';
    if (!equals || !is_name(line))
        problem_add(reader->problems, at, "not NAME=VALUE: %s", line);
    else
        assign(reader, at, line, trim(equals + 1), words);
}

void read_environment_file(struct reader *reader, const struct node *node, struct words *words)
{
    struct words paths = read_words(reader, "env_file", node);
    for (size_t i = 0; i < paths.count; i++) {
        const char *path = read_path(reader, paths.items[i]);
        size_t length;
        char *text = read_whole_file(reader, node->at, path, &length);
        if (!text)
            continue;
        lg_defer(free, text);
        struct place_in_file at = {.file = path, .column = 1, .order = ++reader->files};
        char *end;
        for (char *line = text; line < text + length; line = end + 1) {
            end = memchr(line, '\n', (size_t)(text + length - line));
            end = end ? end : text + length; /* where the buffer has a zero byte */
            *end = '\0';
            at.line++;
            if (line + strlen(line) < end)
                problem_add(reader->problems, at, "a zero byte, which no variable can hold");
            else
                read_assignment(reader, at, line, words);
        }
    }
}

/* ---- files ---- */

const char *read_path(struct reader *reader, const char *path)
{
    const char *folder = reader->scope->folder;
    if (*path == '/' || strcmp(folder, ".") == 0)
        return arena_copy(reader->arena, path, strlen(path));
    return arena_format(reader->arena, "%s/%s", folder, path);
}

static char *read_descriptor(int fd, size_t *length, const char **wrong)
{
    struct buffer text = {0};
    buffer_add(&text, "", 0);
    char bytes[65536];
    ssize_t got;
    while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            *wrong = strerror(errno);
        else if (text.length + (size_t)got > LARGEST_FILE)
            *wrong = "it is larger than 16 MiB";
        if (*wrong)
            break;
        buffer_add(&text, bytes, (size_t)got);
    }
    if (*wrong)
        buffer_free(&text);
    *length = text.length;
    return text.text;
}

char *read_whole_file(struct reader *reader, struct place_in_file at, const char *path,
                      size_t *length)
{
    bool standard = strcmp(path, "-") == 0;
    const char *wrong = NULL;
    char *text = NULL;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        wrong = strerror(errno);
    else
        text = read_descriptor(fd, length, &wrong);
    if (fd >= 0 && !standard)
        close(fd);
    if (wrong && at.line)
        problem_add(reader->problems, at, "%s: %s", path, wrong);
    else if (wrong)
        problem_add(reader->problems, at, "%s", wrong);
    return text;
}
