#include "output.h"

#include <string.h>

/* A longer line is passed on in pieces. */
enum { LONGEST_LINE = 64 * 1024 };

static void tell_line(struct output *output)
{
    const struct buffer *line = &output->line;
    output->tell(output->data, (struct event){.kind = EVENT_OUTPUT,
                                              .job = output->job,
                                              .text = line->text ? line->text : "",
                                              .length = line->length,
                                              .took = -1});
    output->line.length = 0;
}

void output_take(struct output *output, const char *bytes, size_t count)
{
    while (count > 0) {
        const char *end = memchr(bytes, '\n', count);
        size_t length = end ? (size_t)(end - bytes) : count;
        buffer_add(&output->line, bytes, length);
        if (end || output->line.length >= LONGEST_LINE)
            tell_line(output);
        length += end != NULL;
        bytes += length;
        count -= length;
    }
}

void output_rest(struct output *output)
{
    if (output->line.length)
        tell_line(output);
}

void output_end(struct output *output)
{
    output_rest(output);
    buffer_free(&output->line);
}
