/* Printing text that may come from anywhere, in reports and to streams. */
#ifndef LGI_REPORT_PRINT_H
#define LGI_REPORT_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <lifoguard/base.h>

/* Where text goes. */
struct lgi_sink {
    void (*put)(struct lgi_sink *sink, const char *text, size_t length);
};

/* As printf, with %s, %.*s, %u, %d, %zu and %#zx. The texts are escaped (error/escape.h), so no text can pass for a line of
 * the report: lines end only where the format says so. Up to 1024 bytes are written at once. Allowed in signal
 * handlers. */
void lgi_print(struct lgi_sink *sink, const char *format, ...) LGI_PRINTF(2, 3);

/* A sink that writes to a stream, each line behind `indent` spaces. */
struct lgi_stream {
    struct lgi_sink sink;
    FILE *file;
    int indent;
    bool in_line;
};

struct lgi_stream lgi_stream(FILE *file, int indent);

#endif
