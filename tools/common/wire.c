#define _GNU_SOURCE
#include "wire.h"

#include <string.h>

static void put_size(char bytes[4], size_t size)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (char)(unsigned char)(size >> (8 * i));
}

static size_t get_size(const char bytes[4])
{
    size_t size = 0;
    for (int i = 0; i < 4; i++)
        size |= (size_t)(unsigned char)bytes[i] << (8 * i);
    return size;
}

void wire_begin(struct buffer *frame)
{
    buffer_add(frame, "\0\0\0\0", WIRE_HEAD);
}

void wire_end(struct buffer *frame)
{
    put_size(frame->text, frame->length - WIRE_HEAD);
}

size_t wire_length(const char head[WIRE_HEAD])
{
    return get_size(head);
}

void wire_put_number(struct buffer *buffer, int64_t number)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(unsigned char)((uint64_t)number >> (8 * i));
    buffer_add(buffer, bytes, sizeof(bytes));
}

void wire_put_text(struct buffer *buffer, const char *text)
{
    size_t length = strlen(text);
    char head[4];
    put_size(head, length);
    buffer_add(buffer, head, sizeof(head));
    buffer_add(buffer, text, length + 1);
}

void wire_put_list(struct buffer *buffer, const char *const *list)
{
    int64_t count = 0;
    while (list && list[count])
        count++;
    wire_put_number(buffer, count);
    for (int64_t i = 0; i < count; i++)
        wire_put_text(buffer, list[i]);
}

static const char *take(struct wire_reader *reader, size_t size)
{
    if (reader->bad || reader->left < size) {
        reader->bad = true;
        return NULL;
    }
    const char *taken = reader->at;
    reader->at += size;
    reader->left -= size;
    return taken;
}

int64_t wire_take_number(struct wire_reader *reader)
{
    const char *bytes = take(reader, 8);
    uint64_t number = 0;
    for (int i = 0; bytes && i < 8; i++)
        number |= (uint64_t)(unsigned char)bytes[i] << (8 * i);
    return (int64_t)number;
}

const char *wire_take_text(struct wire_reader *reader)
{
    const char *head = take(reader, 4);
    size_t length = head ? get_size(head) : 0;
    const char *text = head ? take(reader, length + 1) : NULL;
    if (text && memchr(text, '\0', length + 1) == text + length)
        return text;
    reader->bad = true;
    return "";
}

const char **wire_take_list(struct wire_reader *reader)
{
    int64_t count = wire_take_number(reader);
    /* A text takes five bytes at least: so no number asks for more memory than was sent. */
    if (count < 0 || (uint64_t)count > reader->left / 5) {
        reader->bad = true;
        count = 0;
    }
    const char **list = need_memory(NULL, ((size_t)count + 1) * sizeof(*list));
    for (int64_t i = 0; i < count; i++)
        list[i] = wire_take_text(reader);
    list[count] = NULL;
    return list;
}

bool wire_is_done(const struct wire_reader *reader)
{
    return !reader->bad && reader->left == 0;
}
