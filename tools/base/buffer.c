#define _GNU_SOURCE
#include "buffer.h"

#include <lifoguard/panic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RESERVE = 1024 * 1024 };

static void *reserve;

void memory_reserve(void)
{
    if (!reserve)
        reserve = malloc(RESERVE);
    if (!reserve)
        lg_panic("out of memory: %d bytes", RESERVE);
}

void memory_give_back(void)
{
    free(reserve);
    reserve = NULL;
}

static bool patient;

void memory_be_patient(void)
{
    patient = true;
}

/* Is it worth trying again? If so, waits for other processes to give back memory, if there was no reserve. */
static bool may_try_again(int tries)
{
    enum { PAUSE_MS = 50, TRIES = 400 };
    if (reserve) {
        memory_give_back();
        return true;
    }
    if (!patient || tries >= TRIES)
        return false;
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    return true;
}

void *need_memory(void *memory, size_t size)
{
    void *grown;
    size += size == 0;
    for (int tries = 0; !(grown = realloc(memory, size)); tries++)
        if (!may_try_again(tries))
            lg_panic("out of memory: %zu bytes", size);
    return grown;
}

char *need_copy(const char *text, size_t length)
{
    char *copy = need_memory(NULL, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

static void make_room(struct buffer *buffer, size_t length)
{
    if (buffer->room - buffer->length > length)
        return;
    size_t room = 2 * buffer->room + length + 64;
    buffer->text = need_memory(buffer->text, room);
    buffer->room = room;
}

void buffer_add(struct buffer *buffer, const char *text, size_t length)
{
    make_room(buffer, length);
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): make_room has left room for the NUL
    buffer->text[buffer->length] = '\0';
}

void buffer_add_text(struct buffer *buffer, const char *text)
{
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_char(struct buffer *buffer, char c)
{
    buffer_add(buffer, &c, 1);
}

void buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list values, again;
    va_start(values, format);
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, values);
    va_end(values);
    if (length > 0) {
        make_room(buffer, (size_t)length);
        vsnprintf(buffer->text + buffer->length, (size_t)length + 1, format, again);
        buffer->length += (size_t)length;
    }
    va_end(again);
}

void buffer_add_visible(struct buffer *buffer, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '\n')
            buffer_add_text(buffer, "\\n");
        else if (c == '\t')
            buffer_add_text(buffer, "\\t");
        else if (c < ' ' || c == 0x7f)
            buffer_format(buffer, "\\x%02x", c);
        else
            buffer_add_char(buffer, *text);
    }
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct buffer){0};
}
