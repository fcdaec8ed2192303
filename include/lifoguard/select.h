/* Select: waits for several channels at once, and does one of what can be done.
 *
 *     switch (lg_select(lg_case_recv(jobs, &job, &ok),      // case 0
 *                       lg_case_send(results, result),      // case 1
 *                       lg_case_until(lg_within(LG_SECOND)))) {
 *     case 0: …
 *     case 1: …
 *     case 2: …
 *     }
 *
 * It returns the number of the case that was done, from 0, in the order of the arguments; exactly one is done.
 * If several can be done, one of them is chosen at random, each as likely as the others. Any number of cases; one channel
 * may stand in several, as receiver and sender too, but a select does not send to itself. A case with a NULL
 * channel is never chosen. No case at all, or none that can ever be chosen: waits for ever.
 *
 * Whether there is a default or a deadline, what can be done at once is done; and a default is chosen only if there was
 * a moment at which no other case could be done. A deadline that has passed comes before a default.
 *
 * Panics: if a send is chosen whose channel is closed; out of memory, with more than 16 cases that have to wait: then
 * nothing was done.
 *
 * Threads: any, as with channels.
 */
#ifndef LIFOGUARD_SELECT_H
#define LIFOGUARD_SELECT_H

#include <lifoguard/chan.h>
#include <lifoguard/until.h>

LG_BEGIN_DECLS

struct lgi_case_value {
    void *at; /* NULL: dropped */
    bool *ok; /* or NULL */
};

typedef struct lg_case {
    int lgi_kind;
    void *lgi_channel;
    union {
        struct lgi_case_value lgi_value;
        lg_until lgi_until;
    };
} lg_case;

/* For a number of cases that is not known beforehand: the number of the one that was done. */
LG_API size_t lg_select_n(const lg_case *cases, size_t count);

enum {
    LGI_CASE_NEVER,
    LGI_CASE_RECV,
    LGI_CASE_SEND,
    LGI_CASE_DONE,
    LGI_CASE_UNTIL,
    LGI_CASE_DEFAULT
};

/* (Every member is set, so that gcc need not clear an array of them first, which takes it longer than all the rest.) */
static inline lg_case lgi_case(int kind, void *channel, void *at, bool *ok)
{
    lg_case it;
    it.lgi_kind = kind;
    it.lgi_channel = channel;
    it.lgi_value.at = at;
    it.lgi_value.ok = ok;
    return it;
}

/* The time comes, or the context or group of it is cancelled. */
static inline lg_case lg_case_until(lg_until until)
{
    lg_case it;
    it.lgi_kind = LGI_CASE_UNTIL;
    it.lgi_channel = (void *)0;
    it.lgi_until = until;
    return it;
}

/* It happens. Chosen among those that can be done as a receive is. */
static inline lg_case lgi_case_done(struct lgi_done *done)
{
    lg_case it = lg_case_until(lg_forever());
    it.lgi_kind = done ? LGI_CASE_DONE : LGI_CASE_NEVER;
    it.lgi_until.lgi_done = done;
    return it;
}

LG_END_DECLS

#ifndef __cplusplus

/* lg_select(cases…). All are evaluated, once, before anything else, also those that are not chosen. (Go does that in
 * order; in C it is not said in which.) */
#define lg_select(...)                                                                             \
    __extension__({                                                                                \
        enum { LGI_SEND_ONLY_IN_SELECT };                                                          \
        const lg_case lgi_cases[] = {LGI_CASE_NONE, __VA_ARGS__};                                  \
        lg_select_n(lgi_cases + 1, sizeof(lgi_cases) / sizeof(lg_case) - 1);                       \
    })
/* So that there need not be any other. */
#define LGI_CASE_NONE lgi_case(LGI_CASE_NEVER, (void *)0, (void *)0, (bool *)0)

/* Receives into *to, which may be NULL; *ok, a bool, or NULL, tells whether it was an element: see lg_chan_recv. */
#define lg_case_recv(channel, to, ok)                                                              \
    lgi_case(LGI_CASE_RECV, (channel), LGI_CHAN_TO(channel, to), (ok))

/* lg_case_send(channel, value): only as an argument of lg_select, since the value lasts no longer than that. */
#define lg_case_send(channel, ...)                                                                 \
    lgi_case(LGI_CASE_SEND + LGI_SEND_ONLY_IN_SELECT, (channel),                                   \
             LGI_CHAN_VALUE(channel, (__VA_ARGS__)), (bool *)0)
/* (The compilers print the name where there is no lg_select around. It is 0.) */
#define LGI_SEND_ONLY_IN_SELECT lg_case_send_stands_only_in_lg_select__else_write_lg_case_send_from

/* lg_case_send_from(channel, from): sends *from, of the channel's element type. For cases that are kept for lg_select_n:
 * *from must stay until that has returned. */
#define lg_case_send_from(channel, from)                                                           \
    lgi_case(LGI_CASE_SEND, (channel), LGI_CHAN_FROM(channel, from), (bool *)0)
#define LGI_CHAN_FROM(channel, at)                                                                 \
    ((void)sizeof(struct {                                                                         \
         int lgi_member;                                                                           \
         _Static_assert(_Generic((at),                                                             \
                            LGI_CHAN_ELEMENT(channel) *: 1,                                        \
                            LGI_CHAN_ELEMENT(channel) const *: 1,                                  \
                            default: 0),                                                           \
                        "write the address of a variable of the element type");                    \
     }),                                                                                           \
     (void *)(uintptr_t)(at))

/* Chosen if nothing else can be done at once. */
#define lg_case_default lgi_case(LGI_CASE_DEFAULT, (void *)0, (void *)0, (bool *)0)

#endif
#endif
