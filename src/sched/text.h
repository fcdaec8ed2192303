/* Text put together in a buffer, as snprintf does it, but allowed in signal handlers. */
#ifndef LGI_SCHED_TEXT_H
#define LGI_SCHED_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct lgi_text {
    char *buffer;
    size_t size;   /* with the ending NUL */
    size_t length; /* of the whole text, what did not fit included */
};

static inline void lgi_text_put_some(struct lgi_text *text, const char *more, size_t length)
{
    if (text->length + 1 < text->size) {
        size_t room = text->size - text->length - 1;
        size_t some = length < room ? length : room;
        memcpy(text->buffer + text->length, more, some);
        text->buffer[text->length + some] = '\0';
    }
    text->length += length;
}

static inline void lgi_text_put(struct lgi_text *text, const char *more)
{
    lgi_text_put_some(text, more, strlen(more));
}

static inline void lgi_text_put_in_base(struct lgi_text *text, uintmax_t number, unsigned base)
{
    char digits[24];
    size_t at = sizeof(digits);
    do
        digits[--at] = "0123456789abcdef"[number % base];
    while ((number /= base) > 0);
    lgi_text_put_some(text, digits + at, sizeof(digits) - at);
}

static inline void lgi_text_put_number(struct lgi_text *text, uintmax_t number)
{
    lgi_text_put_in_base(text, number, 10);
}

static inline void lgi_text_put_address(struct lgi_text *text, uintptr_t address)
{
    lgi_text_put(text, "0x");
    lgi_text_put_in_base(text, address, 16);
}

#endif
