/* Text that may come from anywhere, as it may stand in a report: no text can end a line, drive a terminal, or pass for a
 * line of the report itself (E8). Whatever the library prints goes through here. Allowed in signal handlers. */
#ifndef LGI_ERROR_ESCAPE_H
#define LGI_ERROR_ESCAPE_H

#include <stdbool.h>
#include <stddef.h>

/* Room for a character's escaped form. */
enum { LGI_ESCAPED = 8 };

/* The length of the UTF-8 character that begins here; 0: none does. */
size_t lgi_utf8_length(const char *at);

/* Is the character of that length, or the byte if it is 0, one to be escaped? Those are control characters, C1 and the
 * controls of the order of writing included, and bytes that are not UTF-8, which some terminals take for C1. */
bool lgi_is_control(const char *at, size_t utf8_length);

/* The number of a character of up to three bytes, which lgi_utf8_length has found. */
unsigned lgi_code_point(const char *at, size_t utf8_length);

/* Writes the next character of *text, which has not ended, and moves *text behind it. Returns how many bytes were written:
 * \n, \t, or \x1b for each byte of what has to be escaped; anything else, a backslash included, stays as it is. */
size_t lgi_escape_next(const char **text, char escaped[static LGI_ESCAPED]);

/* All of `text`, as snprintf does it; but what is cut is cut between characters. */
size_t lgi_escape(const char *text, char *buffer, size_t size);

/* Copies `text` as it is, without what `size` bytes have no room for; what is cut is cut between characters. */
void lgi_copy_cut(const char *text, char *buffer, size_t size);

/* Is it one of the library's own sources? Their names mean nothing to the library's users. meson.build sees to it that
 * the compiler gives them this mark, with which they still can be opened. */
bool lgi_is_own_source(const char *file);

/* What stands in the place of such a name; the line is 0 then. */
#define LGI_OWN_SOURCE "lifoguard"

#endif
