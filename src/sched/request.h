/* A request to another thread, which answers it between two steps of its own work. The word says how far it is. One thread
 * asks at a time: it holds a lock of its own meanwhile. */
#ifndef LGI_SCHED_REQUEST_H
#define LGI_SCHED_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "error/ordering.h"

enum { LGI_NOT_ASKED, LGI_ASKED, LGI_ANSWERING };

static inline bool lgi_is_asked(const uint32_t *word, int memory_order)
{
    return __atomic_load_n(word, memory_order) == LGI_ASKED;
}

static inline void lgi_ask(uint32_t *word)
{
    lgi_releases(word);
    __atomic_store_n(word, LGI_ASKED, __ATOMIC_SEQ_CST);
}

/* Withdraws the request and returns false; or returns true, once the request has been answered. */
bool lgi_ask_end(uint32_t *word);

/* True: the caller has to answer now, and to call the second function after that. */
bool lgi_answer_begin(uint32_t *word);
void lgi_answer_end(uint32_t *word);

#endif
