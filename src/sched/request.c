#include "sched/request.h"

#include "sched/futex.h"

/* Replaces the state LGI_ASKED; false: it is another one. */
static bool replace_asked(uint32_t *word, uint32_t by)
{
    uint32_t asked = LGI_ASKED;
    return __atomic_compare_exchange_n(word, &asked, by, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

bool lgi_ask_end(uint32_t *word)
{
    if (replace_asked(word, LGI_NOT_ASKED))
        return false;
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == LGI_ANSWERING)
        lgi_futex_wait(word, LGI_ANSWERING, LG_DURATION_MAX);
    lgi_acquired(word);
    return true;
}

bool lgi_answer_begin(uint32_t *word)
{
    if (!lgi_is_asked(word, __ATOMIC_ACQUIRE) || !replace_asked(word, LGI_ANSWERING))
        return false;
    lgi_acquired(word);
    return true;
}

void lgi_answer_end(uint32_t *word)
{
    lgi_releases(word);
    __atomic_store_n(word, LGI_NOT_ASKED, __ATOMIC_SEQ_CST);
    lgi_futex_wake(word, 1);
}
