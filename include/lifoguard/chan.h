/* Channels and select, as in Go: typed queues between goroutines.
 *
 *     lg_chan(int) results = lg_chan_make(int, 16);     // room for 16; 0: a sender waits for a receiver
 *     lg_defer(lg_chan_unref, results);
 *     lg_go(square, lg_chan_ref(results), 7);          // square() unrefs the channel after its send
 *     int result;
 *     while (lg_chan_recv(results, &result))
 *         …                                             // until the channel is closed and empty
 *
 * `lg_chan(T)` is an ordinary type for variables, members, parameters and results, and the same type in all
 * files for the same T. A channel is a pointer and converts to void *. T is any assignable type (none with
 * const; wrap an array in a struct) with an alignment of at most 4096.
 *
 * Ownership: a channel is reference-counted. lg_chan_make returns the first reference, lg_chan_ref takes
 * another, lg_chan_unref gives a reference back, and the last lg_chan_unref frees the channel. A caller must
 * hold a reference during the call, or know that another holder keeps the channel alive. A call touches the
 * channel for the last time before its effect is visible to others, so a goroutine that has received the last
 * element, or has learned that the channel is closed, may give back the last reference at once. An element
 * that was sent belongs to the channel and then to its receiver; an element that was not sent (failure, panic,
 * end of the goroutine) still belongs to the sender. Elements left in the channel when it is freed are passed
 * to the `free` function of lg_chan_make_owned.
 *
 * Order: elements from one goroutine arrive in the order of their sends, and waiting goroutines are served
 * in order of arrival. Everything before a send happens before the end of its receive; everything before a
 * close happens before the receive that reports the close. As in Go, receive number n of a channel with capacity
 * c happens before the end of send number n + c.
 *
 * Waiting: on an open channel, a send waits while there is neither room nor a waiting receiver; a receive waits
 * while there is neither an element nor a waiting sender. With a NULL channel, both wait for ever, as in Go. The
 * `_until` forms stop waiting when `until` comes (until.h, C9); the `try` forms never wait.
 *
 * Panics: sending on a closed channel, also if the channel is closed while the sender waits; closing a
 * channel twice; closing NULL; passing a freed channel or a pointer that is no channel.
 *
 * Select: waits for several channels at once and performs exactly one of the cases.
 *
 *     switch (lg_select(lg_case_recv(jobs, &job, &ok),      // case 0
 *                       lg_case_send(results, result),      // case 1
 *                       lg_case_until(lg_until_timeout(LG_SECOND)))) {
 *     case 0: …
 *     case 1: …
 *     case 2: …
 *     }
 *
 * lg_select returns the index of the performed case, in the order of the arguments, from 0. If several cases are
 * ready, lg_select chooses among them at random with equal probability. The number of cases is not limited. A
 * channel may appear in several cases, for receiving and sending, but a select never sends to itself. A case
 * with a NULL channel is never chosen. A select without cases, or with only such cases, waits for ever. A ready
 * case is performed even if there is a default or a deadline. The default is chosen only if there was a moment at
 * which no other case was ready; a deadline that has passed takes precedence over the default. A select panics if
 * it chooses a send on a closed channel, and if no memory is left for a wait with more than 16 cases; in
 * the latter case no case was performed.
 *
 * Threads: goroutines and all other threads may call every function here.
 */
#ifndef LIFOGUARD_CHAN_H
#define LIFOGUARD_CHAN_H

#include <stdbool.h>
#include <stddef.h>

#include <lifoguard/until.h>

LG_BEGIN_DECLS

/* The error of a receive with a limit from a channel that is closed and empty. */
extern LG_API lg_error lg_error_chan_closed;

/* The functions without an element type accept any channel. */

/* Closes the channel: nothing more may be sent. Receivers get the remaining elements; after these, every waiting and
 * later receive reports the close. Waiting senders panic. */
LG_API void lg_chan_close(void *channel);

/* Gives back a reference; the last one frees the channel, whether closed or not. Does nothing for NULL. Suits
 * lg_defer. Panics if the last reference is given back while another goroutine waits on the channel, since
 * that goroutine waits without a reference. */
LG_API void lg_chan_unref(void *channel);

