/* The events of a run and the messages of the program, each one line on stderr, apart from the output of the jobs. */
#ifndef LIFOGUARD_BASE_MESSAGE_H
#define LIFOGUARD_BASE_MESSAGE_H

#include <lifoguard/error.h>
#include <lifoguard/time.h>
#include <stdbool.h>
#include <stddef.h>

/* "[2/6]       start   COMMAND" and, with details, "  (DETAILS)". */
void message_event(const char *tag, const char *event, const char *command, const char *details);

/* Of the events, only those of something that has failed are told. */
void message_set_quiet(bool quietly);

/* Lines go to `take`, with their line feeds, rather than to stderr; NULL: to stderr again. */
void message_redirect(void (*take)(const char *line, size_t length));

/* "lifoguard: MESSAGE" */
void print_message(const char *format, ...) __attribute__((__format__(__printf__, 1, 2)));

/* The error's text; frees it. NULL: nothing. */
void message_error(lg_error *err);

enum { DURATION_SHORT_SIZE = LG_DURATION_TEXT_SIZE };

/* Four digits of it are enough. */
const char *duration_short(lg_duration duration, char text[DURATION_SHORT_SIZE]);

#endif
