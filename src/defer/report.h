/* What the reports that end a process have in common. */
#ifndef LGI_DEFER_REPORT_H
#define LGI_DEFER_REPORT_H

#include "defer/trace.h"

/* The exit status of a process that a report ends. */
enum { LGI_REPORT_STATUS = 2 };

/* One report at a time: who comes second waits for the end of the process, and one that fails itself ends it. May be
 * called from a signal handler. */
void lgi_report_begin(void);

/* What the program has printed comes out, unless another thread keeps stdout locked. */
void lgi_report_flush(void);

/* Descriptor 2, written directly: the program's stderr may be locked or closed. May be used in a signal handler. */
extern struct lgi_sink lgi_to_stderr;

#endif