/* lg_chan_len: the number of elements in the channel, a snapshot. lg_chan_cap: the capacity. Both are 0 for NULL. */
LG_API size_t lg_chan_len(const void *channel);
LG_API size_t lg_chan_cap(const void *channel);

LG_END_DECLS

#ifndef __cplusplus

#include <lifoguard/impl/block.h>
#include <lifoguard/impl/probe.h>
#include <lifoguard/impl/type_names.h>

#if !defined(                                                                                      \
    __clang__) /* With system_header, gcc reports an error in a macro at the place of use, without the expansion. */
#pragma GCC system_header
#endif

#define lg_chan(T) __typeof__(__typeof__(T)(*)[])

// clang-format off: the compilers show every line of a macro with an error

/* lg_chan_make(T, capacity): makes a channel of T with room for `capacity` elements. Never returns NULL: panics if
 * no memory is left, because users of a NULL channel would wait for ever. */
#define lg_chan_make(...)                                                                          \
    LGI_SEVENTH(__VA_ARGS__, LGI_CHAN_MAKE_WRONG, LGI_CHAN_MAKE_WRONG, LGI_CHAN_MAKE_WRONG, LGI_CHAN_MAKE_WRONG, LGI_CHAN_MAKE, LGI_CHAN_MAKE_WRONG, ~)(__VA_ARGS__)

/* lg_chan_make_owned(T, capacity, free): like lg_chan_make, for elements that own resources. The channel calls `free` for
 * each element that nobody has received when the channel is freed, oldest first, and for each element that is received
 * into NULL. If the element is a pointer, `free` gets the element, otherwise a pointer to the element:
 *
 *     lg_chan(char *) lines = lg_chan_make_owned(char *, 8, free);
 *     lg_chan(struct job) jobs = lg_chan_make_owned(struct job, 8, job_clear);    // void job_clear(struct job *) */
#define lg_chan_make_owned(T, capacity, free_)                                                     \
    ((lg_chan(T))lgi_chan_make(LGI_CHAN_SIZE(T), __alignof__(T), (capacity), LGI_CHAN_FREE(T, free_), LGI_CHAN_OF_POINTERS(T)))

/* Takes a reference and returns the channel. NULL for NULL. */
#define lg_chan_ref(channel)                                                                       \
    ((__typeof__(channel))lgi_chan_keep(LGI_CHAN_ONE(LGI_CHAN_ITSELF, channel)))

