/* Errors that panics became. */
#ifndef LGI_REPORT_CAPTURE_H
#define LGI_REPORT_CAPTURE_H

#include "defer/panic.h"

/* Makes an error of a panic that was stopped, which prints as much as the report of the panic would. Takes the panic. */
lg_error *lgi_panic_capture(lg_panic_info *panic);

#endif
