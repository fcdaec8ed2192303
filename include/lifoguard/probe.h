/* Enter and exit lines with the time between:
 *
 *     void do_work(void)
 *     {
 *         lg_defer_probe(stdout, "do_work");
 *         ...
 *     }
 *
 *     [ENTER do_work]
 *     [EXIT do_work after 50.222135ms]
 */
#ifndef LIFOGUARD_PROBE_H
#define LIFOGUARD_PROBE_H

#include <stdio.h>

#include <lifoguard/defer.h>
#include <lifoguard/duration.h>

LG_BEGIN_DECLS

typedef struct lg_probe {
    FILE *lgi_stream;
    const char *lgi_name;
    lg_duration lgi_start;
} lg_probe;

/* Writes the first line. `name` is kept by pointer; it must be alive at the exit. A NULL stream:
 * writes nothing, here and at the exit, so that a program can turn its probes off. Keeps errno;
 * whether writing failed can be asked of the stream. */
LG_API lg_probe lg_probe_enter(FILE *stream, const char *name);

/* Writes the second. It can be called again, for the time until then. Does nothing for NULL. */
LG_API void lg_probe_exit(const lg_probe *probe);

LG_END_DECLS

#ifndef __cplusplus
#if !defined(                                                                                      \
    __clang__) /* gcc then shows an error in a macro where the macro is used, without its insides */
#pragma GCC system_header
#endif
/* lg_defer_probe(stream, name): lg_probe_enter now, lg_probe_exit when the enclosing block is
 * left. */
#define lg_defer_probe(stream, name)                                                               \
    LGI_NUMBER(LGI_DEFER_PROBE, "lg_probe_exit, " #name, stream, name)
#define LGI_DEFER_PROBE(id, text, stream, name) LGI_DEFER_PROBE_(id, text, stream, name)
#define LGI_DEFER_PROBE_(id, text, stream, name)                                                   \
    LGI_NEEDS_BRACES                                                                               \
    const lg_probe lgi_probe_##id = lg_probe_enter(stream, name);                                  \
    LGI_PLAIN(id, 1, text, lg_probe_exit, &lgi_probe_##id)
#endif

#endif
