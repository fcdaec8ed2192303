/* Channels: queues through which goroutines hand each other values of one type, as Go's.
 *
 *     lg_chan(int) results = lg_chan_make(int, 16);     // room for 16; 0: a sender waits for its receiver
 *     lg_defer(lg_chan_unref, results);
 *     lg_go(square, lg_chan_ref(results), 7);          // drops its reference, when it has sent
 *     int result;
 *     while (lg_chan_recv(results, &result))
 *         …                                             // until it is closed and empty
 *
 * `lg_chan(T)` is a type like any other: of variables, members, parameters, results, in all files the same for
 * the same T. It is a pointer, and converts to void * by itself. T is any type that can be assigned (an array goes
 * into a struct), with an alignment of at most 4096.
 *
 * Ownership: a channel is counted. It is made with one reference; lg_chan_ref takes another one, lg_chan_unref
 * gives one back, and the last one frees it. Who uses a channel holds a reference, or knows that somebody does: the last
 * that a call touches of the channel comes before anybody can know what it did, so whoever received the last
 * element, or the news that it is closed, may drop the channel at once. A value that was sent belongs
 * to the channel and then to who receives it; one that was not (a failure, a panic, a goroutine that is ended)
 * still belongs to its sender. What is in the channel at its end is given to the function that it was made with.
 *
 * Order: what one goroutine sends arrives in that order; who waited longer is served first. What came before a
 * send comes before the end of its receive, as did what came before a close. Further, as in Go, the receive number n
 * of a channel for c elements comes before the end of the send number n + c.
 *
 * Waiting: a send waits while there is neither room nor a receiver, a receive while there is neither an element
 * nor a sender, and the channel is open. With a NULL channel both wait for ever, as in Go. The forms with `_until` end
 * sooner (until.h, C9); those with `try` never wait.
 *
 * Panics: sending on a closed channel, also when it is closed while the sender waits; closing one a second time; closing
 * NULL; what is not a channel or was freed.
 *
 * Threads: any, goroutines and others, for everything.
 */
#ifndef LIFOGUARD_CHAN_H
#define LIFOGUARD_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/until.h>

LG_BEGIN_DECLS

/* Those that need no type take any channel. */

/* No more will be sent. Who waits to receive, or ever will, is told once the channel is empty; who waits to send
 * panics. */
LG_API void lg_chan_close(void *channel);

/* Gives a reference back; with the last one the channel ends, closed or not. NULL: does nothing. For lg_defer. It panics
 * if that was the last one, and somebody waits: who waits had none. */
LG_API void lg_chan_unref(void *channel);

/* How many elements are in it now, and how many have room. NULL: 0. */
LG_API size_t lg_chan_len(const void *channel);
LG_API size_t lg_chan_cap(const void *channel);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/block.h>

#define lg_chan(T) __typeof__(__typeof__(T)(*)[])

/* A channel of T with room for `capacity` elements. Never NULL: panics when out of memory, as a NULL channel would
 * make its users wait for ever. */
#define lg_chan_make(T, capacity)                                                                  \
    ((lg_chan(T))lgi_chan_make(sizeof(T), __alignof__(T), (capacity), (void (*)(void *))0, false))

/* The same for elements that own something: `drop` is called for those that nobody has received when the channel ends,
 * the oldest first, and for those received with NULL as destination. It takes the element if that is a pointer, else
 * a pointer to it:
 *
 *     lg_chan(char *) lines = lg_chan_make_owned(char *, 8, free);
 *     lg_chan(struct job) jobs = lg_chan_make_owned(struct job, 8, job_clear);    // void job_clear(struct job *)
 */
#define lg_chan_make_owned(T, capacity, drop)                                                      \
    ((lg_chan(T))lgi_chan_make(sizeof(T), __alignof__(T), (capacity), LGI_CHAN_DROP(T, drop),      \
                               LGI_CHAN_OF_POINTERS(T)))

/* Takes a reference, and returns the channel. NULL gives NULL. */
#define lg_chan_ref(channel) ((__typeof__(channel))lgi_chan_keep(channel))

/* lg_chan_send(channel, value). `value` is evaluated once, and converted to the channel's type as by an assignment. */
#define lg_chan_send(channel, ...) lgi_chan_send((channel), LGI_CHAN_VALUE(channel, (__VA_ARGS__)))

/* lg_chan_send_until(channel, value, until): NULL if it was sent. */
#define lg_chan_send_until(channel, value, until)                                                  \
    lgi_chan_send_until((channel), LGI_CHAN_VALUE(channel, (value)), (until))

/* True if it was sent, false if that would have to wait. */
#define lg_chan_try_send(channel, ...)                                                             \
    lgi_chan_try_send((channel), LGI_CHAN_VALUE(channel, (__VA_ARGS__)))

