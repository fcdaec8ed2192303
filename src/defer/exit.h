/* lg_exit beside the other ways in which a process ends. */
#ifndef LGI_DEFER_EXIT_H
#define LGI_DEFER_EXIT_H

#include <stdbool.h>

/* The part of a thread or goroutine in the end of the process. */
struct lgi_exit_part {
    bool calls_lg_exit; /* which another ending of the goroutine may have replaced */
    bool ends;          /* it is the one that ends the process */
    bool has_waited;    /* in exit, for the lg_exit of another */
};

/* lg_exit was called: the process will end by it, or by a panic. */
void lgi_exit_begin(void);

/* The caller's stack has been unwound. */
void lgi_exit_unwound(void);

/* exit(status), unless another thread is in exit already: then that one ends the process with this status. */
void lgi_exit_now(int status) __attribute__((noreturn));

/* Is the caller in the exit that ends the process? So it is a function that exit calls. */
bool lgi_exit_is_here(void);

/* A goexit has reached the end of the caller's stack. In a function that the exit of lg_exit calls, it ends only that
 * function: nobody else would end the process. */
void lgi_exit_goes_on(void);

/* In a forked child. */
void lgi_exit_forked(void);

#endif
