/* Channels: queues through which goroutines hand each other values of one type, as Go's.
 *
 *     lg_chan(int) results = lg_chan_make(int, 16);     // room for 16; 0: a sender waits for its receiver
 *     lg_defer(lg_chan_drop, results);
 *     lg_go(square, lg_chan_keep(results), 7);          // drops its reference, when it has sent
 *     int result;
 *     while (lg_chan_recv(results, &result))
 *         …                                             // until it is closed and empty
 *
 * `lg_chan(T)` is a type like any other: of variables, members, parameters, results, in all files the same for
 * the same T. It is a pointer, and converts to void * by itself. T is any type that can be assigned (an array goes
 * into a struct), with an alignment of at most 4096.
 *
 * Ownership: a channel is counted. It is made with one reference; lg_chan_keep takes another one, lg_chan_drop
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
LG_API void lg_chan_drop(void *channel);

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
#define lg_chan_keep(channel) ((__typeof__(channel))lgi_chan_keep(channel))

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

#endif