/* Receives into *to, and returns true. If the channel is closed and empty: zeroes *to and returns false. A NULL `to`
 * drops what is received. */
#define lg_chan_recv(channel, to) lgi_chan_recv((channel), LGI_CHAN_TO(channel, to))

/* NULL if it is done; then *ok, a bool, says what lg_chan_recv would have returned. `ok` may be NULL. On an error neither
 * is touched. */
#define lg_chan_recv_until(channel, to, ok, until)                                                 \
    lgi_chan_recv_until((channel), LGI_CHAN_TO(channel, to), (ok), (until))

/* True if it is done, with *ok as above; false if that would have to wait, and nothing is touched. */
#define lg_chan_try_recv(channel, to, ok)                                                          \
    lgi_chan_try_recv((channel), LGI_CHAN_TO(channel, to), (ok))

/* lg_chan_each (channel, T, name) { … }: receives until the channel is closed and empty, as Go's `for name := range`.
 * `channel` is evaluated once; break and continue do what they should.
 *
 *     lg_chan_each (jobs, struct job, job) {
 *         …
 *     }
 */
#define lg_chan_each(channel, T, name) LGI_NUMBER(LGI_CHAN_EACH, channel, T, name)

/* ---- what they consist of ------------------------------------------------------------------------ */

#define LGI_CHAN_EACH(id, channel, T, name)                                                        \
    for (void *LGI_CAT(lgi_channel_, id) = (channel),                                              \
                                     **LGI_CAT(lgi_once_, id) = &LGI_CAT(lgi_channel_, id);        \
         LGI_CAT(lgi_once_, id); LGI_CAT(lgi_once_, id) = (void **)0)                              \
        for (T name; lgi_chan_recv(LGI_CAT(lgi_channel_, id), LGI_CHAN_TO(channel, &name));)

#define LGI_CHAN_ELEMENT(channel) __typeof__((*(channel))[0])

/* Where the value stands until the call is over. (That a struct is given a struct, and not its first member, is
 * checked by the initialisation that is never made.) */
#define LGI_CHAN_VALUE(channel, value)                                                             \
    ((void)sizeof(__extension__({                                                                  \
         LGI_CHAN_ELEMENT(channel) lgi_of_its_type = value;                                        \
         lgi_of_its_type;                                                                          \
     })),                                                                                          \
     (LGI_CHAN_ELEMENT(channel)[1]){value})

/* `at`, which is checked: in another type's place the element would overwrite what follows. */
#define LGI_CHAN_TO(channel, at)                                                                   \
    ((void)sizeof(struct {                                                                         \
         int lgi_member;                                                                           \
         _Static_assert(_Generic((at), LGI_CHAN_ELEMENT(channel) *: 1, void *: 1, default: 0),     \
                        "write the address of a variable of the element type, or NULL");           \
     }),                                                                                           \
     (at))

#define LGI_CHAN_OF_POINTERS(T) (__builtin_classify_type(*(__typeof__(T) *)0) == 5)

/* The library calls it through this type: any function of one pointer will do. */
#define LGI_CHAN_DROP(T, drop)                                                                     \
    __extension__({                                                                                \
        if (0)                                                                                     \
            (drop)((__typeof__(__builtin_choose_expr(LGI_CHAN_OF_POINTERS(T), *(__typeof__(T) *)0, \
                                                     (__typeof__(T) *)0)))0);                      \
        (void (*)(void *))(void (*)(void))(drop);                                                  \
    })

#endif

LG_BEGIN_DECLS

LG_API void *lgi_chan_make(size_t size, size_t alignment, size_t capacity, void (*drop)(void *),
                           bool of_pointers) __attribute__((__returns_nonnull__));
LG_API void *lgi_chan_keep(void *channel);
LG_API void lgi_chan_send(void *channel, const void *value);
LG_API lg_error *lgi_chan_send_until(void *channel, const void *value, lg_until until)
    __attribute__((__warn_unused_result__));
LG_API bool lgi_chan_try_send(void *channel, const void *value)
    __attribute__((__warn_unused_result__));
LG_API bool lgi_chan_recv(void *channel, void *to);
LG_API lg_error *lgi_chan_recv_until(void *channel, void *to, bool *ok, lg_until until)
    __attribute__((__warn_unused_result__));
LG_API bool lgi_chan_try_recv(void *channel, void *to, bool *ok)
    __attribute__((__warn_unused_result__));

LG_END_DECLS

/* Select: waits for several channels at once, and does one of what can be done.
 *
 *     switch (lg_select(lg_case_recv(jobs, &job, &ok),      // case 0
 *                       lg_case_send(results, result),      // case 1
 *                       lg_case_until(lg_until_timeout(LG_SECOND)))) {
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
    lg_case it = lg_case_until(lg_until_forever());
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
