/* Lines that would do nothing, since each line has a shell of its own: refused, with what to write. */
#ifndef LIFOGUARD_SCRIPT_VAIN_H
#define LIFOGUARD_SCRIPT_VAIN_H

#include <lifoguard/error.h>

/* NULL, or what is wrong with a line whose simple commands all change nothing but their own shell. */
lg_error *vain_line(const char *command);

/* NULL, or what is wrong with a command that has `defer` where a shell would look for a command of that name. */
lg_error *vain_defer(const char *command);

#endif
