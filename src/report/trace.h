/* The lines of a report about a panic. */
#ifndef LGI_REPORT_TRACE_H
#define LGI_REPORT_TRACE_H

#include "defer/panic.h"
#include "report/print.h"

/* The panic with those that it replaced, oldest first, and the errors that they abandoned. */
void lgi_print_panics(struct lgi_sink *sink, const lg_panic_info *panic);

/* The deferred calls that the panic ran. */
void lgi_print_calls(struct lgi_sink *sink, const lg_panic_info *panic);
/* The calls that it passed without making them, as far as it knows. */
void lgi_print_unreached(struct lgi_sink *sink, const lg_panic_info *panic);

/* Those of them that overran their limits (D20). */
void lgi_print_overruns(struct lgi_sink *sink, const lg_panic_info *panic);

/* The stack on which the panic began. Allocates (symbol.h). */
void lgi_print_stack(struct lgi_sink *sink, const lg_panic_info *panic);

#endif
