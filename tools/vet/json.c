#include "json.h"

#include <ctype.h>
#include <string.h>

struct reader {
    struct arena *arena;
    const char *at, *end;
    int depth;
};

static struct json *read_value(struct reader *reader);

static void skip_space(struct reader *reader)
{
    while (reader->at < reader->end && isspace((unsigned char)*reader->at))
        reader->at++;
}

static bool take(struct reader *reader, char c)
{
    skip_space(reader);
    if (reader->at >= reader->end || *reader->at != c)
        return false;
    reader->at++;
    return true;
}

static const char *read_string(struct reader *reader)
{
    char *text = arena_take(reader->arena, (size_t)(reader->end - reader->at) < 8192
                                               ? (size_t)(reader->end - reader->at) + 1
                                               : 8193);
    size_t length = 0;
    while (reader->at < reader->end && *reader->at != '"') {
        char c = *reader->at++;
        if (c == '\\' && reader->at < reader->end) {
            c = *reader->at++;
            c = c == 'n' ? '\n' : c == 't' ? '\t' : c;
        }
        if (length < 8192)
            text[length++] = c;
    }
    if (reader->at >= reader->end)
        return NULL;
    reader->at++;
    return arena_copy(reader->arena, text, length);
}

static void add(struct reader *reader, struct json *parent, const char *name, struct json *item)
{
    if (parent->count == parent->room) {
        int room = parent->room;
        parent->items = vec_grow(reader->arena, parent->items, parent->count, &room,
                                 sizeof *parent->items);
        parent->names = vec_grow(reader->arena, parent->names, parent->count, &parent->room,
                                 sizeof *parent->names);
    }
    parent->names[parent->count] = name;
    parent->items[parent->count++] = item;
}

static struct json *read_container(struct reader *reader, char close, struct json *json)
{
    if (take(reader, close))
        return json;
    do {
        const char *name = NULL;
        if (close == '}' &&
            (!take(reader, '"') || !(name = read_string(reader)) || !take(reader, ':')))
            return NULL;
        struct json *item = read_value(reader);
        if (!item)
            return NULL;
        add(reader, json, name, item);
    } while (take(reader, ','));
    return take(reader, close) ? json : NULL;
}

static struct json *read_value(struct reader *reader)
{
    struct json *json = NEW(reader->arena, struct json);
    struct json *result = NULL;
    if (++reader->depth > 64)
        return NULL;
    if (take(reader, '"')) {
        json->kind = JSON_STRING;
        json->text = read_string(reader);
        result = json->text ? json : NULL;
    } else if (take(reader, '[')) {
        json->kind = JSON_ARRAY;
        result = read_container(reader, ']', json);
    } else if (take(reader, '{')) {
        json->kind = JSON_OBJECT;
        result = read_container(reader, '}', json);
    } else {
        const char *from = reader->at;
        while (reader->at < reader->end &&
               (isalnum((unsigned char)*reader->at) || strchr("+-.", *reader->at)))
            reader->at++;
        json->kind = JSON_NUMBER;
        json->text = arena_copy(reader->arena, from, (size_t)(reader->at - from));
        result = reader->at > from ? json : NULL;
    }
    reader->depth--;
    return result;
}

const struct json *json_parse(struct arena *arena, const char *text, size_t length)
{
    struct reader reader = {arena, text, text + length, 0};
    return read_value(&reader);
}

const struct json *json_member(const struct json *object, const char *name)
{
    for (int i = 0; object->kind == JSON_OBJECT && i < object->count; i++)
        if (strcmp(object->names[i], name) == 0)
            return object->items[i];
    return NULL;
}
