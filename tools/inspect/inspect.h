/* `lifoguard inspect`: what a process still has to clean up. */
#ifndef LIFOGUARD_INSPECT_INSPECT_H
#define LIFOGUARD_INSPECT_INSPECT_H

int inspect_command(char **arguments);

#endif
