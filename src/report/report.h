/* The common parts of the reports that end a process. */
#ifndef LGI_REPORT_REPORT_H
#define LGI_REPORT_REPORT_H

#include "defer/unwinding.h"
#include "report/print.h"

/* The exit status of a process that a report ends. */
enum { LGI_REPORT_STATUS = 2 };

/* Begins a report. There is one report at a time: another thread that calls this waits here for the end of the process. A
 * second call by the thread that reports ends the process, since its report has failed. May be called from a signal
 * handler. */
void lgi_report_begin(void);

/* Flushes stdout, unless another thread keeps it locked. */
void lgi_report_flush(void);

/* Writes to descriptor 2 directly, since the program's stderr may be locked or closed. May be used in a signal
 * handler. */
extern struct lgi_sink lgi_to_stderr;

/* The functions of struct lgi_defer_hooks (defer/hooks.h). */
void lgi_report_and_exit(const struct lgi_unwinding *unwinding) __attribute__((noreturn));
void lgi_report_and_abort(const struct lgi_unwinding *unwinding) __attribute__((noreturn));
void lgi_report_fatal(const struct lgi_unwinding *unwinding, const char *why)
    __attribute__((noreturn));
bool lgi_report_has_begun(void);

#endif
