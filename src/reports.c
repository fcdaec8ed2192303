/* Which functions of the room report the room defer calls (defer/hooks.h). */
#include "defer/hooks.h"

#include "report/report.h"

struct lgi_defer_hooks lgi_defer_hooks = {
    .report_and_exit = lgi_report_and_exit,
    .report_and_abort = lgi_report_and_abort,
    .fatal = lgi_report_fatal,
    .report_has_begun = lgi_report_has_begun,
};
