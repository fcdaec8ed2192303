/* The questions that a report asks higher rooms. */
#ifndef LGI_REPORT_HOOKS_H
#define LGI_REPORT_HOOKS_H

#include <stddef.h>

/* Set by inspect when goroutines are used; NULL before. Both work like snprintf. */
struct lgi_report_hooks {
    /* Describes the calling goroutine. */
    size_t (*describe)(char *buffer, size_t size);
    /* Describes where the goroutine was started, where its stack goes on. Returns 0 if it was not started by another. */
    size_t (*began)(char *buffer, size_t size);
};

extern struct lgi_report_hooks lgi_report_hooks;

#endif