/* lg_chan_send(channel, value): sends the value. `value` is evaluated once and converted to T as by assignment. */
#define lg_chan_send(channel, ...)                                                                 \
    LGI_EXPRESSION(LGI_CHAN_TWO(LGI_CHAN_SEND, channel, __VA_ARGS__), LGI_ID, #__VA_ARGS__, channel, (__VA_ARGS__))

/* lg_chan_send_until(channel, value, until): like lg_chan_send; returns NULL if the value was sent, otherwise an
 * error, and the value still belongs to the caller. A compound literal of more than eight values stands in parentheses. */
#define lg_chan_send_until(channel, ...)                                                           \
    LGI_USED(LGI_EXPRESSION(LGI_SENDING_(__VA_ARGS__, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_MANY, LGI_SEND_8, LGI_SEND_7, LGI_SEND_6, LGI_SEND_5, LGI_SEND_4, LGI_SEND_3, LGI_SEND_2, LGI_SEND_1, LGI_SEND_NOTHING, ~), LGI_ID, channel, __VA_ARGS__))

/* lg_chan_try_send(channel, value): sends the value and returns true; returns false if the send would have to wait. */
#define lg_chan_try_send(channel, ...)                                                             \
    LGI_SENT(LGI_EXPRESSION(LGI_CHAN_TWO(LGI_CHAN_TRY_SEND, channel, __VA_ARGS__), LGI_ID, #__VA_ARGS__, channel, (__VA_ARGS__)))

/* lg_chan_recv(channel, to): receives an element into *to and returns true. If the channel is closed and empty, zeroes *to
 * and returns false. `to` is a T *, as in all forms that receive, and not a void *; NULL discards the element. */
#define lg_chan_recv(...)                                                                          \
    LGI_EXPRESSION(LGI_SEVENTH(__VA_ARGS__, LGI_CHAN_RECV_WRONG, LGI_CHAN_RECV_WRONG, LGI_CHAN_RECV_WRONG, LGI_CHAN_RECV_WRONG, LGI_CHAN_RECV, LGI_CHAN_RECV_WRONG, ~), LGI_ID, __VA_ARGS__)

/* lg_chan_recv_value(channel): receives an element and returns it, like Go's `value := <-channel`. Returns a zero value if the
 * channel is closed and empty.
 *
 *     int sum = lg_chan_recv_value(left) + lg_chan_recv_value(right); */
#define lg_chan_recv_value(...) LGI_CHAN_ONE(LGI_CHAN_RECV_VALUE, __VA_ARGS__)

/* lg_chan_recv_until(channel, to, until): like lg_chan_recv, with a limit; the result is an lg_error *:
 *
 *     NULL                       an element was received into *to
 *     &lg_error_chan_closed      the channel is closed and empty; *to is zero
 *     the error of `until`       the limit came first (until.h); *to is unchanged */
#define lg_chan_recv_until(...)                                                                    \
    LGI_USED(LGI_EXPRESSION(LGI_SEVENTH(__VA_ARGS__, LGI_CHAN_RECV_UNTIL_WRONG, LGI_CHAN_RECV_UNTIL_WRONG, LGI_CHAN_RECV_UNTIL_WRONG, LGI_CHAN_RECV_UNTIL, LGI_CHAN_RECV_UNTIL_WRONG, LGI_CHAN_RECV_UNTIL_WRONG, ~), LGI_ID, __VA_ARGS__))

/* lg_chan_try_recv(channel, to): like lg_chan_recv_until with lg_until_now(): returns &lg_error_deadline_exceeded if the
 * receive would have to wait. */
#define lg_chan_try_recv(...)                                                                      \
    LGI_USED(LGI_EXPRESSION(LGI_SEVENTH(__VA_ARGS__, LGI_CHAN_TRY_RECV_WRONG, LGI_CHAN_TRY_RECV_WRONG, LGI_CHAN_TRY_RECV_WRONG, LGI_CHAN_TRY_RECV_WRONG, LGI_CHAN_TRY_RECV, LGI_CHAN_TRY_RECV_WRONG, ~), LGI_ID, __VA_ARGS__))

/* lg_chan_each (channel, T, name) { … }: receives into a new variable `T name` until the channel is closed and
 * empty, like Go's `for name := range`. `channel` is evaluated once; break and continue work as in any loop.
 *
 *     lg_chan_each (jobs, struct job, job) {
 *         …
 *     } */
#define lg_chan_each(...)                                                                          \
    LGI_SEVENTH(__VA_ARGS__, LGI_CHAN_EACH_WRONG, LGI_CHAN_EACH_WRONG, LGI_CHAN_EACH_WRONG, LGI_CHAN_EACH, LGI_CHAN_EACH_WRONG, LGI_CHAN_EACH_WRONG, ~)(__VA_ARGS__)

// clang-format on

/* ---- internal: the expansions of the macros ------------------------------------------------------ */

// clang-format off: the compilers show every line of a macro with an error

/* ---- checks */

#define LGI_CHAN_TEXT "what stands first is no channel: write the channel itself, not its address, and then the rest"
#define LGI_CHAN_TO_TEXT "write the address of a variable of the element type, or NULL"
/* NULL itself, and not a variable of type void *. (Beside a null pointer constant, an operand keeps its type.) */
#define LGI_IS_NULL(at) _Generic(1 ? __builtin_choose_expr(_Generic((at), void *: 1, default: 0), (at), (void *)0) : (int *)0, int *: 1, default: 0)
#define LGI_CHAN_EACH_TEXT "write lg_chan_each (channel, type, name), with the type of the elements"
#define LGI_CHAN_VALUE_TEXT "no value: write the channel, and then the value (of a struct: (struct type){...}, or a variable)"
#define LGI_CHAN_UNTIL_TEXT "the limit is an lg_until: write lg_until_timeout(duration), lg_until_deadline(time), lg_until_context(ctx) or the like"
LGI_DEMANDED(lgi_demand_channel, LGI_CHAN_TEXT)
LGI_DEMANDED(lgi_demand_value, LGI_CHAN_VALUE_TEXT)
LGI_DEMANDED(lgi_demand_until, LGI_CHAN_UNTIL_TEXT)
LGI_DEMANDED(lgi_demand_destination, LGI_CHAN_TO_TEXT)
LGI_DEMANDED(lgi_demand_each, LGI_CHAN_EACH_TEXT)

/* Whether the type is that of a channel, a pointer to an array. (An array decays to a pointer, which is another type; a pointer to a
 * channel stays what it is.) A type in place of the channel is let into here too. */
#define LGI_CHAN_AT(T)                                                                             \
    _Generic(*(T *)0, void *: (char *)0, const void *: (char *)0,                                  \
             default: __builtin_choose_expr(__builtin_classify_type(*(T *)0) == 5, *(T *)0, (char *)0))
#define LGI_CHAN_IS(T)                                                                             \
    (__builtin_classify_type(*LGI_CHAN_AT(T)) == 5 &&                                              \
     !__builtin_types_compatible_p(__typeof__(((void)0, *LGI_CHAN_AT(T))), __typeof__(*LGI_CHAN_AT(T))))

/* At the head of an expression: the types of the channel and of its elements. What is no channel has elements of int. */
#define LGI_CHAN_TYPES(id, channel)                                                                \
    typedef __typeof__(channel) lgi_channel_##id;                                                  \
    enum { lgi_right_##id = LGI_CHAN_IS(lgi_channel_##id) };                                       \
    typedef __typeof__((*__builtin_choose_expr(lgi_right_##id, *(lgi_channel_##id *)0, (int (*)[])0))[0]) lgi_element_##id;
#define LGI_CHAN_CHECKED(id, channel)                                                              \
    LGI_CHAN_TYPES(id, channel)                                                                    \
    LGI_DEMAND(lgi_demand_channel, lgi_right_##id, LGI_CHAN_TEXT)

#define LGI_CHAN_PASSED(id, channel) __builtin_choose_expr(lgi_right_##id, (channel), (void *)0)
#define LGI_CHAN_UNTIL(until) __builtin_choose_expr(_Generic((until), lg_until: 1, default: 0), (until), lg_until_now())

/* The functions that take any channel, for a call of their names: refuses the address of a channel, which would go for a void
 * pointer. */
#define LGI_CHAN_ITSELF(id, channel)                                                               \
    (__extension__({                                                                               \
         typedef __typeof__(channel) lgi_channel_##id;                                             \
         LGI_DEMAND(lgi_demand_channel,                                                            \
                    _Generic(*(lgi_channel_##id *)0, LGI_NULLPTR(1) void *: 1, const void *: 1, default: LGI_CHAN_IS(lgi_channel_##id)),\
                    LGI_CHAN_TEXT)                                                                 \
     }), (channel))
/* A form of a channel and nothing else. (clang says enough by itself.) */
#if defined(__clang__)
#define LGI_CHAN_ONE(form, ...) LGI_EXPRESSION(form, LGI_ID, __VA_ARGS__)
#else
#define LGI_CHAN_ONE(form, ...) LGI_EXPRESSION(LGI_IF_GIVEN(form, LGI_CHAN_NONE, __VA_ARGS__), LGI_ID, __VA_ARGS__)
#endif
#define LGI_CHAN_NONE(...) __extension__({ _Static_assert(0, "the channel is missing: write it between the parentheses"); 0; })
#define lg_chan_close(...) lg_chan_close(LGI_CHAN_ONE(LGI_CHAN_ITSELF, __VA_ARGS__))
#define lg_chan_unref(...) lg_chan_unref(LGI_CHAN_ONE(LGI_CHAN_ITSELF, __VA_ARGS__))
#define lg_chan_len(...) lg_chan_len(LGI_CHAN_ONE(LGI_CHAN_ITSELF, __VA_ARGS__))
#define lg_chan_cap(...) lg_chan_cap(LGI_CHAN_ONE(LGI_CHAN_ITSELF, __VA_ARGS__))

/* What ends in _WRONG stands for a use with the wrong number of arguments. */

/* ---- making */

#define LGI_CHAN_MAKE(T, capacity) ((lg_chan(T))lgi_chan_make(LGI_CHAN_SIZE(T), __alignof__(T), (capacity), (void (*)(void *))0, false))
/* (Beside a void pointer, the other operand leaves the result its qualifiers.) */
#define LGI_CHAN_SIZE(T)                                                                           \
    LGI_ASSERTED(lgi_demand_assignable, _Generic(1 ? (__typeof__(T) *)0 : (void *)sizeof(int), void *: 1, default: 0), LGI_CHAN_CONST_TEXT, sizeof(T))
#define LGI_CHAN_CONST_TEXT "elements are assigned: write the type of the elements without const, lg_chan(T)"
LGI_DEMANDED(lgi_demand_assignable, LGI_CHAN_CONST_TEXT)
#define LGI_CHAN_MAKE_WRONG(...) __extension__({ _Static_assert(0, "write lg_chan_make(type, capacity)"); (void *)0; })
/* ---- sending: the value is a variable during the call */

/* (clang refuses a value of another type without being asked.) */
#if defined(__clang__)
#define LGI_STRICT
#define LGI_POP_STRICT
#else
#define LGI_STRICT LGI_PUSH _Pragma("GCC diagnostic error \"-Wint-conversion\"") _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")
#define LGI_POP_STRICT LGI_POP
#endif
#define LGI_CHAN_SEND(id, text, channel, value)                                                    \
    __extension__({ LGI_CHAN_VALUED(id, text, channel) LGI_STRICT lgi_element_##id const lgi_value_##id = value; LGI_POP_STRICT lgi_chan_send(LGI_CHAN_PASSED(id, channel), &lgi_value_##id); })
#define LGI_CHAN_TRY_SEND(id, text, channel, value)                                                \
    __extension__({ LGI_CHAN_VALUED(id, text, channel) LGI_STRICT lgi_element_##id const lgi_value_##id = value; LGI_POP_STRICT lgi_chan_try_send(LGI_CHAN_PASSED(id, channel), &lgi_value_##id); })
/* (clang shows each macro between the use and an error, and ends with the demand.) */
#if defined(__clang__)
#define LGI_CHAN_TWO(form, channel, ...) form
#else
#define LGI_CHAN_TWO(form, channel, ...) LGI_IF_GIVEN(LGI_IF_GIVEN_TOO(form, LGI_CHAN_VALUELESS, __VA_ARGS__), LGI_CHAN_VALUELESS, channel)
#endif
#define LGI_CHAN_VALUELESS(...) __extension__({ _Static_assert(0, LGI_CHAN_VALUE_TEXT); (bool)0; })
#define LGI_CHAN_VALUED(id, text, channel)                                                         \
    LGI_CHAN_CHECKED(id, channel)                                                                  \
    LGI_DEMAND(lgi_demand_value, sizeof(text) > 1 && !LGI_IS_BLOCK(text), LGI_CHAN_VALUE_TEXT)

/* The limit is the last argument, and the value is all before it: the commas of (struct job){.id = 1, .size = 2} count as others. */
#define LGI_SENDING_(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, picked, ...) picked
#define LGI_SEND_MANY(...) __extension__({ _Static_assert(0, "a compound literal of more than eight values stands in parentheses"); (lg_error *)0; })
#define LGI_SEND_NOTHING(...) __extension__({ _Static_assert(0, "write the channel, the value and the limit: lg_chan_send_until(channel, value, until)"); (lg_error *)0; })
#define LGI_SEND(id, channel, value, until)                                                        \
    __extension__({                                                                                \
        LGI_CHAN_CHECKED(id, channel) LGI_CHAN_LIMITED(until)                                      \
        LGI_STRICT lgi_element_##id const lgi_value_##id = value; LGI_POP_STRICT                                             \
        lgi_chan_send_until(LGI_CHAN_PASSED(id, channel), &lgi_value_##id, LGI_CHAN_UNTIL(until));                                  \
    })
#define LGI_CHAN_LIMITED(until)                                                                    \
    LGI_DEMAND(lgi_demand_until, _Generic((until), lg_until: 1, default: 0), LGI_CHAN_UNTIL_TEXT)
#define LGI_SEND_1(id, channel, a, until) LGI_SEND(id, channel, (a), until)
#define LGI_SEND_2(id, channel, a, b, until) LGI_SEND(id, channel, (a, b), until)
#define LGI_SEND_3(id, channel, a, b, c, until) LGI_SEND(id, channel, (a, b, c), until)
#define LGI_SEND_4(id, channel, a, b, c, d, until) LGI_SEND(id, channel, (a, b, c, d), until)
#define LGI_SEND_5(id, channel, a, b, c, d, e, until) LGI_SEND(id, channel, (a, b, c, d, e), until)
#define LGI_SEND_6(id, channel, a, b, c, d, e, f, until) LGI_SEND(id, channel, (a, b, c, d, e, f), until)
#define LGI_SEND_7(id, channel, a, b, c, d, e, f, g, until) LGI_SEND(id, channel, (a, b, c, d, e, f, g), until)
#define LGI_SEND_8(id, channel, a, b, c, d, e, f, g, h, until) LGI_SEND(id, channel, (a, b, c, d, e, f, g, h), until)

/* ---- receiving: with another type the element would overwrite the memory behind *at */

#define LGI_CHAN_DESTINED(id, channel, at)                                                         \
    LGI_CHAN_CHECKED(id, channel)                                                                  \
    enum { lgi_fits_##id = _Generic((at), LGI_NULLPTR(1) lgi_element_##id *: 1, void *: LGI_IS_NULL(at), default: 0) };\
    LGI_DEMAND(lgi_demand_destination, !lgi_right_##id || lgi_fits_##id, LGI_CHAN_TO_TEXT)
#define LGI_CHAN_INTO(id, at) __builtin_choose_expr(lgi_fits_##id, (at), (void *)0)
#define LGI_CHAN_RECV(id, channel, to) __extension__({ LGI_CHAN_DESTINED(id, channel, to) lgi_chan_recv(LGI_CHAN_PASSED(id, channel), LGI_CHAN_INTO(id, to)); })
#define LGI_CHAN_RECV_WRONG(...) __extension__({ _Static_assert(0, "write lg_chan_recv(channel, &variable), with NULL to discard the element"); (bool)0; })
#define LGI_CHAN_TRY_RECV(id, channel, to) __extension__({ LGI_CHAN_DESTINED(id, channel, to) lgi_chan_try_recv(LGI_CHAN_PASSED(id, channel), LGI_CHAN_INTO(id, to)); })
#define LGI_CHAN_TRY_RECV_WRONG(...) __extension__({ _Static_assert(0, "write lg_chan_try_recv(channel, &variable), with NULL to discard the element"); (lg_error *)0; })
#define LGI_CHAN_RECV_UNTIL(id, channel, to, until) __extension__({ LGI_CHAN_DESTINED(id, channel, to) LGI_CHAN_LIMITED(until) lgi_chan_recv_until(LGI_CHAN_PASSED(id, channel), LGI_CHAN_INTO(id, to), LGI_CHAN_UNTIL(until)); })
#define LGI_CHAN_RECV_UNTIL_WRONG(...) __extension__({ _Static_assert(0, "write lg_chan_recv_until(channel, &variable, until)"); (lg_error *)0; })
#define LGI_CHAN_RECV_VALUE(id, channel)                                                           \
    __extension__({                                                                                \
        LGI_CHAN_CHECKED(id, channel)                                                              \
        lgi_element_##id lgi_value_##id;                                                           \
        lgi_chan_recv(LGI_CHAN_PASSED(id, channel), &lgi_value_##id);                                                 \
        lgi_value_##id;                                                                            \
    })

/* (The channel is followed by + 0, so that a type in its place is a cast, and no second error.) */
#define LGI_CHAN_EACH(channel, T, name) LGI_IF_TYPE(name, LGI_CHAN_EACH_WRONG, LGI_CHAN_EACH_COUNTED)(channel, T, name)
#define LGI_CHAN_EACH_COUNTED(channel, T, name)                                                    \
    LGI_COUNTING LGI_NUMBERED(LGI_CHAN_EACH_OF, __COUNTER__, channel, T, name)
#define LGI_CHAN_EACH_OF(id, channel, T, name)                                                     \
    for (void *lgi_channel_##id = __extension__({                                                  \
             LGI_CHAN_TYPES(id, channel)                                                           \
             LGI_DEMAND(lgi_demand_each, lgi_right_##id, LGI_CHAN_EACH_TEXT)         \
             LGI_DEMAND(lgi_demand_each, __builtin_choose_expr(lgi_right_##id, _Generic((__typeof__(T) *)0, lgi_element_##id *: 1, default: 0), 1), LGI_CHAN_EACH_TEXT)\
             (char *)(channel) + 0;                                                                \
         }), **lgi_once_##id = &lgi_channel_##id; lgi_once_##id; lgi_once_##id = (void **)0)       \
        for (__typeof__(T) name; lgi_chan_recv(lgi_channel_##id, &name);)
#define LGI_CHAN_EACH_WRONG(...) __extension__({ LGI_DEMAND(lgi_demand_each, 0, LGI_CHAN_EACH_TEXT) });

/* ---- in the cases of a select, whose values live until the select has returned */

#define LGI_CHAN_ELEMENT(channel) __typeof__((*(channel))[0])
/* (The initialisation inside sizeof, which is never executed, checks that a struct is initialised by a struct, not by its first
 * member.) */
#define LGI_CHAN_VALUE(channel, value)                                                             \
    ((void)sizeof(__extension__({                                                                  \
         LGI_CHAN_ELEMENT(channel) lgi_of_its_type = value;                                        \
         lgi_of_its_type;                                                                          \
     })),                                                                                          \
     (LGI_CHAN_ELEMENT(channel)[1]){value})
#define LGI_CHAN_TO(channel, at)                                                                   \
    ((void)sizeof(struct { int lgi_member; _Static_assert(LGI_CHAN_FITS(channel, at), LGI_CHAN_TO_TEXT); }),\
     __builtin_choose_expr(LGI_CHAN_FITS(channel, at), (at), (void *)0))
#define LGI_CHAN_FITS(channel, at) _Generic((at), LGI_NULLPTR(1) LGI_CHAN_ELEMENT(channel) *: 1, void *: LGI_IS_NULL(at), default: 0)

// clang-format on

#define LGI_CHAN_OF_POINTERS(T) (__builtin_classify_type(*(__typeof__(T) *)0) == 5)

/* The library calls `free` through this type; any function of one pointer is accepted. */
#define LGI_CHAN_FREE(T, free_)                                                                    \
    __extension__({                                                                                \
        if (0)                                                                                     \
            (free_)((__typeof__(__builtin_choose_expr(                                             \
                LGI_CHAN_OF_POINTERS(T), *(__typeof__(T) *)0, (__typeof__(T) *)0)))0);             \
        (void (*)(void *))(void (*)(void))(free_);                                                 \
    })

#endif

LG_BEGIN_DECLS

LG_API void *lgi_chan_make(size_t size, size_t alignment, size_t capacity, void (*free_)(void *),
                           bool of_pointers) __attribute__((__returns_nonnull__));
LG_API void *lgi_chan_keep(void *channel);
LG_API void lgi_chan_send(void *channel, const void *value);
LG_API lg_error *lgi_chan_send_until(void *channel, const void *value, lg_until until)
    __attribute__((__warn_unused_result__));
LG_API bool lgi_chan_try_send(void *channel, const void *value)
    __attribute__((__warn_unused_result__));
LG_API bool lgi_chan_recv(void *channel, void *to);
LG_API lg_error *lgi_chan_recv_until(void *channel, void *to, lg_until until)
    __attribute__((__warn_unused_result__));
LG_API lg_error *lgi_chan_try_recv(void *channel, void *to) __attribute__((__warn_unused_result__));

LG_END_DECLS

/* ---- select --------------------------------------------------------------------------------------- */

LG_BEGIN_DECLS

struct lgi_case_value {
    void *at; /* NULL: the element is discarded */
    bool *ok; /* may be NULL */
};

/* The channel stands first in a case, as a pointer to a type that nothing else points to: in place of a case of lg_select, a
 * bool or an error would otherwise set the first member, and nobody would be told. */
typedef struct lg_case {
    struct a_case_is_lg_case_recv_or_lg_case_send_or_the_like *lgi_channel;
    int lgi_kind;
    union {
        struct lgi_case_value lgi_value;
        lg_until lgi_until;
    };
} lg_case;

/* lg_select for an array of cases. Returns the index of the case that was performed. */
LG_API size_t lg_select_n(const lg_case *cases, size_t count);

enum {
    LGI_CASE_NEVER,
    LGI_CASE_RECV,
    LGI_CASE_SEND,
    LGI_CASE_DONE,
    LGI_CASE_UNTIL,
    LGI_CASE_DEFAULT
};

/* (Sets every member, so that gcc does not first clear the array of cases, which takes longer than all the rest.) */
static inline lg_case lgi_case(int kind, void *channel, void *at, bool *ok)
{
    lg_case it;
    it.lgi_kind = kind;
    it.lgi_channel = (struct a_case_is_lg_case_recv_or_lg_case_send_or_the_like *)channel;
    it.lgi_value.at = at;
    it.lgi_value.ok = ok;
    return it;
}

/* A case that is chosen when the deadline of `until` comes, or when its context or group is cancelled. */
static inline lg_case lg_case_until(lg_until until)
{
    lg_case it;
    it.lgi_kind = LGI_CASE_UNTIL;
    it.lgi_channel = (struct a_case_is_lg_case_recv_or_lg_case_send_or_the_like *)0;
    it.lgi_until = until;
    return it;
}

/* A case that is chosen when `done` happens; it takes part in the random choice as a receive does. */
static inline lg_case lgi_case_done(struct lgi_done *done)
{
    lg_case it = lg_case_until(lg_until_forever());
    it.lgi_kind = done ? LGI_CASE_DONE : LGI_CASE_NEVER;
    it.lgi_until.lgi_done = done;
    return it;
}

LG_END_DECLS

#ifndef __cplusplus

/* lg_select(cases…). Evaluates the arguments of all cases once, before any other step, also of cases that are not
 * chosen. (Go evaluates them in order; C leaves the order open.) */
#define lg_select(...)                                                                             \
    __extension__({                                                                                \
        enum { lg_case_send_stands_only_in_lg_select__else_write_lg_case_send_from };              \
        LGI_PUSH                                                                                   \
        _Pragma("GCC diagnostic error \"-Wint-conversion\"")                                       \
            _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")                       \
                const lg_case lgi_cases[] = {LGI_CASE_NONE, __VA_ARGS__};                          \
        LGI_POP                                                                                    \
        lg_select_n(lgi_cases + 1, sizeof(lgi_cases) / sizeof(lg_case) - 1);                       \
    })
/* A first case that is never chosen, so that lg_select() without arguments compiles. */
#define LGI_CASE_NONE lgi_case(LGI_CASE_NEVER, (void *)0, (void *)0, (bool *)0)

/* lg_case_recv(channel, to, ok): a case that receives into *to; `to` may be NULL. *ok, a bool, is set to false if the
 * channel is closed and empty, otherwise to true; `ok` may be NULL. */
#if defined(__clang__)
#define lg_case_recv(channel, to, ok) LGI_CASE_RECV_OF(channel, to, ok)
#else
#define lg_case_recv(...)                                                                          \
    LGI_SEVENTH(__VA_ARGS__, LGI_CASE_RECV_WRONG, LGI_CASE_RECV_WRONG, LGI_CASE_RECV_WRONG,        \
                LGI_CASE_RECV_OF, LGI_CASE_RECV_WRONG, LGI_CASE_RECV_WRONG, ~)(__VA_ARGS__)
#endif
/* (clang shows the definition if an argument is missing, and each macro between.) */
#define LGI_CASE_RECV_OF(channel, to, ok)                                                          \
    lgi_case(LGI_CASE_RECV, (channel), LGI_CHAN_TO(channel, to), (ok))
#define LGI_CASE_RECV_WRONG(...)                                                                   \
    __extension__({                                                                                \
        _Static_assert(                                                                            \
            0, "write lg_case_recv(channel, &variable, &open): the last, a bool, may be NULL");    \
        LGI_CASE_NONE;                                                                             \
    })

/* lg_case_send(channel, value): a case that sends the value. Compiles only as an argument of lg_select, because the
 * value lives only until lg_select returns. */
#define lg_case_send(channel, ...)                                                                 \
    lgi_case(LGI_CASE_SEND + lg_case_send_stands_only_in_lg_select__else_write_lg_case_send_from,  \
             (channel), LGI_CHAN_VALUE(channel, (__VA_ARGS__)), (bool *)0)
/* (An enumerator 0. Outside of lg_select, compilers print its name in the error message.) */

/* lg_case_send_from(channel, from): a case that sends *from, an object of the channel's element type. For arrays of
 * cases for lg_select_n: *from must stay alive until lg_select_n returns. */
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

/* The case that is chosen if no other case is ready. */
#define lg_case_default lgi_case(LGI_CASE_DEFAULT, (void *)0, (void *)0, (bool *)0)

#endif

#endif
