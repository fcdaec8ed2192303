/* The end of a process of this program by a panic, mostly for lack of memory. The process prints a message and has the exit status
 * EXIT_OURS; another process of the run goes on with the remaining work. */
#ifndef LIFOGUARD_COMMON_FAILED_H
#define LIFOGUARD_COMMON_FAILED_H

#include <lifoguard/go.h>
#include <lifoguard/panic.h>

/* For what lg_call_contained returns: says what has happened, with its stack unless memory is short, and frees the error. */
void failed_say(lg_error *panic);

/* Likewise; then this process ends. NULL: nothing. For goroutines whose panic would end the process anyway. */
void failed_leave(lg_error *panic);

/* Defines FUNCTION_or_leave(type argument): makes the call, and a panic ends this process as failed_leave says. */
#define FAILED_LEAVES(function, type)                                                              \
    static void function##_or_leave(type argument)                                                 \
    {                                                                                              \
        failed_leave(lg_call_contained(function, argument));                                       \
    }

/* Defines, besides, FUNCTION_start(type argument): makes that call in a goroutine. Returns an error if there is no memory for the
 * goroutine. */
#define FAILED_STARTS(function, type)                                                              \
    FAILED_LEAVES(function, type)                                                                  \
    static void function##_begin(type argument)                                                    \
    {                                                                                              \
        lg_go(function##_or_leave, argument);                                                      \
    }                                                                                              \
    static lg_error *function##_start(type argument)                                               \
    {                                                                                              \
        return lg_call_contained(function##_begin, argument);                                      \
    }

#endif
