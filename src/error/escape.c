#include "escape.h"

#include <string.h>

size_t lgi_utf8_length(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    size_t length = byte[0] < 0x80   ? 1
                    : byte[0] < 0xc2 ? 0
                    : byte[0] < 0xe0 ? 2
                    : byte[0] < 0xf0 ? 3
                    : byte[0] < 0xf5 ? 4
                                     : 0;
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    }
    /* Too long a form, a surrogate, beyond the last one. */
    if ((byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xed && byte[1] >= 0xa0) ||
        (byte[0] == 0xf0 && byte[1] < 0x90) || (byte[0] == 0xf4 && byte[1] >= 0x90))
        return 0;
    return length;
}

/* U+2028 and U+2029 end a line or a paragraph; U+202A to U+202E and U+2066 to U+2069 let what follows be shown in another
 * order, as part of other words. */
static bool is_separator_or_order(const unsigned char byte[static 3])
{
    return byte[0] == 0xe2 && ((byte[1] == 0x80 && byte[2] >= 0xa8 && byte[2] <= 0xae) ||
                               (byte[1] == 0x81 && byte[2] >= 0xa6 && byte[2] <= 0xa9));
}

bool lgi_is_control(const char *at, size_t utf8_length)
{
    const unsigned char *byte = (const unsigned char *)at;
    switch (utf8_length) {
    case 0: return true;
    case 1: return byte[0] < ' ' || byte[0] == 0x7f;
    case 2: return byte[0] == 0xc2 && byte[1] < 0xa0; /* C1 */
    case 3: return is_separator_or_order(byte);
    default: return false;
    }
}

unsigned lgi_code_point(const char *at, size_t utf8_length)
{
    const unsigned char *byte = (const unsigned char *)at;
    switch (utf8_length) {
    case 1: return byte[0];
    case 2: return (byte[0] & 0x1fU) << 6 | (byte[1] & 0x3fU);
    default: return (byte[0] & 0x0fU) << 12 | (byte[1] & 0x3fU) << 6 | (byte[2] & 0x3fU);
    }
}

static size_t escape_byte(unsigned char byte, char escaped[static 4])
{
    static const char digits[] = "0123456789abcdef";
    escaped[0] = '\\';
    if (byte == '\n' || byte == '\t') {
        escaped[1] = byte == '\n' ? 'n' : 't';
        return 2;
    }
    escaped[1] = 'x';
    escaped[2] = digits[byte >> 4];
    escaped[3] = digits[byte & 15];
    return 4;
}

size_t lgi_escape_next(const char **text, char escaped[static LGI_ESCAPED])
{
    size_t length = lgi_utf8_length(*text);
    bool control = lgi_is_control(*text, length);
    if (control) { /* of a longer one, its bytes one by one: each alone is no character */
        size_t written = escape_byte((unsigned char)**text, escaped);
        ++*text;
        return written;
    }
    memcpy(escaped, *text, length);
    *text += length;
    return length;
}

size_t lgi_escape(const char *text, char *buffer, size_t size)
{
    size_t length = 0, kept = 0;
    bool cut = size == 0;
    while (*text) {
        char escaped[LGI_ESCAPED];
        size_t more = lgi_escape_next(&text, escaped);
        cut = cut || length + more >= size;
        if (!cut) {
            memcpy(buffer + length, escaped, more);
            kept = length + more;
        }
        length += more;
    }
    if (size > 0)
        buffer[kept] = '\0';
    return length;
}

void lgi_copy_cut(const char *text, char *buffer, size_t size)
{
    size_t length = 0;
    while (text[length]) {
        size_t step = lgi_utf8_length(text + length);
        step = step ? step : 1;
        if (length + step >= size)
            break;
        memcpy(buffer + length, text + length, step);
        length += step;
    }
    buffer[length] = '\0';
}

bool lgi_is_own_source(const char *file)
{
    return file && strstr(file, LGI_MARK) != NULL;
}
