/* Names for code addresses, for the report. */
#ifndef LGI_REPORT_SYMBOL_H
#define LGI_REPORT_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lgi_symbol {
    const char *function; /* NULL if not known */
    const char *object;   /* the file that the code is in; NULL if not known */
    bool is_own; /* that file is the shared library, whose functions may have lost their names */
    uintptr_t offset; /* in the function, or else in the object */
    const char *file; /* of the source; NULL if not known */
    int line;
};

/* What is known of the calls that return to these addresses. File and line come from libdw, which is loaded at
 * the first call if it is there. The strings last as long as the process. Not for a healthy program's
 * frequent use: it allocates, is slow, and on a goroutine's stack starts a thread. */
void lgi_symbols(const uintptr_t *addresses, struct lgi_symbol *symbols, size_t count);

/* Did lgi_symbols find no libdw? True once only, for a hint in the report. */
bool lgi_symbols_lack_libdw(void);

#endif
