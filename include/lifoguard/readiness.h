/* Whether the program wants to be given work, for whoever asks: a health handler, a load balancer's probe.
 *
 *     static lg_readiness readiness = LG_READINESS_INIT("/run/app/ready");   // or LG_READINESS_INIT(NULL): no file
 *
 *     err = lg_readiness_on(&readiness);          // after the start
 *     …
 *     if (strcmp(path, "/ready") == 0)
 *         send_all(client, lg_readiness_response(&readiness));
 *
 * An lg_shutdown (shutdown.h) that is given one turns it on in lg_shutdown_ready, and off as the first thing when the
 * program is asked to end: the work that is under way, or still being sent, is done; new work goes elsewhere.
 *
 * Threads: any may ask and set. Asking takes no lock.
 */
#ifndef LIFOGUARD_READINESS_H
#define LIFOGUARD_READINESS_H

#include <stdbool.h>
#include <stdint.h>

#include <lifoguard/base.h>
#include <lifoguard/error.h>

LG_BEGIN_DECLS

typedef struct lg_readiness {
    const char *lgi_path;
    uint32_t lgi_on;
} lg_readiness;

/* An initialiser: not ready. `path`, which must last as long, names a file that exists while the program is ready (for
 * Kubernetes' exec probes: `test -e path`); NULL: none. Nothing is written into it, and a link there is not followed. */
#define LG_READINESS_INIT(path) {(path), 0}

/* The same for one that is not initialised where it is declared. A file that was left by a process that was killed
 * is removed; whether that worked is told by lg_readiness_off. */
LG_API void lg_readiness_init(lg_readiness *readiness, const char *path);

/* Ready from now on. If the file cannot be made: an error, and it is not ready. NULL readiness: nothing happens. */
LG_API lg_error *lg_readiness_on(lg_readiness *readiness) __attribute__((__warn_unused_result__));

/* Not ready from now on, in any case. An error if the file is there and cannot be removed. */
LG_API lg_error *lg_readiness_off(lg_readiness *readiness) __attribute__((__warn_unused_result__));

/* False for NULL. */
LG_API bool lg_readiness_is_on(const lg_readiness *readiness);

/* A whole HTTP/1.1 response, 200 or 503, static text. */
LG_API const char *lg_readiness_response(const lg_readiness *readiness);

LG_END_DECLS

#endif
