/* lg_exit, for the goroutines that still run: it ends them from outside. */
#ifndef LGI_INSPECT_EXIT_H
#define LGI_INSPECT_EXIT_H

/* Once, before the first goroutine: connects this file with the ends of stacks. */
void lgi_exit_connect(void);

#endif
