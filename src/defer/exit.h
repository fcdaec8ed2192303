/* lg_exit beside the other ways in which a process ends. */
#ifndef LGI_DEFER_EXIT_H
#define LGI_DEFER_EXIT_H

/* lg_exit was called: the process will end by it, or by a panic. */
void lgi_exit_begin(void);

/* The caller's stack has been unwound. */
void lgi_exit_unwound(void);

/* exit(status), unless another thread is in exit already: then that one ends the process with this status. */
void lgi_exit_now(int status) __attribute__((noreturn));

/* In a forked child. */
void lgi_exit_forked(void);

#endif
