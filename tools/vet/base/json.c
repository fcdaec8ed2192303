#include "json.h"

#include <ctype.h>
#include <stdlib.h>
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

/* \uXXXX, as UTF-8. What is no code point of its own (a half of a pair) becomes a question mark. */
static size_t put_code(char *to, const char *digits)
{
    char four[] = {digits[0], digits[1], digits[2], digits[3], '\0'}, *end;
    unsigned long code = strtoul(four, &end, 16);
    if (*end || (code >= 0xd800 && code < 0xe000))
        code = '?';
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    to[0] = (char)(0xe0 | code >> 12);
    to[1] = (char)(0x80 | (code >> 6 & 0x3f));
    to[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

static char unescaped(char c)
{
    if (c == 'n')
        return '\n';
    return (char)(c == 't' ? '\t' : c);
}

static const char *read_string(struct reader *reader)
{
    const char *close = reader->at;
    while (close < reader->end && *close != '"')
        close += *close == '\\' ? 2 : 1;
    if (close >= reader->end)
        return NULL;
    char *text = arena_take(reader->arena, (size_t)(close - reader->at) + 1);
    size_t length = 0;
    while (reader->at < close) {
        char c = *reader->at++;
        if (c != '\\') {
            text[length++] = c;
            continue;
        }
        c = *reader->at++;
        if (c == 'u' && close - reader->at >= 4) {
            length += put_code(text + length, reader->at);
            reader->at += 4;
        } else {
            text[length++] = unescaped(c);
        }
    }
    reader->at++;
    return text;
}

static void add(struct reader *reader, struct json *parent, const char *name, struct json *item)
{
    if (parent->count == parent->room) {
        int room = parent->room;
        parent->items = vec_grow(reader->arena, parent->items, parent->count, &room,
                                 sizeof(*parent->items));
        parent->names = vec_grow(reader->arena, parent->names, parent->count, &parent->room,
                                 sizeof(*parent->names));
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
    const struct json *value = read_value(&reader);
    skip_space(&reader);
    return reader.at == reader.end ? value : NULL;
}

const struct json *json_member(const struct json *object, const char *name)
{
    for (int i = 0; object->kind == JSON_OBJECT && i < object->count; i++)
        if (strcmp(object->names[i], name) == 0)
            return object->items[i];
    return NULL;
}
