#define _GNU_SOURCE
#include "buffer.h"

#include <lifoguard/panic.h>
#include <lifoguard/time.h>
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

/* How long a shortage is waited for, all allocations together: the next one may have to wait as well. */
static lg_duration patience;
static lg_time short_since, short_until;

void memory_be_patient(lg_duration most)
{
    if (patience < most)
        patience = most;
}

/* The shortage is another one if memory was there for long. */
static bool is_worth_waiting(void)
{
    const lg_duration apart = LG_MINUTE;
    lg_time now = lg_now();
    if (short_since == 0 || now - short_until > apart)
        short_since = now;
    short_until = now;
    return now - short_since < patience;
}

/* Is it worth trying again? If so, waits for other processes to give back memory, if there was no reserve. */
static bool may_try_again(void)
{
    enum { PAUSE_MS = 50 };
    if (reserve) {
        memory_give_back();
        return true;
    }
    if (!patience || !is_worth_waiting())
        return false;
    nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000L}, NULL);
    return true;
}

void *need_memory(void *memory, size_t size)
{
    void *grown;
    size += size == 0;
    while (!(grown = realloc(memory, size)))
        if (!may_try_again())
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

void buffer_reserve(struct buffer *buffer, size_t length)
{
    if (buffer->room - buffer->length > length)
        return;
    size_t room = 2 * buffer->room + length + 64;
    buffer->text = need_memory(buffer->text, room);
    buffer->room = room;
}

void buffer_add(struct buffer *buffer, const char *text, size_t length)
{
    buffer_reserve(buffer, length);
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    // NOLINTNEXTLINE(clang-analyzer-security.ArrayBound): buffer_reserve has left room for the NUL
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
        buffer_reserve(buffer, (size_t)length);
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
