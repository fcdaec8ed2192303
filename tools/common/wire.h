/* Messages and stored records: fields one after the other, each with its length. A reader never looks beyond the end of
 * what it was given, and after the first malformed field every further one is malformed: ask `bad` once, at the end. */
#ifndef LIFOGUARD_COMMON_WIRE_H
#define LIFOGUARD_COMMON_WIRE_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A frame on a socket: its length (four bytes, little-endian), then that many bytes of fields. */
enum { WIRE_HEAD = 4, WIRE_LONGEST = 8 * 1024 * 1024 };

/* Begins a frame in an empty buffer; wire_end puts the length in. */
void wire_begin(struct buffer *frame);
void wire_end(struct buffer *frame);

/* The length that a frame's head announces; larger than WIRE_LONGEST: refuse it. */
size_t wire_length(const char head[WIRE_HEAD]);

void wire_put_number(struct buffer *buffer, int64_t number);
void wire_put_text(struct buffer *buffer, const char *text);
/* A list that ends in NULL; NULL itself is an empty list. */
void wire_put_list(struct buffer *buffer, const char *const *list);

struct wire_reader {
    const char *at;
    size_t left;
    bool bad;
};

static inline struct wire_reader wire_read(const char *data, size_t size)
{
    return (struct wire_reader){.at = data, .left = size};
}

int64_t wire_take_number(struct wire_reader *reader);
/* Ends in NUL, holds no other one, and points into what is read. "" if malformed. */
const char *wire_take_text(struct wire_reader *reader);
/* A list that ends in NULL, for the caller to free; its texts point into what is read. */
const char **wire_take_list(struct wire_reader *reader);
/* Nothing is left, and nothing was malformed. */
bool wire_is_done(const struct wire_reader *reader);

#endif
