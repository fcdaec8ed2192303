/* A text that grows. Out of memory is a panic: the cleanups that are registered still run. */
#ifndef LIFOGUARD_BASE_BUFFER_H
#define LIFOGUARD_BASE_BUFFER_H

#include <lifoguard/time.h>
#include <stddef.h>

struct buffer {
    char *text; /* ends in NUL once something was added; free it */
    size_t length, room;
};

void buffer_add(struct buffer *buffer, const char *text, size_t length);
void buffer_add_text(struct buffer *buffer, const char *text);
void buffer_add_char(struct buffer *buffer, char c);

/* From here on `length` more can be added without a need of memory. */
void buffer_reserve(struct buffer *buffer, size_t length);
void buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((__format__(__printf__, 2, 3)));

/* The same with control characters written as \n, \t or \x1b, so that a line is a line. */
void buffer_add_visible(struct buffer *buffer, const char *text);

/* For lg_defer: frees the text. */
void buffer_free(struct buffer *buffer);

/* Sets memory aside, or panics: for what must not fail once a line has acquired something. */
void memory_reserve(void);
/* From here on need_memory waits when there is none, in each shortage not longer than this: for a process on which cleanups depend. A
 * process with goroutines is to wait briefly, since none of them, and so none that could give memory back, runs meanwhile. */
enum { MEMORY_PATIENCE_S = 20, MEMORY_PATIENCE_BRIEF_S = 2 };
void memory_be_patient(lg_duration most);
void memory_give_back(void);

/* Memory, from what was set aside if need be, or a panic. */
void *need_memory(void *memory, size_t size);
char *need_copy(const char *text, size_t length);

#endif
